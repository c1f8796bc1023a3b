//! What a parsed request says of itself, against what HAProxy 3.4's fetches said of the same bytes
//! (`oracle/requests.tsv`, `oracle/fetches.tsv`).

use std::collections::HashMap;
use std::path::PathBuf;

use weir_http::{Limits, Request, Status, parse_request};

fn table(name: &str) -> Option<Vec<Vec<String>>> {
    let shared = std::env::var_os("WEIR_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let text = std::fs::read_to_string(shared.join("oracle").join(name)).ok()?;
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

/// Requests whose values the recording could not see: answers to HEAD have no body, and every row of OPTIONS `*`
/// reads `UNDEF`, its method included.
const UNSEEN: &[&str] = &["6", "7"];

/// The recorded request, with the header that the recording appended to each.
fn request_bytes(recorded: &str, number: &str) -> Vec<u8> {
    let head = recorded.split("BODY:").next().expect("a head").replace("\\r\\n", "\r\n");
    format!("{head}X-N: {number}\r\n\r\n").into_bytes()
}

/// The answer in the recording's form for the fetches that the message type itself can give.
fn answer(request: &Request, expression: &str) -> Option<Option<Vec<u8>>> {
    let headers = &request.headers;
    let number = |number: usize| Some(format!("{number:016X}").into_bytes());
    let absent_if_empty = |text: &[u8]| (!text.is_empty()).then(|| hex(text));
    if let Some((function, arguments)) = expression.strip_suffix(')').and_then(|call| call.split_once('(')) {
        let (name, occurrence) = arguments.split_once(',').unwrap_or((arguments, "-1"));
        let (name, occurrence) = (name.as_bytes(), occurrence.parse().ok()?);
        return Some(match function {
            "req.hdr" | "hdr" => headers.nth_element(name, occurrence).map(hex),
            "req.fhdr" => headers.nth_value(name, occurrence).map(hex),
            "req.hdr_cnt" => number(headers.elements(name).count()),
            "req.fhdr_cnt" => number(headers.values(name).count()),
            _ => return None,
        });
    }
    Some(match expression {
        "method" => Some(hex(request.method_bytes())),
        "url" => Some(hex(request.target())),
        "path" => absent_if_empty(request.path()),
        "pathq" => absent_if_empty(request.uri().path_and_query()),
        "query" => request.query().map(hex),
        "req.ver" | "req_ver" => Some(hex(&request.version().to_string().as_bytes()[5..])),
        "req.fhdr_cnt" => number(headers.len()),
        "req.hdr_names" => {
            let names: Vec<&[u8]> = headers.iter().map(|header| header.name).collect();
            Some(hex(&names.join(&b","[..])))
        }
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}

#[test]
fn requests_say_what_they_said_under_haproxy() {
    let (Some(requests), Some(fetches)) = (table("requests.tsv"), table("fetches.tsv")) else {
        println!("skipped: no recorded fetches beside the repository");
        return;
    };
    let mut parsed = HashMap::new();
    for row in &requests {
        let mut request = Request::new();
        let status = parse_request(&request_bytes(&row[1], &row[0]), &Limits::default(), &mut request);
        parsed.insert(row[0].clone(), status.map(|status| (status, request)));
    }
    let mut compared = 0;
    for row in &fetches {
        let [expression, number, result] = &row[..] else { continue };
        if UNSEEN.contains(&number.as_str()) {
            continue;
        }
        match (&parsed[number], result.as_str()) {
            (Err(error), _) => assert_eq!(format!("STATUS{}", error.request_status()), *result, "{row:?}"),
            (Ok((Status::Complete { .. }, request)), _) => {
                let Some(answer) = answer(request, expression) else { continue };
                let answer = answer.unwrap_or_else(|| b"UNDEF".to_vec());
                assert_eq!(String::from_utf8_lossy(&answer), *result, "{row:?}");
                compared += 1;
            }
            (other, _) => panic!("{other:?} for {row:?}"),
        }
    }
    assert!(compared > 300, "only {compared} values were compared");
}
