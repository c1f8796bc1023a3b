//! `timeout ...` (manual 4.2) in milliseconds, and what followed the removed `clitimeout` family's names.

use weir_plan::settings::Timeouts;
use weir_syntax::Line;
use weir_syntax::time::{self, Unit};

use super::scope::Half;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("timeout", "<event> <timeout>", "How long each phase may take (4.2).", timeout).listed()];

type Field = fn(&mut Timeouts) -> &mut Option<u32>;

/// Name, the half it needs, where it is kept.
const EVENTS: &[(&str, Option<Half>, Field)] = &[
    ("client", Some(Half::Frontend), |timeouts| &mut timeouts.client),
    ("server", Some(Half::Backend), |timeouts| &mut timeouts.server),
    ("connect", Some(Half::Backend), |timeouts| &mut timeouts.connect),
    ("check", Some(Half::Backend), |timeouts| &mut timeouts.check),
    ("queue", Some(Half::Backend), |timeouts| &mut timeouts.queue),
    ("handshake", None, |timeouts| &mut timeouts.handshake),
    ("http-keep-alive", None, |timeouts| &mut timeouts.http_keep_alive),
    ("http-request", None, |timeouts| &mut timeouts.http_request),
    ("tunnel", Some(Half::Backend), |timeouts| &mut timeouts.tunnel),
    ("tarpit", None, |timeouts| &mut timeouts.tarpit),
    ("client-fin", Some(Half::Frontend), |timeouts| &mut timeouts.client_fin),
    ("server-fin", Some(Half::Backend), |timeouts| &mut timeouts.server_fin),
    ("client-hs", Some(Half::Frontend), |timeouts| &mut timeouts.client_hs),
];

const SUPPORTED: &str = "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'handshake', \
                         'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin'";

const REMOVED: &[(&str, &str)] =
    &[("clitimeout", "client"), ("srvtimeout", "server"), ("contimeout", "connect")];

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = line.word(1);
    if let Some((old, new)) = REMOVED.iter().find(|(old, _)| *old == name) {
        return line.fail(1, removed(old, new));
    }
    let Some((_, half, field)) = EVENTS.iter().find(|(event, ..)| *event == name) else {
        return line.fail(1, format!("{SUPPORTED} (got '{name}')"));
    };
    if line.len() < 3 {
        return line.fail(1, format!("'timeout {name}' expects an integer value (in milliseconds)"));
    }
    let text = line.word(2);
    let title = format!("timeout {name}");
    let value = time::parse(text, Unit::Millisecond)
        .or_else(|fault| line.fail(2, fault.quoted(text, &title, Unit::Millisecond, format!("'{title}'"))))?;
    if line.len() > 3 {
        let extra = line.word(3);
        let text =
            format!("'timeout {name}' : unexpected extra argument '{extra}' after value '{}'.", line.word(2));
        return line.fail(3, text);
    }
    set(parser, line, *half, *field, value);
    Ok(())
}

fn set(parser: &mut Parser<'_>, line: &Line<'_>, half: Option<Half>, field: Field, value: u32) {
    let name = line.word(1);
    let inherited = parser.proxy().defaults.as_ref().map(|parent| parent.settings.timeouts.clone());
    let known = *field(&mut parser.settings().timeouts);
    let from_parent = inherited.and_then(|mut timeouts| *field(&mut timeouts));
    if let Some(half) = half {
        parser.warn_ignored(half, line, &format!("'timeout {name}'"));
    }
    if known.is_some() && known != from_parent {
        parser.push(line.warning(1, format!("overwriting 'timeout {name}' which was already specified")));
    }
    *field(&mut parser.settings().timeouts) = Some(value);
}

/// What is said of the keywords that `timeout` replaced.
pub(super) fn removed(old: &str, new: &str) -> String {
    format!("the '{old}' directive is not supported anymore since HAProxy 2.1. Use 'timeout {new}'.")
}
