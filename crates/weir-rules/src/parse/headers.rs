//! Header fields: `set-header`, `add-header`, `del-header`, `replace-header`, `replace-value`, `early-hint`, and the
//! binary forms.

use weir_sample::{Named, Regex};

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, HeaderMatch, NameMatch};
use crate::ruleset::RuleSet;

pub(super) const HTTP: Sets =
    Sets::of(&[RuleSet::HttpRequest, RuleSet::HttpResponse, RuleSet::HttpAfterResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("add-header", HTTP, "<name> <fmt>", "One more field (4.4).", add_header),
    ActionRow::new("set-header", HTTP, "<name> <fmt>", "The only field of its name (4.4).", set_header),
    ActionRow::new("del-header", HTTP, "<name> [ -m <meth> ]", "Fields removed by name (4.4).", del_header),
    ActionRow::new(
        "replace-header",
        HTTP,
        "<name> <regex> <fmt>",
        "Whole values rewritten (4.4).",
        replace_header,
    ),
    ActionRow::new(
        "replace-value",
        HTTP,
        "<name> <regex> <fmt>",
        "Listed values rewritten (4.4).",
        replace_value,
    ),
    ActionRow::new(
        "add-headers-bin",
        HTTP,
        "<expr> [ prefix <str> ]",
        "Fields in binary form (4.4).",
        |c, x| headers_bin(c, x, false),
    ),
    ActionRow::new(
        "set-headers-bin",
        HTTP,
        "<expr> [ prefix <str> ]",
        "Fields in binary form (4.4).",
        |c, x| headers_bin(c, x, true),
    ),
    ActionRow::new(
        "del-headers-bin",
        HTTP,
        "<expr> [ -m <meth> ]",
        "Names in binary form (4.4).",
        del_headers_bin,
    ),
    ActionRow::new(
        "early-hint",
        Sets::of(&[RuleSet::HttpRequest]),
        "<name> <fmt>",
        "A field of a 103 answer (4.4).",
        early_hint,
    ),
];

fn name_and_format(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
) -> Result<(Box<str>, weir_sample::Format<Named>), Fault> {
    if cursor.peek().is_empty() || cursor.peek_at(1).is_empty() {
        return cursor.fault("expects exactly 2 arguments");
    }
    let name = cursor.take().into();
    Ok((name, cx.format(cursor)?))
}

fn add_header(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (name, value) = name_and_format(cursor, cx)?;
    Ok(Action::AddHeader { name, value })
}

fn set_header(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (name, value) = name_and_format(cursor, cx)?;
    Ok(Action::SetHeader { name, value })
}

fn early_hint(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (name, value) = name_and_format(cursor, cx)?;
    Ok(Action::EarlyHint { name, value })
}

/// A pattern, with the text HAProxy gives of its fault.
pub(super) fn regex(cursor: &mut Cursor<'_>) -> Result<Regex, Fault> {
    let at = cursor.at;
    let text = cursor.take();
    Regex::new(text, false).map_err(|error| Fault::new(at, error.to_string()))
}

fn del_header(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault("expects at least 1 argument");
    }
    let name = cursor.take();
    if cursor.peek() != "-m" {
        return Ok(Action::DelHeader(HeaderMatch::Name(name.into())));
    }
    cursor.at += 1;
    let name_at = cursor.at - 2;
    let matching = match cursor.peek() {
        "" => return cursor.fault("-m flag expects exactly 1 argument"),
        "str" => HeaderMatch::Name(name.into()),
        "beg" => HeaderMatch::Prefix(name.into()),
        "end" => HeaderMatch::Suffix(name.into()),
        "sub" => HeaderMatch::Substring(name.into()),
        "reg" => HeaderMatch::Regex(regex(&mut Cursor { at: name_at, ..*cursor })?),
        other => return cursor.fault(format!("-m with unsupported matching method '{other}'")),
    };
    cursor.at += 1;
    Ok(Action::DelHeader(matching))
}

fn replacement(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
) -> Result<(Box<str>, Regex, weir_sample::Format<Named>), Fault> {
    if (0..3).any(|offset| cursor.peek_at(offset).is_empty()) {
        return cursor.fault("expects exactly 3 arguments");
    }
    let name = cursor.take().into();
    let pattern = regex(cursor)?;
    Ok((name, pattern, cx.format(cursor)?))
}

fn replace_header(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (name, pattern, value) = replacement(cursor, cx)?;
    Ok(Action::ReplaceHeader { name, pattern, value })
}

fn replace_value(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let (name, pattern, value) = replacement(cursor, cx)?;
    Ok(Action::ReplaceValue { name, pattern, value })
}

fn headers_bin(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, replace: bool) -> Result<Action<Named>, Fault> {
    const EXPECTS: &str = "expects exactly one argument or three arguments <headers> prefix <pfx>";
    if cursor.peek().is_empty() {
        return cursor.fault(EXPECTS);
    }
    let expr = cx.expr(cursor)?;
    if cursor.peek() != "prefix" {
        return Ok(Action::HeadersBin { expr, prefix: None, replace });
    }
    cursor.at += 1;
    if cursor.at_condition() {
        return cursor.fault(EXPECTS);
    }
    let prefix = Some(cursor.take().to_ascii_lowercase().into());
    Ok(Action::HeadersBin { expr, prefix, replace })
}

fn del_headers_bin(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault("expects at least 1 argument");
    }
    let expr = cx.expr(cursor)?;
    let mut matching = NameMatch::Same;
    if cursor.peek() == "-m" {
        cursor.at += 1;
        matching = match cursor.peek() {
            "" => return cursor.fault("-m flag expects exactly 1 argument"),
            "str" => NameMatch::Same,
            "beg" => NameMatch::Prefix,
            "end" => NameMatch::Suffix,
            "sub" => NameMatch::Substring,
            other => return cursor.fault(format!("-m with unsupported matching method '{other}'")),
        };
        cursor.at += 1;
    }
    Ok(Action::DelHeadersBin { expr, matching })
}
