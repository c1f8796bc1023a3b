//! The runtime command line on a unix socket: one command, its whole reply, and the filters a script puts on it.

use crate::connection::DEADLINE;
use crate::step::CliStep;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Sends one command to `cli.sock` in `dir` and returns everything up to the end of the connection. The socket may
/// appear late.
pub fn ask(dir: &Path, command: &str) -> std::io::Result<String> {
    let deadline = Instant::now() + DEADLINE;
    let mut socket = loop {
        match UnixStream::connect(dir.join("cli.sock")) {
            Ok(socket) => break socket,
            Err(e) if Instant::now() > deadline => return Err(e),
            // The program announces its socket to nobody; looking again is the only way to learn of it.
            Err(_) => std::thread::park_timeout(Duration::from_millis(5)),
        }
    };
    socket.set_read_timeout(Some(DEADLINE))?;
    socket.write_all(
        format!("{}\n", command.replace("\\n", "\n").replace("<dir>", &dir.to_string_lossy())).as_bytes(),
    )?;
    let mut reply = Vec::new();
    socket.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// Applies a step's column and line filters to a reply.
pub fn filter(step: &CliStep, reply: &str) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = reply.lines().map(|l| l.trim_end().to_string()).collect();
    while lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    if !step.columns.is_empty() {
        lines = columns(&step.columns, &lines)?;
    }
    if let Some(pattern) = &step.lines {
        let pattern = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
        lines.retain(|l| pattern.is_match(l));
    }
    Ok(lines)
}

/// Picks named columns out of a table whose header begins with `#`, separated by commas or spaces.
fn columns(wanted: &[String], lines: &[String]) -> Result<Vec<String>, String> {
    let start = lines.iter().position(|l| l.starts_with("# ")).ok_or("the reply has no table")?;
    let separator = if lines[start].contains(',') { ',' } else { ' ' };
    let header: Vec<&str> = lines[start][2..].split(separator).collect();
    let picked: Result<Vec<usize>, String> = wanted
        .iter()
        .map(|w| header.iter().position(|h| h == w).ok_or(format!("no column {w} in {header:?}")))
        .collect();
    let picked = picked?;
    Ok(lines[start + 1..]
        .iter()
        .map(|line| {
            let fields: Vec<&str> = line.split(separator).collect();
            let cells: Vec<String> = picked
                .iter()
                .zip(wanted)
                .map(|(at, name)| format!("{name}={}", fields.get(*at).unwrap_or(&"?")))
                .collect();
            cells.join(" ")
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_columns_by_name_in_both_layouts() {
        let step = CliStep {
            command: String::new(),
            columns: vec!["svname".into(), "stot".into()],
            lines: Some("svname=[^ ]*1".into()),
        };
        let csv = "# pxname,svname,stot,\nfe,FRONTEND,3,\nbe,s1,2,\n\n";
        assert_eq!(filter(&step, csv).unwrap(), ["svname=s1 stot=2"]);
        let spaced = "1\n# pxname svname stot\nbe s1 2\n";
        assert_eq!(filter(&step, spaced).unwrap(), ["svname=s1 stot=2"]);
    }

    #[test]
    fn a_missing_column_is_an_error() {
        let step = CliStep { command: String::new(), columns: vec!["nope".into()], lines: None };
        assert!(filter(&step, "# a,b\n1,2\n").is_err());
    }
}
