//! What the master itself answers.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::oneshot;

use super::Level;
use super::parse::words;
use super::session::{Next, Session};
use crate::supervisor::{Event, ProcessTable, Request};

/// Listed by `help`, in HAProxy's order.
const HELP: &[(&str, &str)] = &[
    ("@!<pid>", "send a command to the <pid> process"),
    ("@<relative pid>", "send a command to the <relative pid> process"),
    ("@master", "send a command to the master process"),
    ("echo <text>", "print text to the output"),
    ("hard-reload", "achieve a hard-reload (-st) of haproxy"),
    ("operator", "lower the level of the current CLI session to operator"),
    ("reload", "achieve a soft-reload (-sf) of haproxy"),
    ("show cli level", "display the level of the current CLI session"),
    ("show cli sockets", "dump list of cli sockets"),
    ("show env [var]", "dump environment variables known to the process"),
    ("show proc", "show processes status"),
    ("show startup-logs", "report logs emitted during HAProxy startup"),
    ("show version", "show version of the current process"),
    ("user", "lower the level of the current CLI session to user"),
    ("help [<command>]", "list matching or all commands"),
    ("prompt [help | n | i | p | timed ]*", "toggle interactive mode with prompt"),
    ("quit", "disconnect"),
];

/// Runs one command; its answer ends with an empty line.
pub async fn run<S: AsyncWrite>(
    session: &mut Session,
    text: &str,
    output: &mut WriteHalf<S>,
) -> io::Result<Next> {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut next = Next::Continue;
    let answer = match words.as_slice() {
        ["quit", ..] => return Ok(Next::Close),
        ["prompt", rest @ ..] => {
            prompt(session, rest);
            return Ok(Next::Continue);
        }
        ["show", "proc", rest @ ..] => match session.processes().await {
            Some(table) => show_proc(&table, &session.options.version, rest.first() == Some(&"debug")),
            None => return Ok(Next::Close),
        },
        ["show", "version", ..] => format!("{}\n", session.options.version),
        ["show", "startup-logs", ..] => startup_logs(session).await,
        ["show", "cli", "level", ..] => format!("{}\n", session.level.as_str()),
        ["show", "cli", "sockets", ..] => String::new(),
        ["show", "env", rest @ ..] => show_env(session, rest.first().copied()).await,
        ["echo", rest @ ..] => format!("{}\n", rest.join(" ")),
        ["help", rest @ ..] => help(rest),
        [word @ ("operator" | "user"), ..] => {
            session.level = session.level.min(Level::parse(word).unwrap_or(Level::User));
            return Ok(Next::Continue);
        }
        ["expert-mode", rest @ ..] => return Ok(switch(rest, &mut session.expert)),
        ["experimental-mode", rest @ ..] => return Ok(switch(rest, &mut session.experimental)),
        ["mcli-debug-mode", rest @ ..] => return Ok(switch(rest, &mut session.debug)),
        ["reload" | "hard-reload", ..] if session.level < Level::Operator => {
            "Permission denied\n".to_string()
        }
        [word @ ("reload" | "hard-reload"), ..] => {
            next = Next::Close;
            reload(session, *word == "hard-reload").await
        }
        _ => unknown(words.first().copied().unwrap_or_default()),
    };
    output.write_all(answer.as_bytes()).await?;
    output.write_all(b"\n").await?;
    Ok(next)
}

