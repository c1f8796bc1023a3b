//! Plays every scenario on weir and writes `known-misses.txt` anew: `misses [part of a scenario's name]...`.
//! What plays as on HAProxy twice leaves the list, what fails three times enters it, the rest enters it as
//! `sometimes`. The reason is the first difference; one that begins with `listed in` stays. Entries of other scenarios, of
//! varnishtest files and of configuration checks are kept.

use conformance_tests::known::{self, KnownMiss};
use conformance_tests::scenario::Scenario;
use conformance_tests::verdict::{compare, home, program, scenario_files};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

const HEAD: &str = "# Scenarios that weir does not play as HAProxy does, one a line: `family/name variant: reason`.\n\
# A `*` ends a pattern; without a variant the line counts for weir_1 and weir_4. A listed scenario must still fail,\n\
# unless its reason begins with `sometimes`. Written by `make misses`, which keeps reasons that begin with `listed in`.\n";

/// What one variant of one scenario did in three runs: the difference of a failing run, and whether another passed.
fn outcome(path: &Path, root: &Path, variant: &str) -> Option<(String, bool)> {
    let scenario = Scenario::load(root, path).ok()?;
    if variant == "weir_4" && scenario.one_thread.is_some() {
        return None;
    }
    let program = program(variant)?;
    let mut runs = vec![compare(&scenario, &program, path), compare(&scenario, &program, path)];
    if runs.iter().any(Result::is_err) {
        runs.push(compare(&scenario, &program, path));
    }
    let passed = runs.iter().any(Result::is_ok);
    runs.into_iter().find_map(Result::err).map(|difference| (difference, passed))
}

/// A line that says why: what the program refused, or the first difference.
fn reason(difference: &str) -> String {
    let refusal = difference.lines().find(|l| l.contains("[ALERT]") && l.contains(" config : ")).map(|l| {
        match l.split_once("] : ") {
            Some((_, text)) => text.to_string(),
            None => l.to_string(),
        }
    });
    let first = |mark: &str| difference.lines().find(|l| l.starts_with(mark)).map(|l| l[2..].to_string());
    let text = refusal.unwrap_or_else(|| match (first("- "), first("+ ")) {
        (Some(wanted), Some(got)) => format!("`{got}` in place of `{wanted}`"),
        (Some(wanted), None) => format!("`{wanted}` is missing"),
        (None, Some(got)) => format!("`{got}` is too much"),
        (None, None) => difference.lines().next().unwrap_or("").to_string(),
    });
    text.chars().take(300).collect()
}

fn play_all(paths: Vec<PathBuf>, root: &Path) -> BTreeMap<(String, String), (String, bool)> {
    let work: Vec<(PathBuf, &str)> =
        paths.into_iter().flat_map(|p| [(p.clone(), "weir_1"), (p, "weir_4")]).rev().collect();
    let work = Arc::new(Mutex::new(work));
    let found = Arc::new(Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap_or_else(|e| e.into_inner()).pop();
                    let Some((path, variant)) = next else { return };
                    let name = path.strip_prefix(root).unwrap_or(&path).with_extension("");
                    if let Some(outcome) = outcome(&path, root, variant) {
                        let key = (name.to_string_lossy().into_owned(), variant.to_string());
                        found.lock().unwrap_or_else(|e| e.into_inner()).insert(key, outcome);
                    }
                }
            });
        }
    });
    std::mem::take(&mut *found.lock().unwrap_or_else(|e| e.into_inner()))
}

fn line(old: &[KnownMiss], name: &str, variant: &str, (difference, passed): &(String, bool)) -> String {
    let kept = known::find(old, name, variant).map(|k| k.reason.clone());
    let kept = kept
        .filter(|r| !r.starts_with("weir does not run"))
        .filter(|r| r.starts_with("sometimes") == *passed);
    let text = kept.unwrap_or_else(|| match passed {
        true => format!("sometimes {}", reason(difference)),
        false => reason(difference),
    });
    format!("{name} {variant}: {text}")
}

fn main() -> ExitCode {
    if program("weir_1").is_none() {
        eprintln!("weir is not built: cargo build -p weir");
        return ExitCode::FAILURE;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let list = home().join("known-misses.txt");
    let old = known::load(&list).unwrap_or_default();
    let root = home().join("scenarios");
    let chosen = |name: &str| words.is_empty() || words.iter().any(|w| name.contains(w.as_str()));
    let paths: Vec<PathBuf> =
        scenario_files(&root).into_iter().filter(|p| chosen(&p.to_string_lossy())).collect();
    let played = paths.len() * 2;
    let found = play_all(paths, &root);
    let text = std::fs::read_to_string(&list).unwrap_or_default();
    let keeps = |line: &&str| {
        let name = line.split([' ', ':']).next().unwrap_or("");
        let other = root.join(format!("{name}.scn"));
        !line.starts_with('#') && name != "*" && (!other.is_file() || !chosen(&other.to_string_lossy()))
    };
    let mut lines: Vec<String> = text.lines().filter(keeps).map(str::to_string).collect();
    let failing = found.len();
    lines.extend(found.iter().map(|((name, variant), outcome)| line(&old, name, variant, outcome)));
    lines.sort();
    println!("{} of {played} as on HAProxy", played - failing);
    for ((name, variant), (difference, _)) in &found {
        println!("@@ {name} {variant}");
        for line in difference.lines().filter(|l| !l.starts_with("  ")) {
            println!("{line}");
        }
    }
    match std::fs::write(&list, format!("{HEAD}{}\n", lines.join("\n"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
