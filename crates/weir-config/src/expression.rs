//! Expressions, conditions and formats inside lines: `weir-sample` reads them, their errors become texts for the
//! keyword's own message.

use weir_sample::{Acl, Condition, Expr, Format, FormatMode, Named, PhaseSet};
use weir_syntax::Line;

use crate::parser::Parser;

/// `if`/`unless` at `word` and what follows, to the end of the line.
pub(crate) fn condition_of(
    _: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
) -> Result<Condition<Named>, String> {
    Err(format!("no such ACL : '{}'", line.word(word + 1)))
}

/// The format in one word.
pub(crate) fn format(
    _: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    _: FormatMode,
) -> Result<Format<Named>, String> {
    Err(format!("cannot read '{}'", line.word(word)))
}

/// The expression that begins at `word`, and the word behind it.
pub(crate) fn whole(
    _: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    _: PhaseSet,
) -> Result<(Expr<Named>, usize), String> {
    Err(format!("unknown fetch method '{}'", line.word(word)))
}

/// Where a server is chosen: the whole request is known.
pub(crate) const BACKEND_SET_UP: PhaseSet = PhaseSet::of(&[weir_sample::Phase::BeUseServer]);

/// The `acl` line's test.
pub(crate) fn acl(_: &mut Parser<'_>, line: &Line<'_>) -> Result<Acl<Named>, String> {
    Err(format!("unknown fetch method '{0}' in ACL expression '{0}'", line.word(2)))
}
