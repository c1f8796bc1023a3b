//! JSON (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::json::{Found, find, unescape};
use crate::stage::{Named, Resolved};
use crate::value::Value;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("json", sig(1, &[Text]), Str, Str, "text as the inside of a JSON string (7.3.1)")
        .computes(json)
        .checked(check_json),
    Converter::new(
        "json_query",
        sig(1, &[Text, Text]),
        Str,
        Any,
        "value at a path of a JSON document (7.3.1)",
    )
    .computes(json_query)
    .checked(check_query),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn check_json(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].str() {
        "" | "ascii" | "utf8" | "utf8s" | "utf8p" | "utf8ps" => Ok(()),
        _ => Err(
            "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'"
                .into(),
        ),
    }
}

/// Text up to the first NUL as the inside of a JSON string. What is not UTF-8 is an error, or left out (`s`).
fn json<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let mode = args[0].str();
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let text = &text[..end];
    let mut out = Vec::with_capacity(text.len());
    if matches!(mode, "" | "ascii") {
        text.iter().for_each(|byte| escape(u32::from(*byte), &mut out));
        return Some(Value::Str(out.into()));
    }
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|letter| escape(letter.into(), &mut out));
        if !chunk.invalid().is_empty() && !mode.ends_with('s') {
            return None;
        }
    }
    Some(Value::Str(out.into()))
}

fn escape(code: u32, out: &mut Vec<u8>) {
    match code {
        0x22 | 0x5c | 0x2f => out.extend_from_slice(&[b'\\', code as u8]),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        0x0a => out.extend_from_slice(b"\\n"),
        0x0d => out.extend_from_slice(b"\\r"),
        0x09 => out.extend_from_slice(b"\\t"),
        0x20..=0x7f => out.push(code as u8),
        _ => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
    }
}

pub(super) fn check_query_type(word: &str) -> Result<(), String> {
    match word {
        "" | "int" => Ok(()),
        _ => Err("output_type only supports \"int\" as argument".into()),
    }
}

fn check_query(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_query_type(args[1].str())
}

fn json_query<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(document) = value else { return None };
    query(&document, args[0].str(), args[1].str())
}

/// Strings without their escapes, integers only if asked for, other numbers and arrays as they are written.
pub(super) fn query(document: &[u8], path: &str, output: &str) -> Option<Value<'static>> {
    let text = |text: &[u8]| Some(Value::Str(text.to_vec().into()));
    match find(document, path)? {
        Found::Text(inside) => Some(Value::Str(unescape(inside)?.into())),
        Found::Number(digits) if output == "int" => Some(Value::Int(whole(digits)?)),
        Found::Number(digits) => text(&number_text(digits)?),
        Found::Bool(truth) => Some(Value::Bool(truth)),
        Found::Array(array) => text(array),
        Found::Null | Found::Object(_) => None,
    }
}

/// The integer part of a number that fits.
fn whole(digits: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(digits).ok()?;
    let number: f64 = text.parse().ok()?;
    // Numbers go through floating point in HAProxy: what it cannot tell from the bounds is out of range.
    (number > i64::MIN as f64 && number < i64::MAX as f64).then_some(number as i64)
}

fn number_text(digits: &[u8]) -> Option<Vec<u8>> {
    let number: f64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{number:.0}").into_bytes()
    } else {
        digits.to_vec()
    })
}
