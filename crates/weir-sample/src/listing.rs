//! The `-dKsmp`, `-dKcnv` and `-dKacl` listings, in HAProxy's exact format.

use std::fmt::Write;

use weir_registry::Status;

use crate::acl::keyword;
use crate::phase::PHASES;
use crate::{convert, fetch};

/// Sample fetches with their validity; those that are not implemented yet are left out unless `every` is set.
pub fn fetches(every: bool) -> String {
    let mut out = String::from("# List of registered sample fetch functions:\n");
    captions(&mut out);
    let mut rows: Vec<_> = fetch::all().filter(|row| every || row.status != Status::NotYet).collect();
    rows.sort_by_key(|row| row.name);
    for row in rows {
        let phases = row.reads.phases();
        out.push('[');
        for phase in PHASES {
            out.push_str(if phases.meets(crate::PhaseSet::of(&[phase])) { " Y" } else { " ." });
        }
        let _ = writeln!(out, " ] {}{}: {}", row.name, row.signature.listing(), row.output.as_str());
    }
    out
}

/// The captions of the columns, one a line, with strokes down to the column.
fn captions(out: &mut String) {
    for (index, phase) in PHASES.iter().enumerate() {
        let indent = PHASES.len() - index;
        out.push_str("# ");
        let _ = writeln!(
            out,
            "{}{}_.{} {}",
            " ".repeat(indent),
            "/ ".repeat(index),
            "-".repeat(PHASES.len() - index),
            phase.as_str()
        );
    }
    let _ = writeln!(out, "# {} ", "/ ".repeat(PHASES.len()));
    let _ = writeln!(out, "# {}", "| ".repeat(PHASES.len()));
}

/// Converters. HAProxy lists the output before the input.
pub fn converters(every: bool) -> String {
    let mut out = String::from("# List of registered sample converter functions:\n");
    let mut rows: Vec<_> = convert::all().filter(|row| every || row.status != Status::NotYet).collect();
    rows.sort_by_key(|row| row.name);
    for row in rows {
        let (input, output) = (row.input.as_str(), row.output.as_str());
        let _ = writeln!(out, "{}{}: {output} => {input}", row.name, row.signature.listing());
    }
    out
}

/// ACL spellings.
pub fn acls(every: bool) -> String {
    let mut out = String::from("# List of registered ACL keywords:\n");
    for row in keyword::all().filter(|row| every || row.fetch().status != Status::NotYet) {
        let _ = writeln!(out, "{} = {} -m {}", row.name, row.fetch, row.method.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(name: &str) -> Option<String> {
        let shared = std::env::var("WEIR_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
        let text = std::fs::read_to_string(format!("{shared}/reference/keywords-3.4/{name}.txt")).ok();
        if text.is_none() {
            eprintln!("skipped: no {name}.txt");
        }
        text
    }

    #[track_caller]
    fn compare(ours: &str, theirs: &str) {
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(ours.lines().count(), theirs.lines().count());
    }

    #[test]
    fn every_fetch_is_listed_as_haproxy_lists_it() {
        if let Some(theirs) = reference("smp") {
            compare(&fetches(true), &theirs);
        }
    }

    #[test]
    fn every_converter_is_listed_as_haproxy_lists_it() {
        if let Some(theirs) = reference("cnv") {
            compare(&converters(true), &theirs);
        }
    }

    #[test]
    fn every_acl_spelling_is_listed_as_haproxy_lists_it() {
        if let Some(theirs) = reference("acl") {
            compare(&acls(true), &theirs);
        }
    }

    #[test]
    fn names_are_unique_and_documented() {
        let mut names: Vec<_> = fetch::names().collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        let mut names: Vec<_> = convert::names().collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(fetch::all().all(|row| !row.doc.is_empty()) && convert::all().all(|row| !row.doc.is_empty()));
    }
}
