//! Error pages: `errorfile`, `errorloc*`, `errorfiles`, `http-error` (manual 4.2).

use std::collections::btree_map::Entry;
use std::sync::Arc;

use weir_plan::settings::ErrorPage;
use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::model::{ErrorRef, Errors, Name};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::atol;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("errorfile", "<code> <file>", "A file in place of an error page (4.2).", errorfile).listed(),
    Keyword::new("errorfiles", "<name> [<code> ...]", "Pages of an http-errors section (4.2).", errorfiles)
        .listed(),
    Keyword::new("errorloc", "<code> <url>", "A redirect in place of an error page (4.2).", errorloc)
        .listed(),
    Keyword::new("errorloc302", "<code> <url>", "The same, with status 302 (4.2).", errorloc).listed(),
    Keyword::new("errorloc303", "<code> <url>", "The same, with status 303 (4.2).", errorloc).listed(),
    Keyword::new("http-error", "status <code> ...", "An answer in place of an error page (4.2).", http_error)
        .listed(),
];

/// The statuses that have an error page.
pub const STATUSES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

fn errors<'p>(parser: &'p mut Parser<'_>) -> &'p mut Errors {
    Arc::make_mut(&mut parser.settings().errors)
}

/// Reads the status of `errorfile`-like lines.
fn page_status(line: &Line<'_>, second: &str) -> Outcome<u16> {
    let keyword = line.keyword();
    if line.word(1).is_empty() || line.word(2).is_empty() {
        return line.fail(0, format!("{keyword} : expects <status_code> and <{second}> as arguments."));
    }
    if line.len() > 3 {
        return line.fail(3, format!("{keyword} : expects exactly two arguments."));
    }
    status(line, 1)
}

/// The status in a word, if it has a page; `http-errors` sections share it.
pub(crate) fn status(line: &Line<'_>, word: usize) -> Outcome<u16> {
    let code = atol(line.word(word));
    match u16::try_from(code).ok().filter(|code| STATUSES.contains(code)) {
        Some(code) => Ok(code),
        None => line.fail(word, format!("{} : status code '{code}' not handled.", line.keyword())),
    }
}

/// The file of an `errorfile` line; `/dev/null` closes without an answer.
pub(crate) fn page(parser: &Parser<'_>, line: &Line<'_>) -> Outcome<ErrorPage> {
    let path = line.word(2);
    if path == "/dev/null" {
        return Ok(ErrorPage::Nothing);
    }
    match parser.options.files.read(path) {
        Some(bytes) => Ok(ErrorPage::Raw(bytes.into())),
        None => line.fail(2, format!("{} : error opening file '{path}'.", line.keyword())),
    }
}

fn errorfile(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let code = page_status(line, "file")?;
    let page = page(parser, line)?;
    set(parser, code, page);
    Ok(())
}

fn errorloc(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let code = page_status(line, "url")?;
    let status = if line.keyword() == "errorloc303" { 303 } else { 302 };
    set(parser, code, ErrorPage::Location(status, line.word(2).into()));
    Ok(())
}

fn set(parser: &mut Parser<'_>, code: u16, page: ErrorPage) {
    let errors = errors(parser);
    errors.replies.remove(&code);
    errors.pages.insert(code, page);
}

fn errorfiles(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "errorfiles : expects <name> as argument.");
    }
    let mut codes = Vec::with_capacity(line.len().saturating_sub(2));
    for word in 2..line.len() {
        codes.push(status(line, word)?);
    }
    let section = Name::new(parser.intern(line.word(1)), line.word_span(1));
    let errors = errors(parser);
    // What was set before for these statuses is replaced.
    match codes.is_empty() {
        true => {
            errors.pages.clear();
            errors.replies.clear();
        }
        false => codes.iter().for_each(|code| {
            errors.pages.remove(code);
            errors.replies.remove(code);
        }),
    }
    errors.sections.push(ErrorRef { section, codes });
    Ok(())
}

fn http_error(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1) != "status" {
        return line.fail(1, "http-error : expects at least a <status> as arguments.");
    }
    let reply = super::rules::http_error_reply(parser, line)
        .or_else(|(word, text)| line.fail(word, format!("http-error : {text}")))?;
    let code = reply.status.unwrap_or_default();
    if !STATUSES.contains(&code) {
        return line.fail(2, format!("http-error : Unexpected status code '{code}'"));
    }
    let errors = errors(parser);
    if let Entry::Occupied(page) = errors.pages.entry(code) {
        page.remove();
    }
    errors.replies.insert(code, Arc::new(reply));
    Ok(())
}
