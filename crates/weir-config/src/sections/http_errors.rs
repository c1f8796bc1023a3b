//! `http-errors` sections (manual 12.4): pages that proxies take over by `errorfiles`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use weir_syntax::Line;

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::HttpErrors;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};
use crate::proxy::errors::{page, status};

pub static SECTION: SectionKind =
    SectionKind { keyword: "http-errors", begin, index, unknown: Unknown::As("http-errors"), end: |_| {} };

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("errorfile", "<code> <file>", "The page of a status (12.4).", errorfile)];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = header::named(parser, line)?;
    if let Some(other) = parser.config.http_errors.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!("http-errors section '{name}' already exists (declared at {place}).");
        return line.fail_tight(1, text);
    }
    parser.config.http_errors.push(HttpErrors { name, pages: BTreeMap::new(), span: line.span() });
    Ok(())
}

fn errorfile(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() || line.word(2).is_empty() {
        return line.fail(0, "errorfile: expects <status_code> and <file> as arguments.");
    }
    let code = status(line, 1)?;
    let page = page(parser, line)?;
    if let Some(section) = parser.config.http_errors.last_mut() {
        section.pages.insert(code, page);
    }
    Ok(())
}
