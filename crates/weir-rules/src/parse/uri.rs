//! The request line and the status line: `set-method`, `set-path`, `replace-path`, `normalize-uri`, `set-status`...

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::headers::regex;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, Normalizer, UriPart};
use crate::ruleset::RuleSet;

const REQUEST: Sets = Sets::of(&[RuleSet::HttpRequest]);
const RESPONSES: Sets = Sets::of(&[RuleSet::HttpResponse, RuleSet::HttpAfterResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("set-method", REQUEST, "<fmt>", "The method (4.4).", set_method),
    ActionRow::new("set-path", REQUEST, "<fmt>", "The path without query (4.4).", |c, x| {
        set(c, x, UriPart::Path)
    }),
    ActionRow::new("set-pathq", REQUEST, "<fmt>", "The path with query (4.4).", |c, x| {
        set(c, x, UriPart::PathQuery)
    }),
    ActionRow::new("set-query", REQUEST, "<fmt>", "The query (4.4).", |c, x| set(c, x, UriPart::Query)),
    ActionRow::new("set-uri", REQUEST, "<fmt>", "The whole URI (4.4).", |c, x| set(c, x, UriPart::Uri)),
    ActionRow::new("replace-path", REQUEST, "<regex> <fmt>", "The path, by regex (4.4).", |c, x| {
        replace(c, x, UriPart::Path)
    }),
    ActionRow::new("replace-pathq", REQUEST, "<regex> <fmt>", "Path and query, by regex (4.4).", |c, x| {
        replace(c, x, UriPart::PathQuery)
    }),
    ActionRow::new("replace-uri", REQUEST, "<regex> <fmt>", "The URI, by regex (4.4).", |c, x| {
        replace(c, x, UriPart::Uri)
    }),
    ActionRow::new("normalize-uri", REQUEST, "<normalizer>", "The URI made canonical (4.4).", normalize),
    ActionRow::new("set-status", RESPONSES, "<status> [ reason <str> ]", "The status (4.4).", set_status),
];

fn one_format(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<weir_sample::Format<Named>, Fault> {
    let alone = cursor.peek_at(1).is_empty() || matches!(cursor.peek_at(1), "if" | "unless");
    if cursor.peek().is_empty() || !alone {
        return cursor.fault("expects exactly 1 argument <format>");
    }
    cx.format(cursor)
}

fn set_method(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    Ok(Action::SetMethod(one_format(cursor, cx)?))
}

fn set(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, part: UriPart) -> Result<Action<Named>, Fault> {
    Ok(Action::SetUriPart { part, value: one_format(cursor, cx)? })
}

fn replace(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, part: UriPart) -> Result<Action<Named>, Fault> {
    let alone = cursor.peek_at(2).is_empty() || matches!(cursor.peek_at(2), "if" | "unless");
    if cursor.peek().is_empty() || cursor.peek_at(1).is_empty() || !alone {
        return cursor.fault("expects exactly 2 arguments <match-regex> and <replace-format>");
    }
    let pattern = regex(cursor)
        .map_err(|fault| Fault { text: format!("failed to parse the regex : {}", fault.text), ..fault })?;
    Ok(Action::ReplaceUriPart { part, pattern, value: cx.format(cursor)? })
}

/// The normalisers by name and by the word behind it.
const NORMALIZERS: &[(&str, &str, Normalizer)] = &[
    ("fragment-encode", "", Normalizer::FragmentEncode),
    ("fragment-strip", "", Normalizer::FragmentStrip),
    ("path-merge-slashes", "", Normalizer::MergeSlashes),
    ("path-strip-dot", "", Normalizer::StripDot),
    ("path-strip-dotdot", "", Normalizer::StripDotdot { full: false }),
    ("path-strip-dotdot", "full", Normalizer::StripDotdot { full: true }),
    ("percent-decode-unreserved", "", Normalizer::DecodeUnreserved { strict: false }),
    ("percent-decode-unreserved", "strict", Normalizer::DecodeUnreserved { strict: true }),
    ("percent-to-uppercase", "", Normalizer::PercentUppercase { strict: false }),
    ("percent-to-uppercase", "strict", Normalizer::PercentUppercase { strict: true }),
    ("query-sort-by-name", "", Normalizer::SortQuery),
];

fn normalize(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if !cx.experimental {
        let text = "'normalize-uri' action is experimental, must be allowed via a global \
                    'expose-experimental-directives'";
        return Err(Fault::bare(cursor.at - 1, text));
    }
    let name = cursor.peek();
    if name.is_empty() {
        return cursor.fault("missing argument <normalizer>");
    }
    if !NORMALIZERS.iter().any(|(known, ..)| *known == name) {
        return cursor.fault(format!("unknown normalizer '{name}'"));
    }
    cursor.at += 1;
    let word = if cursor.at_condition() { "" } else { cursor.peek() };
    let row = NORMALIZERS.iter().find(|(known, behind, _)| *known == name && *behind == word);
    let Some((.., normalizer)) = row else {
        return cursor.fault(format!("unknown argument '{word}' for '{name}' normalizer"));
    };
    cursor.at += usize::from(!word.is_empty());
    Ok(Action::NormalizeUri(*normalizer))
}

fn set_status(cursor: &mut Cursor<'_>, _: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let text = cursor.peek();
    if text.is_empty() {
        return cursor.fault("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>");
    }
    let status = match text.parse::<u16>() {
        Ok(status @ 100..=999) => status,
        _ => return cursor.fault("expects an integer status code between 100 and 999"),
    };
    cursor.at += 1;
    let mut reason = None;
    if cursor.peek() == "reason" && !matches!(cursor.peek_at(1), "" | "if" | "unless") {
        cursor.at += 1;
        reason = Some(cursor.take().into());
    }
    Ok(Action::SetStatus { status, reason })
}
