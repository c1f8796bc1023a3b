//! The steps of `http-check` and `tcp-check` (manual 4.2): which there are, `connect`, variables, comments. Sending
//! and expecting stand in `check_send` and `check_expect`.

use weir_rules::parse::variable;
use weir_sample::{FormatMode, Phase, PhaseSet};
use weir_syntax::Line;
use weir_syntax::address::AddressUse;

use super::{check_expect, check_send};
use crate::expression;
use crate::model::{CheckStep, ConnectPort};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::integer;
use weir_types::AddressFamily;

/// Where the expressions of checks are evaluated.
pub(super) const CHECK: PhaseSet = PhaseSet::of(&[Phase::BeCheck]);

pub(super) fn http(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    match line.word(1) {
        "comment" => comment(line),
        "connect" => connect(parser, line),
        "send" => check_send::http(parser, line),
        "expect" => check_expect::expect(parser, line, true),
        name if is_variable(name) => set_variable(parser, line),
        other => {
            let known = "'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect'";
            line.fail(1, format!("'http-check' only supports {known}, {VARIABLES}. but got '{other}'"))
        }
    }
}

pub(super) fn tcp(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    match line.word(1) {
        "comment" => comment(line),
        "connect" => connect(parser, line),
        "send" | "send-lf" | "send-binary" | "send-binary-lf" => check_send::tcp(parser, line),
        "expect" => check_expect::expect(parser, line, false),
        name if is_variable(name) => set_variable(parser, line),
        other => {
            let known = "'comment', 'connect', 'send', 'send-binary', 'expect'";
            line.fail(1, format!("'tcp-check' only supports {known}, {VARIABLES}. but got '{other}'"))
        }
    }
}

const VARIABLES: &str = "'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'";

fn is_variable(name: &str) -> bool {
    ["set-var", "set-var-fmt", "unset-var"].into_iter().any(|verb| name.starts_with(verb))
}

/// A fault in a step: `'tcp-check STEP' : TEXT.`
pub(super) fn wrong<T>(line: &Line<'_>, word: usize, text: &str) -> Outcome<T> {
    line.fail(word, format!("'{} {}' : {text}.", line.keyword(), line.word(1)))
}

fn comment(line: &Line<'_>) -> Outcome<CheckStep> {
    match line.word(2) {
        "" => wrong(line, 1, "expects a string as argument"),
        text => Ok(CheckStep::Comment(text.into())),
    }
}

/// The argument of the option at `at`, which HAProxy calls `what` where it is missing.
pub(super) fn argument<'l>(line: &Line<'l>, at: usize, what: &str) -> Outcome<&'l str> {
    match line.word(at + 1) {
        "" => wrong(line, at, &format!("'{}' expects {what} as argument.", line.word(at))),
        value => Ok(value),
    }
}

/// A `connect` step while it is read.
#[derive(Default)]
struct Connect {
    port: Option<ConnectPort>,
    address: Option<std::net::IpAddr>,
    comment: Option<Box<str>>,
    send_proxy: bool,
    via_socks4: bool,
    ssl: bool,
    linger: bool,
    default: bool,
    sni: Option<Box<str>>,
    alpn: Option<Box<str>>,
    protocol: Option<Box<str>>,
}

fn connect(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    if line.keyword() == "tcp-check" && steps_before(parser) {
        let text = "first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a \
                    'comment', when there is a 'connect' step in the tcp-check ruleset";
        return wrong(line, 1, text);
    }
    let mut step = Connect::default();
    let mut at = 2;
    while at < line.len() {
        at += step.option(parser, line, at)?;
    }
    let Connect { port, address, comment, send_proxy, via_socks4, ssl, linger, default, sni, alpn, protocol } =
        step;
    let span = line.span();
    Ok(CheckStep::Connect {
        port,
        address,
        send_proxy,
        via_socks4,
        ssl,
        linger,
        sni,
        alpn,
        protocol,
        default,
        comment,
        span,
    })
}

