//! Every fetch, converter and matcher that works has a case: a line of this directory, a recorded answer of HAProxy 3.4,
//! or a scenario that both programs play. `uncovered.txt` names those that have none, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use weir_registry::{Entry, Status};
use weir_sample::{Method, convert, fetch};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every word of a text that can be a keyword of the expression language.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
    text.split(move |letter| !inside(letter)).filter(|word| !word.is_empty())
}

fn add_files(directory: &Path, extensions: &[&str], into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_files(&path, extensions, into);
        } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| *wanted == found)) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            into.extend(words(&text).map(str::to_owned));
        }
    }
}

#[test]
fn every_keyword_has_a_case() {
    let oracle = std::env::var_os("WEIR_SHARED")
        .map_or_else(|| root().join("../shared"), PathBuf::from)
        .join("oracle");
    if !oracle.is_dir() {
        eprintln!("skipped: no recorded answers at {}", oracle.display());
        return;
    }
    let mut covered = BTreeSet::new();
    add_files(&root().join("conformance-tests/scenarios"), &["scn"], &mut covered);
    add_files(&root().join("conformance-tests/vtc"), &["vtc"], &mut covered);
    add_files(&root().join("crates/weir-sample/tests/cases"), &["tsv"], &mut covered);
    for table in ["converters.tsv", "fetches.tsv", "acls.tsv"] {
        let text = std::fs::read_to_string(oracle.join(table)).expect("a readable table");
        for line in text.lines() {
            covered.extend(words(line.split('\t').next().unwrap_or_default()).map(str::to_owned));
        }
    }
    let works = |row: &dyn Entry| row.status() == Status::Works;
    let mut names: Vec<&str> = fetch::all().filter(|row| works(*row)).map(|row| row.name).collect();
    names.extend(convert::all().filter(|row| works(*row)).map(|row| row.name));
    names.extend(Method::ALL.iter().map(|method| method.as_str()));
    let missing: BTreeSet<&str> = names.into_iter().filter(|name| !covered.contains(*name)).collect();
    let text = include_str!("uncovered.txt");
    let reasons: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line}: no reason")))
        .collect();
    let listed: BTreeSet<&str> = reasons.keys().copied().collect();
    let without_case: Vec<_> = missing.difference(&listed).collect();
    assert!(without_case.is_empty(), "without a case: {without_case:?}");
    // Whoever adds a scenario need not know of the list.
    for name in listed.difference(&missing) {
        eprintln!("{name} has a case by now and can leave uncovered.txt");
    }
}
