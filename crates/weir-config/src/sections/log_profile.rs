//! `log-profile` sections (manual 8.3.5): other formats for single steps, for the `log` lines and `do-log` rules that name
//! them.

use std::sync::{Arc, LazyLock};

use weir_sample::FormatMode;
use weir_syntax::Line;

use super::{header, scratch};
use crate::expression;
use crate::keyword::{Index, Keyword};
use crate::model::{LogProfile, LogStep};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "log-profile", begin, index, unknown: Unknown::Plain, end };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("log-tag", "<string>", "The program's name in syslog (8.3.5).", log_tag),
    Keyword::new("on", "<step> [drop] [format <fmt>] [sd <sd_fmt>]", "The line of a step (8.3.5).", on),
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.len() > 1 {
        parser.at_most(line, 2)?;
    }
    let name = header::named(parser, line)?;
    if let Some(other) = parser.config.log_profiles.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!(
            "log-profile section '{name}' has the same name as another log-profile section declared at {place}."
        );
        return header::duplicate(line.word_span(1), text);
    }
    scratch::begin(parser, name.clone(), line.span());
    parser.config.log_profiles.push(LogProfile { name, span: line.span(), ..LogProfile::default() });
    Ok(())
}

fn end(parser: &mut Parser<'_>) {
    scratch::take(parser);
}

fn section<'p>(parser: &'p mut Parser<'_>) -> &'p mut LogProfile {
    parser.config.log_profiles.last_mut().expect("a section has begun")
}

fn log_tag(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if line.word(1).is_empty() {
        return line.fail(0, "'log-tag' expects a tag for use in syslog.");
    }
    let tag = parser.intern(line.word(1));
    section(parser).tag = Some(tag);
    Ok(())
}

/// A step may also be any name that a `do-log` action gives.
fn on(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let step = line.word(1);
    if step.is_empty() {
        return line.fail(0, "'on' expects a log step.");
    }
    let wrong = || line.fail(2, format!("'on {step}' expects 'drop', 'format' or 'sd'."));
    if line.len() < 3 {
        return wrong();
    }
    let mut made = LogStep { name: step.into(), drop: false, format: None, structured: None };
    let mut at = 2;
    while at < line.len() {
        let (mode, what) = match line.word(at) {
            "drop" => {
                made.drop = true;
                at += 1;
                continue;
            }
            "format" => (FormatMode::Log, "format"),
            "sd" => (FormatMode::StructuredData, "sd"),
            _ => return wrong(),
        };
        if line.word(at + 1).is_empty() {
            return line.fail(at, format!("'on {step} {what}' expects an argument."));
        }
        let format = expression::format(parser, line, at + 1, mode)
            .or_else(|text| line.fail(at + 1, format!("'on {step} {what}' : {text}.")))?;
        *(if what == "format" { &mut made.format } else { &mut made.structured }) = Some(Arc::new(format));
        at += 2;
    }
    let steps = &mut section(parser).steps;
    steps.retain(|other| other.name != made.name);
    steps.push(made);
    Ok(())
}
