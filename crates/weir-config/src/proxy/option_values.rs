//! Options with arguments: `forwardfor`, `redispatch`, the log formats (manual 4.2). Those of health checks stand in
//! `option_checks`.

use std::net::IpAddr;
use std::sync::Arc;

use weir_plan::settings::{AddressHeader, Forwarded, ForwardedPart as Part, HttpRestrict, Redispatch};
use weir_sample::{Expr, Named, Phase, PhaseSet};
use weir_syntax::Line;
use weir_types::Form;

use super::option_checks::{
    external_check, httpchk, mysql_check, pgsql_check, plain_check, smtpchk, tcp_check,
};
use super::scope::Half;
use crate::expression;
use crate::model::LogFormat;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, Prefix};
use crate::value::prefix;

/// An option that reads its own arguments.
pub(super) struct ValueRow {
    pub name: &'static str,
    pub parse: fn(&mut Parser<'_>, &Line<'_>) -> Outcome,
}

const fn row(name: &'static str, parse: fn(&mut Parser<'_>, &Line<'_>) -> Outcome) -> ValueRow {
    ValueRow { name, parse }
}

pub(super) const VALUES: &[ValueRow] = &[
    row("forwardfor", forwardfor),
    row("originalto", originalto),
    row("forwarded", forwarded),
    row("http-restrict-req-hdr-names", restrict_names),
    row("httplog", httplog),
    row("httpslog", httpslog),
    row("tcplog", tcplog),
    row("tcpka", tcpka),
    row("httpchk", httpchk),
    row("tcp-check", tcp_check),
    row("smtpchk", smtpchk),
    row("mysql-check", mysql_check),
    row("pgsql-check", pgsql_check),
    row("redis-check", plain_check),
    row("ldap-check", plain_check),
    row("ssl-hello-chk", plain_check),
    row("spop-check", plain_check),
    row("external-check", external_check),
];

/// The check that `type` of a `healthcheck` section names at word 1, as the option of that name is read.
pub(crate) fn check_protocol(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match VALUES.iter().find(|row| row.name == line.word(1)) {
        Some(row) => (row.parse)(parser, line),
        None => Ok(()),
    }
}

pub(super) fn redispatch(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "redispatch") {
        return Ok(());
    }
    let value = match parser.prefix {
        Prefix::None if line.word(2).is_empty() => Redispatch::Every(-1),
        Prefix::None => Redispatch::Every(i32::try_from(prefix(line.word(2)).0).unwrap_or(0)),
        _ => Redispatch::Off,
    };
    if parser.proxy().settings.options.redispatch != value {
        parser.switches().redispatch = value;
    }
    Ok(())
}

/// The options that HAProxy's message lists for each of the two.
const FORWARDFOR: (&str, &str) = ("forwardfor", "'except', 'header' and 'if-none'");
const ORIGINALTO: (&str, &str) = ("originalto", "'except' and 'header'");

fn forwardfor(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let header = address_header(line, FORWARDFOR, "x-forwarded-for")?;
    parser.switches().forwardfor = Some(header);
    Ok(())
}

fn originalto(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let header = address_header(line, ORIGINALTO, "x-original-to")?;
    parser.switches().originalto = Some(header);
    Ok(())
}

fn address_header(line: &Line<'_>, (option, known): (&str, &str), default: &str) -> Outcome<AddressHeader> {
    let mut header = AddressHeader { header: default.into(), except: None, if_none: false };
    let mut at = 2;
    while at < line.len() {
        match line.word(at) {
            "except" => {
                let Some(network) = network(line.word(at + 1)) else {
                    return line.fail(
                        at + 1,
                        format!("'option {option} except' expects <address>[/mask] as argument."),
                    );
                };
                header.except = Some(network);
                at += 2;
            }
            "header" => {
                let name = line.word(at + 1);
                if name.is_empty() {
                    return line
                        .fail(at, format!("'option {option} header' expects <header_name> as argument."));
                }
                header.header = name.to_ascii_lowercase().into();
                at += 2;
            }
            "if-none" if option == "forwardfor" => {
                header.if_none = true;
                at += 1;
            }
            _ => return line.fail(at, format!("'option {option}' only supports optional values: {known}.")),
        }
    }
    Ok(header)
}

/// `ADDRESS[/LENGTH|/MASK]`.
pub(crate) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = match mask {
        None => most,
        Some(mask) => match mask.parse::<u8>() {
            Ok(length) if length <= most => length,
            _ => dotted_length(mask)?,
        },
    };
    Some((address, length))
}

fn dotted_length(mask: &str) -> Option<u8> {
    let bits = u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?);
    let length = bits.leading_ones();
    (bits.checked_shl(length).unwrap_or(0) == 0).then(|| u8::try_from(length).ok()).flatten()
}

