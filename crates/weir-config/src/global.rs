//! The `global` section (manual 3).

use std::sync::LazyLock;

use weir_syntax::Line;

use crate::keyword::{Index, Keyword};
use crate::outcome::Outcome;
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "global", begin, index, unknown: Unknown::Quoted, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 1)
}
