//! Published configurations: the reader's verdict agrees with HAProxy 3.4's wherever 3.4's first message is about
//! words, and it has nothing to say about files that 3.4 accepts.

use std::path::{Path, PathBuf};
use weir_syntax::{Capabilities, Environment, Reader, load};
use weir_types::Diagnostics;

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("WEIR_SHARED").map_or_else(beside, PathBuf::from).join("corpus");
    path.is_dir().then_some(path)
}

/// The reader's first message, without the file's place on disk.
fn first_message(path: &Path, name: &str) -> Option<String> {
    let mut sources = load(&[path]).expect("a file of the corpus");
    name.clone_into(&mut sources.files[0].name);
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let mut diagnostics = Diagnostics::default();
    while reader.next_line(&Environment::default(), &mut diagnostics).is_some() {}
    let message = diagnostics.list.first()?.message(&sources);
    message.lines().next().map(str::to_owned)
}

/// What the reader itself reports.
fn is_about_words(message: &str) -> bool {
    [
        "Missing LF",
        "argument number",
        "unmatched",
        "environment variable name",
        "too many words",
        "'.if'",
        "unknown directive",
    ]
    .iter()
    .any(|part| message.contains(part))
        && message.contains("parsing [")
}

fn compare(table: &str, directory: &str) -> usize {
    let Some(corpus) = corpus() else {
        println!("skipped: no corpus");
        return 0;
    };
    let verdicts = std::fs::read_to_string(corpus.join(table)).expect("the table of verdicts");
    let mut compared = 0;
    for row in verdicts.lines().skip(1) {
        let columns: Vec<_> = row.split('\t').collect();
        let (name, exit, message) = (columns[0], columns[3], columns.get(4).copied().unwrap_or(""));
        let path = corpus.join(directory).join(name);
        if !path.is_file() {
            continue;
        }
        let found = first_message(&path, name);
        if is_about_words(message) {
            assert_eq!(found.as_deref(), message.strip_prefix("[ALERT] "), "{name}");
            compared += 1;
        } else if exit == "0" {
            assert_eq!(found, None, "{name}");
            compared += 1;
        }
    }
    println!("{compared} compared");
    compared
}

#[test]
fn runnable_files() {
    let compared = compare("VERDICTS.tsv", "runnable");
    assert!(compared == 0 || compared > 200, "{compared}");
}

#[test]
fn files_as_published() {
    let compared = compare("VERDICTS-REAL.tsv", "real");
    assert!(compared == 0 || compared > 110, "{compared}");
}
