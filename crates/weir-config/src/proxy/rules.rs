//! Rule lines: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`,
//! `quic-initial`, `redirect` (manual 4.3, 4.4). The actions themselves are read by `weir-rules`.

use weir_rules::Reply;
use weir_sample::Named;
use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[];

pub(super) fn stats_rule(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    line.not_yet(1, "stats http-request")
}

pub(super) fn http_error_reply(
    _: &mut Parser<'_>,
    _: &Line<'_>,
    _: &[&str],
) -> Result<Reply<Named>, (usize, String)> {
    Err((1, "not read yet".into()))
}

/// Warns where earlier lines of this section are met later than this one: HAProxy's order is by kind, not by place.
pub(super) fn warn_order(_: &mut Parser<'_>, _: &Line<'_>, _: &str) {}
