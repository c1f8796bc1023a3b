//! Whether what has come meets an expectation.

use weir_sample::{Format, Resolved};

use crate::custom::Judgement;
use crate::expect::{Expect, HeaderPattern, Pattern, contains, from_hexadecimal, hexadecimal};
use crate::http::{Answer, Reading};
use crate::scene::Scene;
use crate::status::CheckStatus;

pub(crate) enum Verdict {
    More,
    /// `info` `None`: as every success of its language.
    Met {
        status: CheckStatus,
        code: u16,
        info: Option<String>,
    },
    Failed {
        status: CheckStatus,
        code: u16,
        info: String,
    },
}

/// `last`: no more will come; `number`: of the step, for the words of a failure.
pub(crate) fn judge(expect: &Expect, scene: &Scene<'_>, last: bool, number: usize) -> Verdict {
    match (&expect.pattern, scene.reading) {
        (Pattern::Custom(custom), _) => {
            if let Some(status) = custom.empty.filter(|_| last && scene.received.is_empty()) {
                let info = format!("TCPCHK got an empty response at step {number}");
                return Verdict::Failed { status, code: 0, info };
            }
            match (custom.judge)(scene.received, last) {
                Judgement::More => Verdict::More,
                Judgement::Right { code, info } => {
                    Verdict::Met { status: custom.success, code, info: Some(info) }
                }
                Judgement::Wrong { status, code, info } => Verdict::Failed { status, code, info },
            }
        }
        (_, Some(Reading::Head(answer))) => http(expect, scene, answer, number),
        _ => bytes(expect, scene, last, number),
    }
}

fn bytes(expect: &Expect, scene: &Scene<'_>, last: bool, number: usize) -> Verdict {
    let received = scene.received;
    let failed = |info| Verdict::Failed { status: expect.failure(), code: 0, info };
    if last && received.is_empty() {
        return failed(format!("TCPCHK got an empty response at step {number}"));
    }
    // Waited for in any case where a least amount is asked for, else only as long as nothing is found.
    if !last && expect.min_recv.is_some() && received.len() < expect.least() {
        return Verdict::More;
    }
    let found = match &expect.pattern {
        Pattern::Text(text) | Pattern::Binary(text) => contains(received, text),
        Pattern::Regex(regex) => regex.is_match(received),
        Pattern::BinaryRegex(regex) => regex.is_match(hexadecimal(received).as_bytes()),
        Pattern::Format(format) => contains(received, &scene.write(format)),
        Pattern::BinaryFormat(format) => {
            from_hexadecimal(&scene.write(format)).is_some_and(|bytes| contains(received, &bytes))
        }
        Pattern::Status(_) | Pattern::StatusRegex(_) | Pattern::Header(_) | Pattern::Custom(_) => false,
    };
    match (found, expect.negated) {
        (false, _) if !last && expect.min_recv.is_none() => Verdict::More,
        (true, false) | (false, true) => Verdict::Met { status: expect.ok_status, code: 0, info: None },
        (false, false) => failed(format!("TCPCHK did not match {} at step {number}", expect.content())),
        (true, true) => failed(format!("TCPCHK matched unwanted {} at step {number}", expect.content())),
    }
}

fn http(expect: &Expect, scene: &Scene<'_>, answer: &Answer, number: usize) -> Verdict {
    let write = |format: &Format<Resolved>| scene.write(format);
    let found = match &expect.pattern {
        Pattern::Status(ranges) => {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&answer.status))
        }
        Pattern::StatusRegex(regex) => regex.is_match(answer.status.to_string().as_bytes()),
        Pattern::Header(pattern) => has_header(pattern, answer, &write),
        _ => return http_body(expect, scene, answer),
    };
    if found != expect.negated {
        return Verdict::Met { status: expect.ok_status, code: answer.status, info: None };
    }
    let info = match answer.reason.is_empty() {
        false => answer.reason.clone(),
        true => format!("TCPCHK did not match {} at step {number}", expect.content()),
    };
    Verdict::Failed { status: expect.failure(), code: answer.status, info }
}

fn http_body(expect: &Expect, scene: &Scene<'_>, answer: &Answer) -> Verdict {
    let body = &answer.body[..];
    let failed =
        |info: &str| Verdict::Failed { status: expect.failure(), code: answer.status, info: info.to_owned() };
    if body.is_empty() {
        return match answer.complete {
            true => failed("HTTP content check could not find a response body"),
            false => Verdict::More,
        };
    }
    if !answer.complete && expect.min_recv.is_some() && body.len() < expect.least() {
        return Verdict::More;
    }
    let found = match &expect.pattern {
        Pattern::Text(text) | Pattern::Binary(text) => contains(body, text),
        Pattern::Regex(regex) => regex.is_match(body),
        Pattern::BinaryRegex(regex) => regex.is_match(hexadecimal(body).as_bytes()),
        Pattern::Format(format) => contains(body, &scene.write(format)),
        _ => false,
    };
    match (found, expect.negated) {
        (false, _) if !answer.complete => Verdict::More,
        (true, false) | (false, true) => {
            Verdict::Met { status: expect.ok_status, code: answer.status, info: None }
        }
        (false, false) => failed("HTTP content check did not match"),
        (true, true) => failed("HTTP check matched unwanted content"),
    }
}

fn has_header(
    pattern: &HeaderPattern,
    answer: &Answer,
    write: &dyn Fn(&Format<Resolved>) -> Vec<u8>,
) -> bool {
    answer.response.headers.iter().any(|header| {
        let Some(value) = &pattern.value else { return pattern.name.matches(header.name, true, write) };
        if !pattern.name.matches(header.name, true, write) {
            return false;
        }
        match pattern.full {
            true => value.matches(header.value, false, write),
            false => header
                .value
                .split(|byte| *byte == b',')
                .any(|element| value.matches(element.trim_ascii(), false, write)),
        }
    })
}
