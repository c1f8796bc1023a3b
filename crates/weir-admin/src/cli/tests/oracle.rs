//! Commands and replies of HAProxy 3.4 (`oracle/runtime/worker.txt`), played in their order.

use crate::cli::lab::{checked_lab, shared};
use crate::cli::{COMMANDS, Scope};

/// Commands and replies, in their order.
fn recorded() -> Option<Vec<(String, String)>> {
    let text = shared("oracle/runtime/worker.txt")?;
    let parts = text.split("\n>>> ").map(|part| part.strip_prefix(">>> ").unwrap_or(part));
    Some(
        parts
            .filter_map(|part| part.split_once('\n'))
            .map(|(command, reply)| (command.to_owned(), reply.trim_matches('\n').to_owned()))
            .collect(),
    )
}

/// Commands whose recorded reply holds for the configuration at hand, to the letter.
const EXACT: &[&str] = &[
    "show version",
    "show schema json",
    "show env HOME",
    "show cli level",
    "show servers state be",
    "show servers state nosuch",
    "show stat domain dns",
    "get weight be/s1",
    "get weight be/nosuch",
    "get weight nosuch/s1",
    "get weight be",
    "set weight be/s1 20",
    "set weight be/s1 50%",
    "set weight be/s1 300",
    "set weight be/s1 abc",
    "set weight static/u1 5",
    "set server be/s1 weight 30",
    "set server be/s1 state maint",
    "set server be/s1 state drain",
    "set server be/s1 state ready",
    "set server be/s1 state bogus",
    "set server be/s1 health up",
    "set server be/s1 health stopping",
    "set server be/s1 health down",
    "set server be/s1 agent up",
    "set server be/s1 addr 127.0.0.1",
    "set server be/s1 addr 127.0.0.2 port 8001",
    "set server be/s1 addr 127.0.0.1 port 8000",
    "set server be/s1 addr bogus",
    "set server be/s1 check-port 8000",
    "set server be/s1 fqdn localhost",
    "set server be/s1 ssl on",
    "set server be/s1",
    "set server be",
    "set server nosuch/s1 state ready",
    "set server be/nosuch state ready",
    "disable server be/s1",
    "enable server be/s1",
    "disable server be/nosuch",
    "disable health be/s1",
    "enable health be/s1",
    "enable agent be/s1",
    "disable frontend fe",
    "enable frontend fe",
    "disable frontend nosuch",
    "set maxconn frontend fe 100",
    "set maxconn frontend nosuch 100",
    "set maxconn global 900",
    "set maxconn global 5000",
    "set maxconn server be2/t2 7",
    "set maxconn server be2/nosuch 7",
    "set rate-limit connections global 100",
    "set rate-limit sessions global 0",
    "set rate-limit ssl-sessions global 50",
    "set rate-limit bogus global 5",
    "set rate-limit http-compression global 10",
    "set timeout cli 20",
    "set timeout cli bogus",
    "set timeout bogus 1",
    "set severity-output number",
    "set severity-output bogus",
    "clear counters",
    "clear counters all",
    "shutdown sessions server be/s1",
    "shutdown sessions server be/nosuch",
    "shutdown frontend nosuch",
    "echo hello world",
    "operator",
    "user; show cli level",
    "operator; set weight be/s1 10",
    "user; show sess",
    "experimental-mode",
    "set var proc.foo int(9)",
    "httpclient GET http://127.0.0.1:8000/",
];

#[test]
fn replies_to_the_letter() {
    let Some(recorded) = recorded() else { return eprintln!("skipped: no recorded replies") };
    let lab = checked_lab();
    let mut played = 0;
    let mut failures = Vec::new();
    for (command, expected) in recorded.iter().filter(|(command, _)| EXACT.contains(&command.as_str())) {
        played += 1;
        let reply = lab.reply(command);
        if reply.trim_matches('\n') != *expected && !is_later_state(command, played) {
            failures.push(format!(">>> {command}\nexpected {expected:?}\n   found {reply:?}"));
        }
    }
    assert!(played >= EXACT.len(), "only {played} of the commands are recorded");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The servers' state is listed again after servers were added, which the lab does not do.
fn is_later_state(command: &str, played: usize) -> bool {
    command == "show servers state be" && played > 20
}

/// Names, numbers, tags, types and texts of `show info`, each in HAProxy's order.
#[test]
fn info_has_the_same_fields() {
    let Some(recorded) = recorded() else { return eprintln!("skipped: no recorded replies") };
    let lab = checked_lab();
    for form in ["show info", "show info typed", "show info desc"] {
        let (_, expected) = recorded.iter().find(|(command, _)| command == form).expect("recorded");
        let keys = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .take_while(|line| !line.starts_with("<cut") && !line.starts_with("MaxconnReach"));
            lines.map(|line| key(form, line)).collect()
        };
        assert_eq!(keys(&lab.reply(form)), keys(expected), "{form}");
    }
}

