//! Agreement with HAProxy's recorded answers (`../shared/oracle`), table by table. The numbers in `agreement.txt` may
//! only rise; every expression that misses stands in `misses.txt`. `WEIR_RECORD=1` rewrites both files.

mod stream;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use tables::Tally;

fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("WEIR_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let oracle = root.join("oracle");
    if !oracle.is_dir() {
        eprintln!("skipped: no recorded answers at {}", oracle.display());
        return None;
    }
    Some(oracle)
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name)
}

/// The floor of one table, as recorded.
fn recorded(table: &str) -> Option<usize> {
    let text = std::fs::read_to_string(here("agreement.txt")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(table)?.strip_prefix(' '))?;
    line.split(' ').next()?.parse().ok()
}

fn report(table: &str, tally: &Tally) {
    eprintln!("{table}: {} of {} agree", tally.agree, tally.total);
    if std::env::var_os("WEIR_RECORD").is_some() {
        return record(table, tally);
    }
    let floor = recorded(table).expect("agreement.txt has a line for every table");
    assert!(tally.agree >= floor, "{table}: {} agree, {floor} did before:\n{}", tally.agree, tally.sample());
}

fn record(table: &str, tally: &Tally) {
    rewrite(here("agreement.txt"), table, format!("{table} {} of {}\n", tally.agree, tally.total));
    let mut misses = String::new();
    for (expression, count) in &tally.misses {
        let _ = writeln!(misses, "{table} {count} {expression}");
    }
    rewrite(here("misses.txt"), table, misses);
}

/// Replaces a table's lines in a file that holds several tables.
fn rewrite(path: PathBuf, table: &str, lines: String) {
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for line in old.lines() {
        let name = line.split(' ').next().unwrap_or("").to_owned();
        tables.entry(name).or_default().push_str(&format!("{line}\n"));
    }
    tables.insert(table.to_owned(), lines);
    std::fs::write(path, tables.into_values().collect::<String>()).expect("a writable source tree");
}

/// All in one test, so that recording does not race.
#[test]
fn answers_as_haproxy_did() {
    let Some(oracle) = shared() else { return };
    report("converters", &tables::converters(&oracle));
    report("fetches", &tables::fetches(&oracle));
    report("acls", &tables::acls(&oracle));
    report("refused", &tables::refused(&oracle));
}
