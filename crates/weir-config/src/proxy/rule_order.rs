//! Rules of different kinds are met in the order of their kinds, not of their lines: the warning about it.

use weir_syntax::Line;

use crate::model::Rules;
use crate::outcome::Report;
use crate::parser::Parser;

/// What each kind of rule is met before, in the order in which a stream meets them.
const ORDER: &[&str] = &[
    "tcp-request connection",
    "tcp-request session",
    "tcp-request content",
    "monitor fail",
    "http-request",
    "redirect",
    "use_backend",
    "use-server",
];

fn stands(parser: &mut Parser<'_>, kind: &str) -> bool {
    let proxy = parser.proxy();
    let rules = proxy.rules.as_deref();
    let any = |list: fn(&Rules) -> bool| rules.is_some_and(list);
    match kind {
        "tcp-request session" => any(|rules| !rules.tcp_request_session.is_empty()),
        "tcp-request content" => any(|rules| !rules.tcp_request_content.is_empty()),
        "monitor fail" => proxy.frontend.as_ref().is_some_and(|parts| !parts.monitor_fail.is_empty()),
        "http-request" => any(|rules| !rules.http_request.is_empty()),
        "redirect" => any(|rules| !rules.redirect.is_empty()),
        "use_backend" => proxy.frontend.as_ref().is_some_and(|parts| !parts.use_backend.is_empty()),
        "use-server" => proxy.backend.as_ref().is_some_and(|parts| !parts.use_server.is_empty()),
        _ => false,
    }
}

/// Warns where earlier lines of this section are met later than this one: HAProxy's order is by kind, not by place.
pub(super) fn warn_order(parser: &mut Parser<'_>, line: &Line<'_>, kind: &str) {
    let own = ORDER.iter().position(|known| *known == kind).unwrap_or(ORDER.len());
    let later = ORDER.iter().skip(own + 1).find(|later| stands(parser, later));
    if let Some(later) = later {
        let article = if *later == "http-request" { "an" } else { "a" };
        let text =
            format!("a '{kind}' rule placed after {article} '{later}' rule will still be processed before.");
        parser.push(line.warning(0, text));
    }
}