/// A line without its value.
fn key(form: &str, line: &str) -> String {
    match form {
        "show info typed" => line.splitn(4, ':').take(3).collect::<Vec<_>>().join(":"),
        "show info desc" => {
            let (name, rest) = line.split_once(": ").unwrap_or((line, ""));
            let text = rest.find(":\"").map_or("", |at| &rest[at..]);
            format!("{name}{text}")
        }
        _ => line.split(": ").next().unwrap_or("").to_owned(),
    }
}

#[test]
fn stat_has_the_same_columns_and_tags() {
    let Some(recorded) = recorded() else { return eprintln!("skipped: no recorded replies") };
    let lab = checked_lab();
    let page = shared("oracle/runtime/stats.csv").expect("beside the replies");
    assert_eq!(lab.reply("show stat").lines().next(), page.lines().next());
    let (_, expected) = recorded.iter().find(|(command, _)| command == "show stat typed").expect("recorded");
    let tags = |text: &str| -> Vec<String> {
        let frontend =
            text.lines().filter(|line| line.starts_with("F.") && line.split('.').nth(2) == Some("0"));
        frontend
            .filter(|line| !line.contains(".intercepted") || line.starts_with("F."))
            .map(|line| {
                let words: Vec<&str> = line.splitn(4, ':').collect();
                let name: Vec<&str> = words[0].split('.').skip(3).collect();
                format!("{} {} {}", name.join("."), words[1], words[2])
            })
            .collect()
    };
    let reply = lab.reply("show stat -1 1 -1 typed");
    let one: Vec<String> = tags(&reply).into_iter().take(tags(expected).len()).collect();
    assert_eq!(one, tags(expected));
}

/// Every value of the page for the servers and backends that the lab shares with the recorded configuration.
#[test]
fn stat_rows_as_recorded() {
    let Some(page) = shared("oracle/runtime/stats.csv") else {
        return eprintln!("skipped: no recorded page");
    };
    let lab = checked_lab();
    // The page was read three seconds after the start, after no traffic.
    lab.now_ms.set(4000);
    let columns: Vec<&str> = page.lines().next().unwrap_or("").trim_start_matches("# ").split(',').collect();
    let reply = lab.reply("show stat");
    let mut compared = 0;
    for name in ["be,s1", "be,s2", "be,s3", "be,s4", "be,BACKEND", "be2,t2", "static,u1"] {
        let row = |text: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.starts_with(&format!("{name},"))).expect(name);
            line.split(',').map(str::to_owned).collect()
        };
        let (expected, found) = (row(&page), row(&reply));
        assert_eq!(found.len(), expected.len(), "{name}");
        for ((column, expected), found) in columns.iter().zip(&expected).zip(&found) {
            // Cookies made from a key, connections of checks, and the checker's own counters depend on traffic.
            let varies = ["cookie", "need_conn_est", "h1_"].iter().any(|part| column.starts_with(part));
            if !varies {
                assert_eq!(found, expected, "{name} {column}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "{compared} values compared");
}

#[test]
fn every_command_of_the_list_is_in_the_table() {
    let Some(list) = shared("reference/keywords-3.4/cli.txt") else { return eprintln!("skipped: no list") };
    let listed: Vec<&str> = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(" [").next().unwrap_or(line))
        .collect();
    let ours: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(ours, listed);
}

/// Lines that the recording holds before it was cut, the usage of each command as HAProxy words it.
#[test]
fn help_lists_what_haproxy_lists() {
    let Some(recorded) = recorded() else { return eprintln!("skipped: no recorded replies") };
    let lab = checked_lab();
    let (_, expected) = recorded.iter().find(|(command, _)| command == "help").expect("recorded");
    let expected: Vec<&str> = expected.lines().take_while(|line| !line.starts_with("<cut")).collect();
    let reply = lab.reply("help");
    let found: Vec<&str> = reply.lines().take(expected.len() - 1).map(str::trim_end).collect();
    let expected: Vec<&str> = expected[..expected.len() - 1].iter().map(|line| line.trim_end()).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_command_that_is_not_there_yet_says_so() {
    let lab = checked_lab();
    for command in COMMANDS.iter().filter(|command| command.run.is_none() && command.scope != Scope::Master) {
        let reply = lab.reply(&format!("expert-mode on; experimental-mode on; {}", command.name));
        assert!(
            reply.ends_with(&format!("'{}' is not implemented by weir yet.", command.name)),
            "{}: {reply:?}",
            command.name
        );
    }
}
