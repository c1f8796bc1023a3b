//! `peers` sections (manual 11.2).

use std::sync::LazyLock;

use weir_syntax::Line;

use crate::keyword::{Index, Keyword};
use crate::outcome::Outcome;
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "peers", begin, index, unknown: Unknown::Quoted, end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(_: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    Ok(())
}
