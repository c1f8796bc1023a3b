//! The `.vtc` files in `vtc/`, run by varnishtest with each program in its place. A file that weir is known to miss
//! stands in `known-misses.txt` as `vtc/NAME`.

use conformance_tests::known;
use conformance_tests::player::ScratchDirectory;
use conformance_tests::verdict::{home, program};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn files() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(home().join("vtc"))
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    found.retain(|p| p.extension().is_some_and(|e| e == "vtc"));
    found.sort();
    found
}

/// A script that starts the program as varnishtest wants it: one file, called haproxy, without further settings.
fn launcher(dir: &Path, variant: &str) -> Option<PathBuf> {
    let command = program(variant)?.command();
    let mut script = String::from("#!/bin/sh\n");
    for (name, value) in command.get_envs() {
        let value = value.map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
        script.push_str(&format!("export {}='{value}'\n", name.to_string_lossy()));
    }
    script.push_str(&format!("exec '{}' \"$@\"\n", command.get_program().to_string_lossy()));
    let path = dir.join("haproxy");
    std::fs::write(&path, script).ok()?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).ok()?;
    Some(path)
}

/// What varnishtest says when a file fails.
fn failure(launcher: &Path, file: &Path) -> Option<String> {
    let output = Command::new("varnishtest")
        .args(["-t", "40"])
        .arg(file)
        .env("HAPROXY_PROGRAM", launcher)
        .output()
        .expect("varnishtest starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let end =
        said.lines().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    (!output.status.success()).then(|| format!("{}\n{end}", file.display()))
}

fn all_pass(variant: &str) {
    if Command::new("varnishtest").arg("-h").output().is_err() {
        println!("skipped: varnishtest is not on this machine");
        return;
    }
    let dir = ScratchDirectory::create().expect("a scratch directory");
    let Some(launcher) = launcher(&dir.0, variant) else {
        println!("skipped: {variant} is not on this machine");
        return;
    };
    let list = known::load(&home().join("known-misses.txt")).expect("the list is readable");
    let mut wrong = Vec::new();
    let files = files();
    assert!(!files.is_empty(), "the files are where the tests look for them");
    for file in files {
        let name = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let known =
            known::find(&list, &format!("vtc/{name}"), variant).filter(|_| variant.starts_with("weir"));
        match (failure(&launcher, &file), known) {
            (Some(failure), None) => wrong.push(failure),
            (None, Some(known)) => {
                wrong.push(format!("{name} passes: take it off the list ({})", known.reason))
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn haproxy_2_8() {
    all_pass("haproxy_2_8");
}

#[test]
fn haproxy_2_6() {
    all_pass("haproxy_2_6");
}

#[test]
fn weir() {
    all_pass("weir_1");
}
