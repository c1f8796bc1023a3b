//! The examples of the manual's sections 4, 7 and 8, each in a small configuration around it, must be valid wherever HAProxy
//! 2.8 finds them valid (`tests/data/manual-examples.tsv`, with its reason where it does not: pieces of text, names of
//! files and of what is newer). What weir refuses all the same is listed in `manual-examples.misses`.
//!
//! `WEIR_EXAMPLES=DIR` writes the configurations to a directory, for HAProxy to judge.

use std::collections::{BTreeMap, BTreeSet};

use weir_compile::{InOrder, compile};
use weir_config::files::NoFiles;
use weir_config::{ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Level, Sources};

const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/configuration-3.4.txt");
const SECTIONS: [&str; 12] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "userlist",
    "peers",
    "mailers",
    "resolvers",
    "cache",
    "ring",
    "http-errors",
];

/// The chapters with examples of proxies' keywords, of ACLs and samples, and of logs.
const CHAPTERS: [&str; 3] = ["4", "7", "8"];

struct Example {
    /// Its first line in the manual.
    line: usize,
    text: Vec<String>,
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What stands below each `Example:` line, as long as it is indented deeper.
fn examples(manual: &str) -> Vec<Example> {
    let lines: Vec<&str> = manual.lines().collect();
    let mut chapter = "";
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        // A chapter's title is underlined; in the table of contents it is not.
        if lines.get(at).is_some_and(|next| next.starts_with("---"))
            && let Some((number, _)) = line.split_once('.')
        {
            chapter = number;
        }
        let title = line.trim();
        let begins = title.starts_with("Example") && title.ends_with(':') && title.len() < 20;
        if !begins || !CHAPTERS.contains(&chapter) {
            continue;
        }
        let deeper = |line: &&&str| line.trim().is_empty() || indentation(line) > indentation(lines[at - 1]);
        let text: Vec<&str> = lines[at..].iter().take_while(deeper).copied().collect();
        found.push(Example { line: at + 1, text: text.iter().map(|line| (*line).to_owned()).collect() });
        at += text.len();
    }
    found
}

/// Backends that the example only names.
fn named_backends(text: &[String]) -> BTreeSet<String> {
    let words = text.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let declared: BTreeSet<String> = words
        .clone()
        .filter(|words| matches!(words.first(), Some(&"backend" | &"listen")))
        .filter_map(|words| words.get(1).map(|name| (*name).to_owned()))
        .collect();
    words
        .filter(|words| matches!(words.first(), Some(&"use_backend" | &"default_backend")))
        .filter_map(|words| words.get(1).map(|name| (*name).to_owned()))
        .filter(|name| !name.contains('%') && !declared.contains(name))
        .collect()
}

/// The configurations that an example may be meant for, by name.
fn configurations(example: &Example) -> BTreeMap<&'static str, String> {
    let first_word = |line: &String| line.split_whitespace().next().unwrap_or("").to_owned();
    let body: Vec<&String> =
        example.text.iter().filter(|line| !matches!(first_word(line).as_str(), "..." | "")).collect();
    let text: String = body.iter().map(|line| format!(" {}\n", line.trim())).collect();
    let backends: String = named_backends(&example.text)
        .iter()
        .map(|name| format!("backend {name}\n server s 127.0.0.1:9797\n"))
        .collect();
    let defaults = |mode: &str| {
        format!("defaults d\n mode {mode}\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n")
    };
    let mut all = BTreeMap::new();
    if body.iter().any(|line| SECTIONS.contains(&first_word(line).as_str())) {
        all.insert("whole", format!("{}{text}{backends}", defaults("http")));
        return all;
    }
    for (name, mode) in [("http", "http"), ("tcp", "tcp")] {
        let listen = "listen l\n bind 127.0.0.1:9798\n server s1 127.0.0.1:9797\n";
        let own = "backend own\n server s1 127.0.0.1:9797\n";
        let front = "frontend f\n bind 127.0.0.1:9798\n default_backend own\n";
        all.insert(name, format!("{}{listen}{text}{backends}", defaults(mode)));
        let apart = if mode == "http" { "http-frontend" } else { "tcp-frontend" };
        all.insert(apart, format!("{}{own}{front}{text}{backends}", defaults(mode)));
    }
    all
}

/// weir's first reason to refuse the text.
fn refusal(text: &str) -> Option<String> {
    let mut sources = Sources::default();
    sources.add("FILE", text.as_bytes().to_vec());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &NoFiles, hostname: "vm".into(), checked: false };
    let (config, mut diagnostics) = parse(&mut reader, &mut environment, &options);
    if !diagnostics.has_alert() {
        diagnostics
            .list
            .extend(compile(&config, &sources, &NoFiles, &mut InOrder::default()).diagnostics.list);
    }
    diagnostics.list.iter().find(|one| one.level >= Level::Alert).map(|one| one.message(&sources))
}

#[test]
fn examples_are_valid_where_haproxy_finds_them_so() {
    let Ok(manual) = std::fs::read_to_string(MANUAL) else {
        println!("skipped: no shared data");
        return;
    };
    let examples = examples(&manual);
    assert!(examples.len() > 100, "{} examples", examples.len());
    if let Some(directory) = std::env::var_os("WEIR_EXAMPLES") {
        for example in &examples {
            for (name, text) in configurations(example) {
                let path = std::path::Path::new(&directory).join(format!("{}.{name}", example.line));
                std::fs::write(path, text).unwrap();
            }
        }
        return;
    }
    let verdicts: BTreeMap<&str, &str> = include_str!("data/manual-examples.tsv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let (mut judged, mut missed, mut seen) = (0, Vec::new(), 0);
    for example in &examples {
        for (name, text) in configurations(example) {
            let key = format!("{}.{name}", example.line);
            let Some(verdict) = verdicts.get(key.as_str()) else { panic!("{key} was not judged by HAProxy") };
            seen += 1;
            if *verdict != "valid" {
                continue;
            }
            judged += 1;
            if let Some(reason) = refusal(&text) {
                missed.push(format!("{key}\t{}", reason.lines().next().unwrap_or_default()));
            }
        }
    }
    println!("{} examples in {seen} configurations, {judged} valid for HAProxy 2.8", examples.len());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/manual-examples.misses");
    let list = missed.iter().map(|miss| format!("{miss}\n")).collect::<String>();
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(path, &list).unwrap();
    }
    assert_eq!(list, std::fs::read_to_string(path).unwrap_or_default());
}