/// `option forwarded` and `no option forwarded`.
pub(super) fn forwarded(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.lacks(Half::Backend, line, "option forwarded") {
        return Ok(());
    }
    if parser.prefix != Prefix::None {
        parser.settings().forwarded = None;
        return Ok(());
    }
    let mut option = Forwarded::nothing();
    if line.len() == 2 {
        option = Forwarded::usual();
    }
    let mut at = 2;
    while at < line.len() {
        let word = line.word(at);
        let (name, by_expression) = match word.strip_suffix("-expr") {
            Some(name) if name != "proto" => (name, true),
            _ => (word, false),
        };
        let part = match name {
            "proto" => {
                option.proto = true;
                at += 1;
                continue;
            }
            "host" => &mut option.host,
            "by" => &mut option.by,
            "by_port" => &mut option.by_port,
            "for" => &mut option.source,
            "for_port" => &mut option.source_port,
            _ => {
                let text = "'option forwarded' only supports optional values: 'proto', 'host', 'host-expr', 'by', \
                            'by-expr', 'by_port', 'by_port-expr', 'for', 'for-expr', 'for_port' and 'for_port-expr'.";
                return line.fail(at, text);
            }
        };
        at += 1;
        *part = Part::Own;
        if by_expression {
            *part = Part::Expr(forwarded_expression(parser, line, at)?);
            at += 1;
        }
    }
    for (port, node, name) in
        [(&option.by_port, &option.by, "by"), (&option.source_port, &option.source, "for")]
    {
        if !port.is_none() && node.is_none() {
            let why = format!("because both '{name}' and '{name}-expr' are unset");
            let text = format!("'option forwarded' : '{name}_port-expr' will be ignored {why}");
            parser.push(line.warning(0, text));
        }
    }
    parser.settings().forwarded = Some(Arc::new((option, line.span())));
    Ok(())
}

/// Where the header is made: the backend's rules were met.
const FORWARDED: PhaseSet = PhaseSet::of(&[Phase::BeHttpHeader, Phase::FeHttpHeader]);

fn forwarded_expression(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<Expr<Named>> {
    let word = line.word(at);
    if word.is_empty() {
        let text = format!("'{}' expects <expr> as argument.", line.word(at - 1));
        return line.fail_tight(at - 1, text);
    }
    expression::word(parser, line, at, FORWARDED).map_err(|error| {
        let (title, place) = (parser.title(), parser.place(line));
        let text = format!(
            "{title} [{place}]: failed to parse 'option forwarded' expression '{word}' in : {error}."
        );
        Box::new(line.alert(at, text).with_form(Form::Bare))
    })
}

fn restrict_names(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    const EXPECTS: &str =
        "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.";
    let value = match line.word(2) {
        "" => return line.fail(1, format!("missing parameter. {EXPECTS}")),
        "preserve" => HttpRestrict::Preserve,
        "reject" => HttpRestrict::Reject,
        "delete" => HttpRestrict::Delete,
        other => return line.fail(2, format!("invalid parameter '{other}'. {EXPECTS}")),
    };
    parser.switches().restrict_header_names = Some(value);
    Ok(())
}

fn set_log_format(parser: &mut Parser<'_>, line: &Line<'_>, format: LogFormat) {
    if parser.kind() == weir_types::ProxyKind::Backend {
        let (title, name) = (parser.title(), line.word(1));
        parser.push(line.warning(1, format!("{title} : 'option {name}' directive is ignored in backends.")));
        return;
    }
    super::logs::replace_format(parser, line, format);
}

fn httplog(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let format = match line.word(2) {
        "" => LogFormat::Http(line.span()),
        "clf" => LogFormat::Clf(line.span()),
        _ => return line.fail(2, "keyword 'httplog' only supports option 'clf'."),
    };
    parser.at_most_named(line, 3, "option httplog")?;
    set_log_format(parser, line, format);
    Ok(())
}

fn httpslog(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    set_log_format(parser, line, LogFormat::Https(line.span()));
    Ok(())
}

fn tcplog(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let format = match line.word(2) {
        "clf" => LogFormat::TcpClf(line.span()),
        _ => LogFormat::Tcp(line.span()),
    };
    let most = if matches!(format, LogFormat::TcpClf(_)) { 3 } else { 2 };
    parser.at_most_named(line, most, "option tcplog")?;
    set_log_format(parser, line, format);
    Ok(())
}

fn tcpka(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most_named(line, 2, "option tcpka")?;
    let kind = parser.kind();
    let both = parser.in_defaults();
    let options = parser.switches();
    options.clitcpka |= both || kind.has_frontend();
    options.srvtcpka |= both || kind.has_backend();
    Ok(())
}
