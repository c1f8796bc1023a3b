//! The tables hold every configuration keyword that HAProxy 3.4 lists, and list no other.

use std::collections::BTreeSet;
use std::path::PathBuf;

fn reference(name: &str) -> Option<String> {
    let shared = std::env::var_os("WEIR_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    std::fs::read_to_string(shared.join("reference/keywords-3.4").join(name)).ok()
}

/// Each line behind the section it stands in.
fn lines(text: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut lines = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('\t') {
            Some(keyword) => drop(lines.insert(format!("{section}: {keyword}"))),
            None => section = line,
        }
    }
    lines
}

#[test]
fn every_listed_keyword_is_in_the_tables() {
    let Some(reference) = reference("cfg.txt") else {
        println!("skipped: no shared data");
        return;
    };
    let ours = lines(&weir_config::listing::keywords(true));
    let theirs = lines(&reference);
    let missing: Vec<_> = theirs.difference(&ours).collect();
    let foreign: Vec<_> = ours.difference(&theirs).collect();
    assert!(missing.is_empty() && foreign.is_empty(), "missing: {missing:#?}\nforeign: {foreign:#?}");
}

#[test]
fn every_listed_filter_is_in_the_table() {
    let Some(reference) = reference("flt.txt") else {
        println!("skipped: no shared data");
        return;
    };
    assert_eq!(weir_config::listing::filters(true), reference);
}

#[test]
fn what_does_not_work_is_left_out() {
    let every = lines(&weir_config::listing::keywords(true));
    let works = lines(&weir_config::listing::keywords(false));
    assert!(works.is_subset(&every));
    assert!(works.contains("listen: http-request set-header") && works.len() < every.len());
}