/// `0d00h01m32s`
pub fn uptime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{days}d{:02}h{:02}m{:02}s", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `0:01:32:05`, as a timed prompt shows it.
pub fn clock(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{days}:{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The table of `show proc`. Clients take "worker" with its own reload number as the sign that a reload took effect,
/// so the processes of the plan in force are shown as one worker.
fn show_proc(table: &ProcessTable, version: &str, debug: bool) -> String {
    let mut text = format!(
        "{:<15} {:<15} {:<15} {:<15} {:<15}\n",
        "#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"
    );
    let mut row = |pid: u32, kind: &str, reloads: String, seconds: u64| {
        text.push_str(&format!("{pid:<15} {kind:<15} {reloads:<15} {:<15} {version:<15}\n", uptime(seconds)));
    };
    row(table.master, "master", format!("{} [failed: {}]", table.reloads, table.failed), table.uptime_s);
    let mut rows = String::new();
    std::mem::swap(&mut rows, &mut text);
    rows.push_str("# workers\n");
    let mut row = |pid: u32, kind: &str, reloads: u32, seconds: u64| {
        rows.push_str(&format!("{pid:<15} {kind:<15} {reloads:<15} {:<15} {version:<15}\n", uptime(seconds)));
    };
    if let Some(pid) = table.worker {
        row(pid, "worker", table.failed, table.worker_uptime_s);
    }
    if debug {
        rows.push_str("# processes\n");
        for (role, pid, seconds) in &table.processes {
            rows.push_str(&format!(
                "{pid:<15} {role:<15} {:<15} {:<15} {version:<15}\n",
                "",
                uptime(*seconds)
            ));
        }
    }
    if !table.leaving.is_empty() {
        rows.push_str("# old workers\n");
        for (pid, seconds) in &table.leaving {
            rows.push_str(&format!(
                "{pid:<15} {:<15} {:<15} {:<15} {version:<15}\n",
                "worker",
                1,
                uptime(*seconds)
            ));
        }
    }
    rows
}

async fn reload(session: &mut Session, hard: bool) -> String {
    let (answer, outcome) = oneshot::channel();
    let asked = session.events.send(Event::Asked(Request::Reload { hard, answer }));
    match (asked, outcome.await) {
        (Ok(()), Ok(outcome)) => {
            session.set_reload_failed(!outcome.success);
            format!("Success={}\n--\n{}", u8::from(outcome.success), outcome.log)
        }
        _ => "Success=0\n--\n".to_string(),
    }
}

async fn startup_logs(session: &Session) -> String {
    let (answer, logs) = oneshot::channel();
    match session.events.send(Event::Asked(Request::StartupLogs(answer))) {
        Ok(()) => logs.await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}

async fn show_env(session: &Session, wanted: Option<&str>) -> String {
    let (answer, known) = oneshot::channel();
    let asked = session.events.send(Event::Asked(Request::Environment(answer)));
    let known = if asked.is_ok() { known.await.unwrap_or_default() } else { Vec::new() };
    let shown = known.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == name));
    let text: String = shown.map(|(name, value)| format!("{name}={value}\n")).collect();
    if text.is_empty() && wanted.is_some() { "Variable not found\n".to_string() } else { text }
}

/// `prompt` toggles; `n` no prompt and not interactive, `i` interactive, `p` with a prompt, `timed` toggles the time.
fn prompt(session: &mut Session, words: &[&str]) {
    match words.first().copied() {
        None => session.prompt = !session.prompt,
        Some("n") => session.prompt = false,
        Some("i" | "p") => session.prompt = true,
        Some("timed") => {
            session.timed = !session.timed;
            session.prompt = true;
        }
        Some(_) => {}
    }
}

/// Says nothing, as HAProxy does.
fn switch(words: &[&str], flag: &mut bool) -> Next {
    match words.first().copied() {
        Some("on") => *flag = true,
        Some("off") => *flag = false,
        _ => {}
    }
    Next::Continue
}

fn help(words: &[&str]) -> String {
    let wanted = words.join(" ");
    let listed = HELP.iter().filter(|(usage, _)| usage.starts_with(&wanted) || is_always_listed(usage));
    format!("The following commands are valid at this level:\n{}", listing(listed))
}

/// Commands that begin with the word, else those that look like it.
fn unknown(word: &str) -> String {
    let begins = |usage: &str| !word.is_empty() && usage.starts_with(word);
    let any = HELP.iter().any(|(usage, _)| begins(usage));
    let near = |usage: &str| {
        let name = usage.split(' ').next().unwrap_or_default();
        let shared = name.bytes().filter(|byte| word.as_bytes().contains(byte)).count();
        shared * 2 >= name.len().max(1)
    };
    let listed = HELP
        .iter()
        .filter(|(usage, _)| is_always_listed(usage) || if any { begins(usage) } else { near(usage) });
    format!(
        "Unknown command: '{word}', but maybe one of the following ones is a better match:\n{}",
        listing(listed)
    )
}

fn is_always_listed(usage: &str) -> bool {
    ["help", "prompt", "quit"].iter().any(|name| usage.starts_with(name))
}

fn listing<'a>(rows: impl Iterator<Item = &'a (&'a str, &'a str)>) -> String {
    rows.map(|(usage, text)| format!("  {usage:<39} : {text}\n")).collect()
}

#[cfg(test)]
mod tests;
