//! The configurations in `haproxy-configs/`: each is accepted by every program as it stands, without a warning, and
//! each is run by a scenario of the family `configs`.

use conformance_tests::known;
use conformance_tests::verdict::{home, program};
use std::path::PathBuf;

fn configurations() -> Vec<PathBuf> {
    let dir = home().join("../haproxy-configs");
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    found.retain(|p| p.extension().is_some_and(|e| e == "cfg"));
    found.sort();
    found
}

fn name_of(path: &std::path::Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is wrong with a file under a program; `None` if it is accepted without a word of warning.
fn complaint(variant: &str, path: &std::path::Path) -> Option<String> {
    let program = program(variant)?;
    let output = program.command().arg("-c").arg("-f").arg(path).output().expect("the program starts");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let quiet = !said.contains("WARNING") && !said.contains("ALERT");
    (!output.status.success() || !quiet).then(|| format!("{}: {}\n{said}", path.display(), output.status))
}

fn all_accepted(variant: &str) {
    if program(variant).is_none() {
        println!("skipped: {variant} is not on this machine");
        return;
    }
    let wrong: Vec<String> = configurations().iter().filter_map(|path| complaint(variant, path)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn haproxy_2_8_accepts_each() {
    all_accepted("haproxy_2_8");
}

#[test]
fn haproxy_2_6_accepts_each() {
    all_accepted("haproxy_2_6");
}

#[test]
fn weir_accepts_each_but_the_known_misses() {
    if program("weir_1").is_none() {
        println!("skipped: weir is not built");
        return;
    }
    let list = known::load(&home().join("known-misses.txt")).expect("the list is readable");
    let mut wrong = Vec::new();
    for path in configurations() {
        let known = known::find(&list, &format!("check/{}", name_of(&path)), "weir_1");
        match (complaint("weir_1", &path), known) {
            (Some(complaint), None) => wrong.push(complaint),
            (None, Some(known)) => {
                wrong.push(format!(
                    "{} is accepted: take it off the list ({})",
                    path.display(),
                    known.reason
                ));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_is_run_by_a_scenario() {
    let scenarios = home().join("scenarios/configs");
    assert!(configurations().len() >= 12, "the configurations are where the tests look for them");
    for path in configurations() {
        let scenario = scenarios.join(format!("{}.scn", name_of(&path)));
        assert!(scenario.is_file(), "{} has no scenario", path.display());
    }
}
