//! Every line of `oracle/config-lines.tsv`, recorded from HAProxy 3.4, and of `tests/data/lines-2.8.tsv`, recorded in
//! the same way from 2.8.25 for keywords that the first table does not ask: is the verdict the program's, is the
//! message? The misses are listed in `tests/data/*.misses`; a line that is not listed there must not be missed. Where
//! 3.4's manual and 2.8 differ, 3.4 holds and the line stays in the list. `WEIR_BLESS=1` writes the lists anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use weir_compile::{InOrder, compile};
use weir_config::files::{Files, NoFiles};
use weir_config::{ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Level, Sources};

struct Row {
    section: String,
    line: String,
    refused: bool,
    message: String,
}

/// Where the answers were recorded, files of two names held nothing that fits.
struct NamedFiles;

impl Files for NamedFiles {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        ["x", "10"].contains(&name).then(|| b"x\n".to_vec())
    }
}

fn rows() -> Option<Vec<Row>> {
    let shared = std::env::var_os("WEIR_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(shared.join("oracle/config-lines.tsv")).ok()?;
    Some(text.lines().skip(1).filter_map(row).collect())
}

fn row(text: &str) -> Option<Row> {
    let mut columns = text.split('\t');
    let (section, line, exit) = (columns.next()?, columns.next()?, columns.next()?);
    let message = columns.next().unwrap_or("");
    Some(Row { section: section.into(), line: line.into(), refused: exit != "0", message: message.into() })
}

/// The configuration in which the line was asked.
fn text(row: &Row) -> String {
    let before = "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n";
    let after = "listen ok\n bind 127.0.0.1:9798\n server s 127.0.0.1:9797\n";
    let line = &row.line;
    let (before, header) = match row.section.as_str() {
        "global" => return format!("global\n {line}\n{before}{after}"),
        "frontend" => (before, "frontend f\n bind 127.0.0.1:9799".to_owned()),
        "listen" => (before, "listen l\n bind 127.0.0.1:9796".to_owned()),
        "traces" => (before, "traces".to_owned()),
        "fcgi-app" => (before, "fcgi-app a".to_owned()),
        section => (before, format!("{section} {}", &section[..1])),
    };
    format!("{before}{header}\n {line}\n{after}")
}

/// The verdict, and the first alert or warning without its later lines.
fn ask(row: &Row) -> (bool, String) {
    let mut sources = Sources::default();
    sources.add("FILE", text(row).into_bytes());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let files: &dyn Files = if row.section == "listen" { &NamedFiles } else { &NoFiles };
    let options = ParseOptions { sources: &sources, files, hostname: "vm".into(), checked: false };
    let (config, read) = parse(&mut reader, &mut environment, &options);
    let mut compiled = compile(&config, &sources, &NoFiles, &mut InOrder::default());
    let diagnostics = compiled.findings(read, &config.lost);
    let first = diagnostics.list.iter().find(|one| one.level >= Level::Warning);
    let message = first.map(|one| one.message(&sources)).unwrap_or_default();
    (diagnostics.has_alert(), message.lines().next().unwrap_or("").to_owned())
}

#[test]
fn verdicts_and_messages() {
    let Some(rows) = rows() else {
        println!("skipped: no shared data");
        return;
    };
    compare("config-lines", &rows);
}

#[test]
fn lines_of_an_older_program() {
    let text = include_str!("data/lines-2.8.tsv");
    let rows: Vec<Row> = text.lines().skip(1).filter_map(row).collect();
    compare("lines-2.8", &rows);
}

fn compare(table: &str, rows: &[Row]) {
    let (mut verdicts, mut messages) = (0, 0);
    let mut missed = BTreeSet::new();
    let mut report = String::new();
    for row in rows {
        let (refused, message) = ask(row);
        let verdict = refused == row.refused;
        let same = message.trim_end() == row.message.trim_end();
        verdicts += usize::from(verdict);
        messages += usize::from(same);
        if verdict && same {
            continue;
        }
        let kind = if verdict { "message" } else { "verdict" };
        missed.insert(format!("{kind}\t{}\t{}", row.section, row.line));
        report.push_str(&format!(
            "{kind}\t{}\t{}\n  3.4:  {}\n  weir: {message}\n",
            row.section, row.line, row.message
        ));
    }
    println!("{table}: {verdicts} of {} verdicts, {messages} messages", rows.len());
    if let Some(path) = std::env::var_os("WEIR_REPORT") {
        std::fs::write(PathBuf::from(path).with_extension(table), report).expect("the report can be written");
    }
    judge(table, &missed);
}

/// A new miss fails; so does a verdict lost where only the message was missed.
fn judge(table: &str, missed: &BTreeSet<String>) {
    let path = format!("{}/tests/data/{table}.misses", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("WEIR_BLESS").is_some() {
        let list: String = missed.iter().map(|miss| format!("{miss}\n")).collect();
        std::fs::write(&path, list).expect("the list can be written");
        return;
    }
    let known = std::fs::read_to_string(&path).expect("the list of known misses is there");
    let known: BTreeSet<&str> = known.lines().collect();
    let listed = |miss: &str| {
        known.contains(miss)
            || miss
                .strip_prefix("message")
                .is_some_and(|rest| known.contains(format!("verdict{rest}").as_str()))
    };
    let new: Vec<&String> = missed.iter().filter(|miss| !listed(miss)).collect();
    assert!(new.is_empty(), "{} lines are missed that were not: {new:#?}", new.len());
}
