//! `bind` lines (manual 4.2, 5.1): the addresses, then options from a table. `stats socket` lines, `peers` and
//! `log-forward` sections have the same options and call [`options`] themselves.

mod account;
mod numbers;
mod option;
mod places;
mod tls;
mod words;

pub use option::{BindOption, OPTIONS};
pub use tls::CRT_LIST_OPTIONS;

pub(crate) use account::{group_id, user_id};
pub(crate) use option::find as find_option;
pub(crate) use option::is_mux_protocol;
pub(crate) use tls::{Certificates, NO_KTLS, NO_NPN, is_crt_list_option};

use std::sync::Arc;

use weir_registry::{Status, near};
use weir_syntax::Line;
use weir_syntax::address::AddressUse;
use weir_types::{Address, Diagnostic, Form, Level, ProxyKind};

use crate::keyword::Keyword;
use crate::model::{Bind, BindOptions};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::proxy::Half;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("bind", "[<address>]:<port_range> [, ...] [param*]", "A listening address (4.2).", bind)];

fn bind(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "bind")?;
    if parser.lacks(Half::Frontend, line, "bind") {
        return Ok(());
    }
    if line.word(1).is_empty() {
        let text = "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.";
        return line.fail(0, text);
    }
    let mut addresses =
        addresses(parser, line, AddressUse::Bind).or_else(|text| line.fail(1, format!("'bind' : {text}")))?;
    parser.global.unix_bind.apply(&mut addresses);
    let section = match parser.kind() {
        ProxyKind::Listen => "listen",
        _ => "frontend",
    };
    let title = format!("'bind {}' in section '{section}'", line.word(1));
    let options = options(parser, line, 2, &title)?;
    check_id(parser, line, &title, &options)?;
    refuse_quic(parser, line, &addresses)?;
    tls::settle(parser, line, &options)?;
    let text = parser.intern(line.word(1));
    let bind = Bind { addresses, text, options: Arc::new(options), span: line.span() };
    parser.frontend().binds.push(bind);
    Ok(())
}

/// The program without QUIC says so of the whole proxy.
fn refuse_quic(parser: &mut Parser<'_>, line: &Line<'_>, addresses: &[Address]) -> Outcome {
    if !addresses.iter().any(|address| address.quic) {
        return Ok(());
    }
    let (place, kind, name) = (parser.place(line), parser.kind(), parser.proxy().name.clone());
    let text = format!(
        "Binding [{place}] for {} {name}: this SSL library does not support the QUIC protocol. A limited compatibility \
         layer may be enabled using the \"limited-quic\" global option if desired.",
        kind.noun()
    );
    Err(proxy_fault(line, text))
}

/// The comma-separated addresses of the first word. The error is HAProxy's text.
pub(crate) fn addresses(
    parser: &Parser<'_>,
    line: &Line<'_>,
    usage: AddressUse,
) -> Result<Vec<Address>, String> {
    let list = line.word(1).split(',').filter(|text| !text.is_empty());
    list.map(|text| crate::host::parse(parser.files, text, usage)).collect()
}

/// Every option from the word `first` on. `title` is how messages name the line: `'bind :80' in section 'frontend'`.
pub(crate) fn options(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    first: usize,
    title: &str,
) -> Outcome<BindOptions> {
    let options = parser.global.unix_bind.options();
    options_over(parser, line, first, title, options)
}

/// The same over options that hold unless the line says otherwise.
pub(crate) fn options_over(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    first: usize,
    title: &str,
    mut options: BindOptions,
) -> Outcome<BindOptions> {
    let mut refused = None;
    let mut at = first;
    while at < line.len() {
        let name = line.word(at);
        let Some(row) = option::find(name) else { return unknown(line, at, title) };
        let place = words::Place { line, at, title };
        (row.parse)(parser, &place, &mut options)?;
        if row.status == Status::NotYet {
            refused = refused.or(Some(at));
        }
        at += 1 + usize::from(row.value);
    }
    match refused {
        Some(at) => line.not_yet(at, &format!("bind ... {}", line.word(at))),
        None => Ok(options),
    }
}

fn unknown<T>(line: &Line<'_>, at: usize, title: &str) -> Outcome<T> {
    let name = line.word(at);
    let text = match near(name, OPTIONS.iter().map(|row| row.name)) {
        Some(other) => format!("{title}: unknown keyword '{name}'; did you mean '{other}' maybe ?"),
        None => format!("{title}: unknown keyword '{name}'."),
    };
    line.fail(at, text)
}

/// Two lines of one proxy never share an `id`.
fn check_id(parser: &mut Parser<'_>, line: &Line<'_>, title: &str, options: &BindOptions) -> Outcome {
    let Some(id) = options.id else { return Ok(()) };
    let earlier = parser.frontend().binds.iter().find(|bind| bind.options.id == Some(id));
    let Some((text, span)) = earlier.map(|bind| (bind.text.clone(), bind.span)) else { return Ok(()) };
    let place = parser.place_of(span);
    line.fail(2, format!("{title} : 'id' : custom id {id} already used at {place} ('bind {text}')"))
}

/// A fault that concerns the whole proxy rather than the line.
pub(crate) fn proxy_fault(line: &Line<'_>, text: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Level::Alert, Form::Bare, Some(line.word_span(0)), text))
}
