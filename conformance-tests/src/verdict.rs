//! Plays one scenario on one program and decides: equal to what real HAProxy did, a known miss, or a failure.

use crate::known;
use crate::player;
use crate::program::{Kind, Program};
use crate::scenario::Scenario;
use std::path::{Path, PathBuf};

/// The variants every scenario is played in.
pub const VARIANTS: [&str; 4] = ["haproxy_2_8", "haproxy_2_6", "weir_1", "weir_4"];

/// The directory of this crate.
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program of a variant, if it is on this machine.
pub fn program(variant: &str) -> Option<Program> {
    match variant {
        "haproxy_2_8" => Program::haproxy_28(),
        "haproxy_2_6" => Program::haproxy_26(),
        "weir_1" => Program::weir(1),
        _ => Program::weir(4),
    }
}

/// Plays `name` in `variant` and compares. Panics with a readable difference; prints `skipped` where the program is
/// absent or the scenario says it does not apply.
pub fn check(name: &str, variant: &str) {
    let root = home().join("scenarios");
    let path = root.join(format!("{name}.scn"));
    let scenario = Scenario::load(&root, &path).unwrap_or_else(|e| panic!("{e}"));
    let Some(program) = program(variant) else {
        println!("skipped: {variant} is not on this machine");
        return;
    };
    let differs = match program.kind {
        Kind::Haproxy26 => &scenario.not_in_26,
        Kind::Haproxy28 => &scenario.not_in_28,
        Kind::Weir => &None,
    };
    if let Some(reason) = differs {
        println!("skipped: {reason}");
        return;
    }
    if let Some(reason) = scenario.one_thread.as_ref().filter(|_| variant == "weir_4") {
        println!("skipped: {reason}");
        return;
    }
    let result = compare(&scenario, &program, &path);
    if program.kind != Kind::Weir {
        result.unwrap_or_else(|e| panic!("{name} on {variant}:\n{e}"));
        return;
    }
    let list = known::load(&home().join("known-misses.txt")).unwrap_or_else(|e| panic!("{e}"));
    match (result, known::find(&list, name, variant)) {
        (Ok(()), None) => {}
        (Err(e), None) => panic!("{name} on {variant}:\n{e}"),
        (Err(e), Some(known)) => println!("known miss ({}):\n{e}", known.reason),
        (Ok(()), Some(known)) if known.is_sometimes() => {
            println!("known miss, not this time: {}", known.reason)
        }
        (Ok(()), Some(known)) => {
            panic!("{name} works on {variant}: take its line out of known-misses.txt ({})", known.reason)
        }
    }
}

/// Every scenario file below `dir`, in order.
pub fn scenario_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else { return found };
    for entry in entries.flatten().map(|e| e.path()) {
        if entry.is_dir() {
            found.extend(scenario_files(&entry));
        } else if entry.extension().is_some_and(|e| e == "scn") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// The transcript recorded from real HAProxy beside the scenario.
pub fn expected_path(scenario: &Path) -> PathBuf {
    scenario.with_extension("expected")
}

/// Plays a scenario and compares with the recorded transcript; an error is a readable difference.
pub fn compare(scenario: &Scenario, program: &Program, path: &Path) -> Result<(), String> {
    let expected = std::fs::read_to_string(expected_path(path)).map_err(|e| {
        format!("no recorded transcript ({e}); run `cargo run -p conformance-tests --bin record`")
    })?;
    let got = player::play(scenario, program)?;
    // Several workers write their log lines side by side: neither their order nor whether a line already counts what
    // another worker accepted or ended in the same moment is certain.
    let (expected, got) = match program.threads > 1 {
        true => (unordered_log(&without_counts(&expected)), unordered_log(&without_counts(&got))),
        false => (expected, got),
    };
    match got == expected {
        true => Ok(()),
        false => Err(difference(&expected, &got)),
    }
}

/// Log lines without their counts of connections; retries stay.
fn without_counts(transcript: &str) -> String {
    let counts = regex::Regex::new(r"(?m)^(log < .*?) \d+/\d+/\d+/\d+/(\+?\d+) ").expect("a valid pattern");
    counts.replace_all(transcript, "$1 n/n/n/n/$2 ").into_owned()
}

/// The lines of each run of log lines in the order of their text.
fn unordered_log(transcript: &str) -> String {
    let mut lines: Vec<&str> = transcript.lines().collect();
    for run in lines.chunk_by_mut(|one, next| one.starts_with("log < ") == next.starts_with("log < ")) {
        if run[0].starts_with("log < ") {
            run.sort_unstable();
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Lines of both transcripts side by side; `-` is what HAProxy did, `+` what this program did.
pub fn difference(expected: &str, got: &str) -> String {
    let expected: Vec<&str> = expected.lines().collect();
    let got: Vec<&str> = got.lines().collect();
    let mut out = String::new();
    let start = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let rest = (expected.len() - start).min(got.len() - start);
    let end = (0..rest).take_while(|n| expected[expected.len() - 1 - n] == got[got.len() - 1 - n]).count();
    let mut add = |mark: &str, lines: &[&str]| {
        for line in lines {
            out.push_str(&format!("{mark} {line}\n"));
        }
    };
    add(" ", &expected[..start]);
    add("-", &expected[start..expected.len() - end]);
    add("+", &got[start..got.len() - end]);
    add(" ", &expected[expected.len() - end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_connections_are_left_out_and_nothing_else() {
        let line = "log < <134><date> haproxy[<pid>]: 127.0.0.1:<c1> [<date>] fe be/s1 t/t/t/t/t 200 91 - - --NI 2/2/0/1/+3 \
                    0/0 \"GET / HTTP/1.1\"";
        let expected = line.replace("2/2/0/1/+3", "n/n/n/n/+3");
        assert_eq!(without_counts(line), expected);
        assert_eq!(without_counts("c1 < x: 1/1/1/1/1 "), "c1 < x: 1/1/1/1/1 ");
    }

    #[test]
    fn runs_of_log_lines_are_put_in_order() {
        assert_eq!(
            unordered_log("c1 > b\nlog < b\nlog < a\nc1 > a\nlog < 0\n"),
            "c1 > b\nlog < a\nlog < b\nc1 > a\nlog < 0\n"
        );
    }

    #[test]
    fn a_difference_shows_both_sides_in_context() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), "  a\n- b\n+ x\n+ y\n  c\n");
        assert_eq!(difference("a\n", "a\nb\n"), "  a\n+ b\n");
    }
}
