//! Every configuration of the corpus: is the verdict HAProxy 3.4's? A keyword that weir knows and does not serve yet
//! counts as a miss. Where the verdicts agree, is the first alert (of a refused file) or warning (of an accepted one)
//! the recorded one? Misses are listed in `tests/data/corpus.misses` with weir's first alert, and in
//! `corpus-messages.misses`; a file that is not listed there must not be missed. `WEIR_BLESS=1` writes the lists anew,
//! to be done whenever they have become shorter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_compile::{InOrder, compile};
use weir_config::files::SystemFiles;
use weir_config::{ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Diagnostics, Level, Sources};

fn shared() -> PathBuf {
    std::env::var_os("WEIR_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from)
}

/// The file's verdict and its first alert (one about a keyword that is not served yet only if there is no other), or first warning where it has none, with its label; asked in the corpus' own directory as the recorded ones were.
fn ask(directory: &Path, name: &str) -> (bool, String) {
    let mut sources = Sources::default();
    let text = std::fs::read(directory.join(name)).expect("the corpus file is there");
    sources.add(name, text);
    let capabilities = Capabilities::default();
    let mut environment = Environment::from_process(std::env::vars_os());
    let mut reader = Reader::new(&sources, &capabilities);
    let options =
        ParseOptions { sources: &sources, files: &SystemFiles, hostname: "vm".into(), checked: false };
    let (config, mut diagnostics) = parse(&mut reader, &mut environment, &options);
    diagnostics
        .list
        .extend(compile(&config, &sources, &SystemFiles, &mut InOrder::default()).diagnostics.list);
    (diagnostics.has_alert(), first(&diagnostics, &sources))
}

fn first(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let level = if diagnostics.has_alert() { Level::Alert } else { Level::Warning };
    let mut listed = diagnostics.list.iter().filter(|one| one.level == level);
    let own = listed.clone().find(|one| !unserved(&one.text));
    let Some(found) = own.or(listed.next()) else { return String::new() };
    let text = found.message(sources);
    format!("[{}] {}", level.label(), text.lines().next().unwrap_or("").trim_end())
}

/// Says no more than that something is refused for now.
fn unserved(text: &str) -> bool {
    text.contains("not supported by weir yet") || text.starts_with("Error(s) found in configuration file")
}

#[test]
fn verdicts() {
    let shared = shared();
    let Ok(table) = std::fs::read_to_string(shared.join("corpus/VERDICTS.tsv")) else {
        println!("skipped: no shared data");
        return;
    };
    let directory = shared.join("corpus/runnable");
    std::env::set_current_dir(&directory).expect("the corpus directory is there");
    let mut missed = BTreeMap::new();
    let mut messages = BTreeMap::new();
    let mut agreed = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, refused) = (columns[0], columns[3] == "1");
        if !directory.join(name).exists() {
            continue;
        }
        let (weir_refuses, message) = ask(&directory, name);
        let recorded = columns.get(4).map_or("", |text| text.trim_end());
        if weir_refuses == refused {
            agreed += 1;
            if message != recorded {
                messages.insert(name.to_owned(), format!("{message}\t3.4: {recorded}"));
            }
        } else if refused {
            missed.insert(name.to_owned(), format!("accepted; 3.4: {recorded}"));
        } else {
            missed.insert(name.to_owned(), message.replacen("[ALERT] ", "", 1));
        }
    }
    let same = agreed - messages.len();
    println!("corpus: {agreed} of {} verdicts, {same} with the same message", agreed + missed.len());
    judge(&missed, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/corpus.misses"));
    judge(&messages, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/corpus-messages.misses"));
}

fn judge(missed: &BTreeMap<String, String>, path: &str) {
    if std::env::var_os("WEIR_BLESS").is_some() {
        let list: String = missed.iter().map(|(name, why)| format!("{name}\t{why}\n")).collect();
        std::fs::write(path, list).expect("the list can be written");
        return;
    }
    let known = std::fs::read_to_string(path).expect("the list of known misses is there");
    let known: Vec<&str> = known.lines().filter_map(|line| line.split('\t').next()).collect();
    let new: Vec<_> = missed.iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
    assert!(new.is_empty(), "missed and not listed: {new:#?}");
}
