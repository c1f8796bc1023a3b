//! The steps of `http-check` and `tcp-check` (manual 4.2): connect, send, expect, variables, comments.

use weir_syntax::Line;

use crate::model::CheckStep;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub(super) fn http(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    line.not_yet(1, "http-check")
}

pub(super) fn tcp(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    line.not_yet(1, "tcp-check")
}
