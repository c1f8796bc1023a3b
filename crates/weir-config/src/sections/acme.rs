//! `acme` sections (manual 12.10).

use std::sync::LazyLock;

use weir_syntax::Line;

use crate::keyword::{Index, Keyword};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "acme", begin, index, unknown: Unknown::Quoted, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

/// There is no ACME client yet; the section is refused as a whole, where HAProxy would ask for permission first.
fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.experimental_section(line)?;
    line.not_yet(0, "acme")
}
