//! The `.vtc` files in `vtc/`, run by varnishtest with each program in its place. A file that weir is known to miss
//! stands in `known-misses.txt` as `vtc/NAME`.

use crate::known;
use crate::player::ScratchDirectory;
use crate::verdict::{home, program};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A script that starts the program as varnishtest wants it: one file, called haproxy, without further settings.
fn launcher(dir: &Path, variant: &str) -> Option<PathBuf> {
    let command = program(variant)?.command();
    let mut script = String::from("#!/bin/bash\n");
    for (name, value) in command.get_envs() {
        let value = value.map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
        script.push_str(&format!("export {}='{value}'\n", name.to_string_lossy()));
    }
    script.push_str(&format!("exec -a haproxy '{}' \"$@\"\n", command.get_program().to_string_lossy()));
    let path = dir.join("haproxy");
    std::fs::write(&path, script).ok()?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).ok()?;
    Some(path)
}

/// Runs `vtc/NAME.vtc` in `variant`; panics if it fails, or if it passes against the list.
pub fn check(name: &str, variant: &str) {
    if Command::new("varnishtest").arg("-h").output().is_err() {
        println!("skipped: varnishtest is not on this machine");
        return;
    }
    let dir = ScratchDirectory::create().unwrap_or_else(|e| panic!("{e}"));
    let Some(launcher) = launcher(&dir.0, variant) else {
        println!("skipped: {variant} is not on this machine");
        return;
    };
    let output = Command::new("varnishtest")
        .args(["-t", "20"])
        .arg(home().join("vtc").join(format!("{name}.vtc")))
        .env("HAPROXY_PROGRAM", launcher)
        .output()
        .unwrap_or_else(|e| panic!("varnishtest: {e}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let list = known::load(&home().join("known-misses.txt")).unwrap_or_else(|e| panic!("{e}"));
    let known = known::find(&list, &format!("vtc/{name}"), variant).filter(|_| variant.starts_with("weir"));
    match (output.status.success(), known) {
        (true, None) => {}
        (false, None) => panic!("{name} on {variant}:\n{said}"),
        (false, Some(known)) => println!("known miss ({}):\n{said}", known.reason),
        (true, Some(known)) if known.is_sometimes() => {
            println!("known miss, not this time: {}", known.reason)
        }
        (true, Some(known)) => panic!("{name} passes: take it off the list ({})", known.reason),
    }
}
