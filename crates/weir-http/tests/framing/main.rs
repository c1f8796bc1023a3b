//! Every recorded case of message framing, played through the codec without a socket: what the server would get,
//! what the client would be told, whether its connection stays. `oracle/framing.jsonl` holds what HAProxy 3.4 did.

mod chunks;
mod transit;

use std::path::PathBuf;

use transit::{Outcome, request_transit, response_transit};

/// Cases decided otherwise on purpose: line number, reason. Listed in docs/differences.md too.
const DIFFERENCES: &[(usize, &str)] =
    &[(70, "a CONNECT that announces a body is refused in the same way, and its connection closed")];

fn cases() -> Option<Vec<serde_json::Value>> {
    let shared = std::env::var_os("WEIR_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let text = std::fs::read_to_string(shared.join("oracle/framing.jsonl")).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect())
}

/// The recording holds bytes as latin-1 text.
fn latin1(case: &serde_json::Value, field: &str) -> Vec<u8> {
    let text = case[field].as_str().expect("a string field");
    text.chars().map(|character| u8::try_from(u32::from(character)).expect("latin-1")).collect()
}

fn expected(case: &serde_json::Value) -> Outcome {
    let is_request = case["case"] == "request";
    let bytes = latin1(case, if is_request { "server_got" } else { "client_got" });
    Outcome {
        forwarded: chunks::joined(&bytes),
        statuses: if is_request {
            case["client_statuses"].as_str().expect("statuses").to_owned()
        } else {
            String::new()
        },
        closed: case["client_connection"] == "closed",
    }
}

fn actual(case: &serde_json::Value, step: usize) -> Outcome {
    let sent = latin1(case, "sent");
    let name = case["case"].as_str().expect("a name");
    let mut outcome = match name.strip_prefix("response to ") {
        None => request_transit(&sent, step),
        Some(method) => response_transit(method, &sent, step),
    };
    outcome.forwarded = chunks::joined(&outcome.forwarded);
    outcome
}

/// The recording client read once: of two pipelined requests that both reached the server it may have seen the first
/// answer alone.
fn agrees(expected: &Outcome, actual: &Outcome) -> bool {
    let read_once = actual
        .statuses
        .strip_prefix(&expected.statuses)
        .is_some_and(|rest| rest.is_empty() || rest == " 200");
    expected.forwarded == actual.forwarded && expected.closed == actual.closed && read_once
}

#[test]
fn every_recorded_case_has_the_recorded_outcome() {
    let Some(cases) = cases() else {
        println!("skipped: no recorded cases beside the repository");
        return;
    };
    assert!(cases.len() > 200, "the recording is whole");
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let (expected, actual) = (expected(case), actual(case, usize::MAX));
        let differs = !agrees(&expected, &actual);
        let listed = DIFFERENCES.iter().any(|(line, _)| *line == index + 1);
        if differs != listed {
            wrong.push(format!(
                "line {}: {}\n  expected {expected:?}\n  actual   {actual:?}",
                index + 1,
                case["sent"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// A head that arrives in pieces is judged as one that arrives whole. (Not so the body: HAProxy too has sent the head
/// when a bad chunk arrives later.)
#[test]
fn arrival_byte_by_byte_changes_no_verdict() {
    let Some(cases) = cases() else {
        println!("skipped: no recorded cases beside the repository");
        return;
    };
    for (index, case) in cases.iter().enumerate() {
        let (whole, pieces) = (actual(case, usize::MAX), actual(case, 1));
        assert_eq!(whole, pieces, "line {}: {}", index + 1, case["sent"]);
    }
}
