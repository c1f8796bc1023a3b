//! `http-check expect` and `tcp-check expect` (manual 4.2).

use weir_check::{CheckStatus, MatchMethod};
use weir_sample::Regex;
use weir_syntax::Line;

use super::check_send::{BINARY, hexadecimal, read_format};
use super::check_steps::{CHECK, wrong};
use crate::expression;
use crate::model::{CheckStep, ExpectMatch, ExpectReport, HeaderPart};
use crate::outcome::Outcome;
use crate::parser::Parser;
use crate::value::integer;

#[derive(Default)]
struct Expect {
    negated: bool,
    matching: Option<ExpectMatch>,
    min_recv: Option<u32>,
    report: Box<ExpectReport>,
    comment: Option<Box<str>>,
}

pub(super) fn expect(parser: &mut Parser<'_>, line: &Line<'_>, http: bool) -> Outcome<CheckStep> {
    if line.word(2).is_empty() || (http && line.word(3).is_empty() && !is_option(line.word(2), http)) {
        if line.word(2).is_empty() {
            return wrong(line, 1, "expects at least a matching pattern as arguments");
        }
        return unknown(line, 2, http);
    }
    let mut read = Expect::default();
    let mut at = 2;
    while at < line.len() {
        at += read.option(parser, line, at, http)?;
    }
    let Some(matching) = read.matching else {
        return wrong(line, 1, "pattern not found");
    };
    let Expect { negated, min_recv, report, comment, .. } = read;
    Ok(CheckStep::Expect { negated, matching, min_recv, report, comment, span: line.span() })
}

const COMMON: &[&str] =
    &["string", "rstring", "string-lf", "min-recv", "comment", "!", "on-success", "on-error", "status-code"];

fn is_option(name: &str, http: bool) -> bool {
    let own: &[&str] = match http {
        true => &["status", "rstatus", "hdr", "fhdr"],
        false => &["binary", "rbinary", "binary-lf", "custom"],
    };
    COMMON.contains(&name) || own.contains(&name) || RESULTS.iter().any(|(known, ..)| *known == name)
}

fn unknown<T>(line: &Line<'_>, word: usize, http: bool) -> Outcome<T> {
    let known = match http {
        true => {
            "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, \
             [!]fhdr or comment"
        }
        false => {
            "'only supports min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', \
             '[!]binary-lf' or comment"
        }
    };
    wrong(line, word, &format!("{known} but got '{}' as argument.", line.word(word)))
}

/// Options that choose the result to report, and what they take.
const RESULTS: &[(&str, &[&str], &str)] = &[
    ("ok-status", &["L4OK", "L6OK", "L7OK", "L7OKC"], "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'"),
    ("error-status", &["L4CON", "L6RSP", "L7RSP", "L7STS", "L7OKC"], "'L4CON', 'L6RSP', 'L7RSP' or 'L7STS'"),
    ("tout-status", &["L4TOUT", "L6TOUT", "L7TOUT"], "'L4TOUT', 'L6TOUT' or 'L7TOUT'"),
];

impl Expect {
    fn option(&mut self, parser: &mut Parser<'_>, line: &Line<'_>, at: usize, http: bool) -> Outcome<usize> {
        let name = line.word(at);
        if !is_option(name, http) {
            return unknown(line, at, http);
        }
        match name {
            "!" => {
                self.negated = !self.negated;
                return Ok(1);
            }
            "min-recv" => {
                self.min_recv = min_recv(line, at)?;
                return Ok(2);
            }
            "comment" => {
                self.comment = Some(value(line, at, "a string")?.into());
                return Ok(2);
            }
            "on-success" | "on-error" => {
                value(line, at, "a string")?;
                let format = Some(read_format(parser, line, at + 1)?);
                *(if name == "on-success" {
                    &mut self.report.on_success
                } else {
                    &mut self.report.on_error
                }) = format;
                return Ok(2);
            }
            "status-code" => {
                value(line, at, "an expression")?;
                let fault = |text: String| {
                    wrong(
                        line,
                        at + 1,
                        &format!("error detected while parsing status-code expression : {text}"),
                    )
                };
                let (code, next) = expression::whole(parser, line, at + 1, CHECK).or_else(fault)?;
                self.report.status_code = Some(code);
                return Ok(next - at);
            }
            _ => {}
        }
        if let Some((_, known, list)) = RESULTS.iter().find(|(known, ..)| *known == name) {
            let status = value(line, at, "a string")?;
            if !known.contains(&status) {
                let text = format!("'{name}' only supports {list} status (got '{status}').");
                return wrong(line, at + 1, &text);
            }
            let status = CheckStatus::named(status);
            match name {
                "ok-status" => self.report.ok_status = status,
                "error-status" => self.report.error_status = status,
                _ => self.report.timeout_status = status,
            }
            return Ok(2);
        }
        if self.matching.is_some() {
            return wrong(line, at, "only one pattern expected");
        }
        let (matching, taken) = pattern(parser, line, at)?;
        self.matching = Some(matching);
        Ok(taken)
    }
}

/// The argument of the option at `at`.
fn value<'l>(line: &Line<'l>, at: usize, what: &str) -> Outcome<&'l str> {
    match line.word(at + 1) {
        "" => wrong(line, at, &format!("'{}' expects {what} as argument", line.word(at))),
        value => Ok(value),
    }
}

