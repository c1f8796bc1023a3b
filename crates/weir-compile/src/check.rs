//! What the servers' health checks do, shared by the backends that share the written plan.

use std::collections::HashMap;
use std::sync::Arc;

use weir_config::model::{CheckPlan, CheckProtocol, CheckStep, ExpectMatch, Settings};
use weir_plan::settings::{Check, CheckKind, HttpCheckExpect, HttpCheckSend};
use weir_sample::{Format, Named};
use weir_types::Span;

use crate::resolver::Resolver;
use crate::settings::not_yet;

#[derive(Default)]
pub struct Shared {
    by_source: HashMap<*const CheckPlan, Arc<Check>>,
}

impl Shared {
    pub fn compile(&mut self, settings: &Settings, resolver: &mut Resolver<'_, '_>) -> Arc<Check> {
        let key = Arc::as_ptr(&settings.check);
        if let Some(check) = self.by_source.get(&key) {
            return check.clone();
        }
        let check = Arc::new(compile(&settings.check, resolver));
        self.by_source.insert(key, check.clone());
        check
    }
}

fn compile(plan: &CheckPlan, resolver: &mut Resolver<'_, '_>) -> Check {
    let kind = match &plan.protocol {
        CheckProtocol::Http { method, uri, version, .. } => {
            http(plan, method.as_deref(), uri.as_deref(), version.as_deref(), resolver)
        }
        _ => CheckKind::Connect,
    };
    Check { kind, disable_on_404: plan.disable_on_404, send_state: plan.send_state }
}

fn http(
    plan: &CheckPlan,
    method: Option<&str>,
    uri: Option<&str>,
    version: Option<&str>,
    resolver: &mut Resolver<'_, '_>,
) -> CheckKind {
    let mut send = HttpCheckSend {
        method: method.unwrap_or("OPTIONS").into(),
        uri: uri.unwrap_or("/").into(),
        version: version.unwrap_or("HTTP/1.0").into(),
        headers: Vec::new(),
        body: Arc::from(&b""[..]),
    };
    let mut expect = Vec::new();
    for step in &plan.steps {
        match step {
            CheckStep::HttpSend { method, uri, version, headers, body, span } => {
                take(&mut send.method, method.as_deref());
                take(&mut send.version, version.as_deref());
                if let Some(uri) = uri {
                    send.uri = literal(uri, *span, resolver);
                }
                for (name, value) in headers {
                    send.headers.push((name.clone(), literal(value, *span, resolver)));
                }
                if let Some(body) = body {
                    send.body = Arc::from(literal(body, *span, resolver).as_bytes());
                }
            }
            CheckStep::Expect { negated, matching, span, .. } => {
                expect.extend(expectation(*negated, matching, *span, resolver));
            }
            CheckStep::Comment(_) => {}
            CheckStep::Connect { span, .. } => unsupported("http-check connect", *span, resolver),
            CheckStep::SetVar { span, .. } | CheckStep::SetVarFormat { span, .. } => {
                unsupported("http-check set-var", *span, resolver);
            }
            CheckStep::UnsetVar { span, .. } => unsupported("http-check unset-var", *span, resolver),
            CheckStep::TcpSend { span, .. } | CheckStep::TcpSendBinary { span, .. } => {
                unsupported("tcp-check send", *span, resolver);
            }
        }
    }
    CheckKind::Http { send, expect }
}

fn take(to: &mut Box<str>, from: Option<&str>) {
    if let Some(from) = from {
        *to = from.into();
    }
}

/// A format whose text is known when the plan is made.
fn literal(format: &Format<Named>, span: Span, resolver: &mut Resolver<'_, '_>) -> Box<str> {
    match format.constant() {
        Some(text) => text.into(),
        None => {
            unsupported("http-check send with a sample expression", span, resolver);
            "".into()
        }
    }
}

fn expectation(
    negated: bool,
    matching: &ExpectMatch,
    span: Span,
    resolver: &mut Resolver<'_, '_>,
) -> Option<HttpCheckExpect> {
    Some(match matching {
        ExpectMatch::Status(ranges) => HttpCheckExpect::Status { negated, ranges: ranges.clone() },
        ExpectMatch::StatusRegex(pattern) => {
            HttpCheckExpect::StatusRegex { negated, pattern: pattern.clone() }
        }
        ExpectMatch::Body(text) => HttpCheckExpect::Body { negated, text: Arc::from(&**text) },
        ExpectMatch::BodyRegex(pattern) => HttpCheckExpect::BodyRegex { negated, pattern: pattern.clone() },
        _ => {
            unsupported("this form of 'http-check expect'", span, resolver);
            return None;
        }
    })
}

fn unsupported(what: &str, span: Span, resolver: &mut Resolver<'_, '_>) {
    not_yet(resolver, span, format!("{what} is not supported by weir yet."));
}
