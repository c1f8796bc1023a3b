//! The header line that named sections share: `KEYWORD NAME`.

use std::sync::Arc;

use weir_syntax::address::AddressError;
use weir_syntax::time::{self, Unit};
use weir_syntax::{Line, name};
use weir_types::{Address, AddressFamily, Diagnostic, Form, Level, Span};

use crate::files::Files;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// The name behind the section's keyword. What follows it is not looked at: some sections refuse it, some do not.
pub(crate) fn named(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<Arc<str>> {
    let keyword = line.keyword();
    if line.word(1).is_empty() {
        return line.fail(0, format!("missing name for {keyword} section."));
    }
    if let Err(wrong) = name::check(line.word(1)) {
        return line.fail(1, wrong.within(format_args!("'{keyword}'"), line.word(1)));
    }
    Ok(parser.intern(line.word(1)))
}

/// The name of a server within such a section: a mailer, a nameserver.
pub(crate) fn server_name(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<Arc<str>> {
    match name::check(line.word(1)) {
        Ok(()) => Ok(parser.intern(line.word(1))),
        Err(wrong) => line.fail(1, wrong.within("server", line.word(1))),
    }
}

/// `Parsing [file:line]: TEXT (declared at OTHER)`-like alerts; the whole text is the caller's.
pub(crate) fn duplicate<T>(at: Span, text: String) -> Outcome<T> {
    Err(Box::new(Diagnostic::new(Level::Alert, Form::ParsingCapital, Some(at), text)))
}

/// The milliseconds of `timeout EVENT TIME` in a section other than a proxy.
pub(crate) fn timeout(line: &Line<'_>, event: &str, value: &str) -> Outcome<u32> {
    let title = format!("timeout {event}");
    if value.is_empty() {
        return line.fail(1, format!("'{title}' expects <time> as argument."));
    }
    time::parse(value, Unit::Millisecond).or_else(|fault| {
        let place = format!("argument to <{title}>.");
        line.fail_tight(2, fault.bracketed(value, &title, Unit::Millisecond, place))
    })
}

/// Whether the host of an address that HAProxy looks up while it reads the line has an address.
pub(crate) fn resolves(parser: &Parser<'_>, address: &Address) -> bool {
    match &address.family {
        AddressFamily::Name(host) => parser.files.address(host, address.only).is_some(),
        _ => true,
    }
}

/// What is said of a host that has no address.
pub(crate) fn unresolved(address: &Address, text: &str) -> AddressError {
    let host = match &address.family {
        AddressFamily::Name(host) => host,
        _ => "",
    };
    AddressError::unknown_host(host, text)
}