fn min_recv(line: &Line<'_>, at: usize) -> Outcome<Option<u32>> {
    let text = value(line, at, "a integer")?;
    match integer(text) {
        Ok(-1) => Ok(None),
        Ok(bytes) if (0..=i64::from(i32::MAX)).contains(&bytes) => Ok(u32::try_from(bytes).ok()),
        // Not a number at all counts as none.
        Err(_) => Ok(Some(0)),
        Ok(_) => wrong(line, at + 1, "'min-recv' expects -1 or an integer from 0 to INT_MAX"),
    }
}

fn pattern(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<(ExpectMatch, usize)> {
    let name = line.word(at);
    if name == "custom" {
        return crate::outcome::Report::not_yet(line, at, "tcp-check expect custom");
    }
    if matches!(name, "hdr" | "fhdr") {
        return header(parser, line, at);
    }
    let text = match line.word(at + 1) {
        "" => return wrong(line, at, &format!("'{name}' expects a <pattern> as argument")),
        text => text,
    };
    let matching = match name {
        "string" => ExpectMatch::Body(text.as_bytes().into()),
        "rstring" => ExpectMatch::BodyRegex(regex(line, at + 1)?),
        "string-lf" => ExpectMatch::BodyFormat(read_format(parser, line, at + 1)?),
        "status" => ExpectMatch::Status(statuses(line, at + 1)?),
        "rstatus" => ExpectMatch::StatusRegex(regex(line, at + 1)?),
        "binary" => match hexadecimal(text) {
            Some(bytes) => ExpectMatch::Binary(bytes.into()),
            None => return wrong(line, at + 1, BINARY),
        },
        "rbinary" => ExpectMatch::BinaryRegex(regex(line, at + 1)?),
        _ => ExpectMatch::BinaryFormat(read_format(parser, line, at + 1)?),
    };
    Ok((matching, 2))
}

fn regex(line: &Line<'_>, word: usize) -> Outcome<Regex> {
    let text = line.word(word);
    Regex::new(text, false).or_else(|error| wrong(line, word, &error.to_string()))
}

/// `200-299,404`.
fn statuses(line: &Line<'_>, word: usize) -> Outcome<Vec<(u16, u16)>> {
    let list = line.word(word);
    if let Some(letter) = list.chars().find(|letter| !letter.is_ascii_digit() && !"-,".contains(*letter)) {
        return wrong(line, word, &format!("invalid character '{letter}' in the list of status codes"));
    }
    let mut ranges = Vec::new();
    for part in list.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        match (low.parse::<u16>(), high.parse::<u16>()) {
            (Ok(low), Ok(high)) if low <= high => ranges.push((low, high)),
            _ => return wrong(line, word, &format!("invalid range of status codes '{list}'")),
        }
    }
    Ok(ranges)
}

/// `hdr name [-m METHOD] NAME [value [-m METHOD] VALUE]`.
fn header(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<(ExpectMatch, usize)> {
    let which = line.word(at);
    let lacks_name = !matches!(line.word(at + 1), "name" | "name-lf") || line.word(at + 2).is_empty();
    if lacks_name {
        let text = format!("'{which}' expects at the name keyword as first argument followed by a pattern");
        return wrong(line, at, &text);
    }
    let (name, mut end) = part(parser, line, at, at + 1)?;
    let mut value = None;
    if matches!(line.word(end), "value" | "value-lf") {
        let (part, next) = part(parser, line, at, end)?;
        (value, end) = (Some(part), next);
    }
    Ok((ExpectMatch::Header { full: which == "fhdr", name, value }, end - at))
}

/// The name or the value: `name`, then its method and pattern; and the word behind them.
fn part(parser: &mut Parser<'_>, line: &Line<'_>, at: usize, first: usize) -> Outcome<(HeaderPart, usize)> {
    let (which, what) = (line.word(at), line.word(first));
    let mut word = first + 1;
    let mut method = Some(MatchMethod::Str);
    if line.word(word) == "-m" {
        method = match line.word(word + 1) {
            "str" => Some(MatchMethod::Str),
            "beg" => Some(MatchMethod::Beg),
            "end" => Some(MatchMethod::End),
            "sub" => Some(MatchMethod::Sub),
            "reg" => None,
            method => {
                let text = format!(
                    "'{which}' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '{method}')"
                );
                return wrong(line, word + 1, &text);
            }
        };
        word += 2;
    }
    let text = line.word(word);
    if text.is_empty() {
        let kind = what.trim_end_matches("-lf");
        return wrong(line, word, &format!("'{which}' expect a pattern with the {kind} keyword"));
    }
    let part = match method {
        Some(method) if what.ends_with("-lf") => HeaderPart::Format(method, read_format(parser, line, word)?),
        Some(method) => HeaderPart::Text(method, text.into()),
        // Names are compared whatever their case.
        None => {
            let regex = Regex::new(text, what.starts_with("name"));
            HeaderPart::Regex(regex.or_else(|error| wrong(line, word, &error.to_string()))?)
        }
    };
    Ok((part, word + 1))
}
