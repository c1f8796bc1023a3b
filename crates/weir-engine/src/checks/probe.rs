//! A backend's check as the plan has it, in the form that `weir-check` runs.

use std::sync::Arc;

use weir_check::{Expect, HttpProbe, HttpRequest, Pattern, Probe};
use weir_plan::settings::{Check, CheckKind, HttpCheckExpect, HttpCheckSend};

pub fn of(check: &Check) -> Probe {
    match &check.kind {
        CheckKind::Connect => Probe::Connect,
        CheckKind::Http { send, expect } => Probe::Http(Arc::new(HttpProbe {
            request: request(send),
            expect: expect.iter().map(expectation).collect(),
            disable_on_404: check.disable_on_404,
        })),
    }
}

fn request(send: &HttpCheckSend) -> HttpRequest {
    let text = |(name, value): &(Box<str>, Box<str>)| (name.to_string(), value.to_string());
    HttpRequest {
        method: send.method.to_string(),
        uri: send.uri.to_string(),
        version: send.version.to_string(),
        headers: send.headers.iter().map(text).collect(),
        body: send.body.to_vec(),
    }
}

fn expectation(expect: &HttpCheckExpect) -> Expect {
    let (negated, pattern) = match expect {
        HttpCheckExpect::Status { negated, ranges } => (*negated, Pattern::Status(ranges.clone())),
        HttpCheckExpect::StatusRegex { negated, pattern } => {
            (*negated, Pattern::StatusRegex(pattern.clone()))
        }
        HttpCheckExpect::Body { negated, text } => (*negated, Pattern::Body(text.to_vec())),
        HttpCheckExpect::BodyRegex { negated, pattern } => (*negated, Pattern::BodyRegex(pattern.clone())),
    };
    Expect { negated, pattern }
}