/// Whether something was sent or expected without a connection of its own.
fn steps_before(parser: &mut Parser<'_>) -> bool {
    let steps = &parser.proxy().settings.check.steps;
    let first = steps.iter().find(|step| {
        !matches!(
            step,
            CheckStep::Comment(_)
                | CheckStep::SetVar { .. }
                | CheckStep::SetVarFormat { .. }
                | CheckStep::UnsetVar { .. }
        )
    });
    first.is_some_and(|first| !matches!(first, CheckStep::Connect { .. }))
}

impl Connect {
    /// Reads the option at `at`; how many words it took.
    fn option(&mut self, parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<usize> {
        match line.word(at) {
            "default" => self.default = true,
            "send-proxy" => self.send_proxy = true,
            "via-socks4" => self.via_socks4 = true,
            "ssl" => self.ssl = true,
            "linger" => self.linger = true,
            "port" => return self.port(parser, line, at),
            "addr" => {
                let text = argument(line, at, "<ipv4|ipv6>")?;
                let address = crate::host::parse(parser.files, text, AddressUse::Check)
                    .or_else(|fault| wrong(line, at + 1, &format!("'addr' : {fault}.")))?;
                let AddressFamily::Ip(ip) = address.family else {
                    return line.not_yet(at, "connect addr of a socket path");
                };
                self.address = Some(ip);
                return Ok(2);
            }
            "sni" => {
                self.sni = Some(argument(line, at, "a string")?.into());
                return Ok(2);
            }
            "alpn" if line.word(at + 1).is_empty() => {
                return wrong(line, at, "'alpn' : missing the comma-delimited ALPN protocol suite");
            }
            "alpn" => {
                self.alpn = Some(line.word(at + 1).into());
                return Ok(2);
            }
            "proto" => {
                let name = argument(line, at, "a MUX protocol")?;
                if !crate::bind::is_mux_protocol(name) {
                    return wrong(line, at + 1, &format!("'proto' : unknown MUX protocol '{name}'."));
                }
                self.protocol = Some(name.into());
                return Ok(2);
            }
            "comment" => {
                self.comment = Some(argument(line, at, "a string")?.into());
                return Ok(2);
            }
            other => {
                let text = format!(
                    "expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', \
                     'linger', 'default' but got '{other}' as argument."
                );
                return wrong(line, at, &text);
            }
        }
        Ok(1)
    }

    fn port(&mut self, parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<usize> {
        let text = argument(line, at, "a port number or a sample expression")?;
        match integer(text).map(u16::try_from) {
            Ok(Ok(port)) if port > 0 => {
                self.port = Some(ConnectPort::Number(port));
                Ok(2)
            }
            Ok(_) => {
                let text = format!(
                    "expects a valid TCP port (from range 1 to 65535) or a sample expression, got {text}."
                );
                wrong(line, at + 1, &text)
            }
            Err(_) => {
                let (expr, next) = expression::whole(parser, line, at + 1, CHECK).or_else(|text| {
                    wrong(line, at + 1, &format!("error detected while parsing port expression : {text}"))
                })?;
                self.port = Some(ConnectPort::Expr(expr));
                Ok(next - at)
            }
        }
    }
}

fn set_variable(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    let word = line.word(1);
    let verb = word.split('(').next().unwrap_or("");
    let named = |text: String| format!("'{verb}' : {text}");
    let (variable, conditions) = variable(word, 1).or_else(|error| wrong(line, 1, &named(error.text)))?;
    let span = line.span();
    match verb {
        "unset-var" => Ok(CheckStep::UnsetVar { variable, span }),
        "set-var-fmt" => {
            let value = expression::format(parser, line, 2, FormatMode::Tcp)
                .or_else(|text| wrong(line, 2, &named(text)))?;
            Ok(CheckStep::SetVarFormat { variable, conditions, value, span })
        }
        _ if line.word(2).is_empty() => wrong(line, 1, &named("missing fetch method".into())),
        _ => {
            let (value, _) =
                expression::whole(parser, line, 2, CHECK).or_else(|text| wrong(line, 2, &named(text)))?;
            Ok(CheckStep::SetVar { variable, conditions, value, span })
        }
    }
}
