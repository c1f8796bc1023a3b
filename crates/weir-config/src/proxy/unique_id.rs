//! `unique-id-format`, `unique-id-header` (manual 4.2).

use std::sync::Arc;

use weir_sample::FormatMode;
use weir_syntax::Line;

use crate::expression;
use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("unique-id-format", "<fmt>", "The request's identifier (4.2).", format),
    Keyword::new("unique-id-header", "<name>", "The header it is sent in (4.2).", header),
];

fn format(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "unique-id-format expects an argument.");
    }
    if line.len() > 2 {
        return line.fail(2, "unique-id-format expects only one argument, don't forget to escape spaces!");
    }
    let format = expression::format(parser, line, 1, FormatMode::UniqueId)
        .or_else(|text| line.fail(1, format!("failed to parse unique-id : {text}.")))?;
    parser.settings().unique_id_format = Some(Arc::new(format));
    Ok(())
}

fn header(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "unique-id-header expects an argument.");
    }
    let name = parser.intern(line.word(1));
    parser.settings().unique_id_header = Some(name);
    Ok(())
}
