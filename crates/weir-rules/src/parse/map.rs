//! Patterns and maps changed by traffic: `add-acl`, `del-acl`, `set-map`, `del-map`.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::headers::HTTP;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::{Action, PatternChange};
use crate::ruleset::RuleSet;

const NOT_AFTER: Sets = Sets::of(&[RuleSet::HttpRequest, RuleSet::HttpResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("add-acl", NOT_AFTER, "(<file>) <key fmt>", "A pattern more (4.4).", add_acl).prefix(),
    ActionRow::new("del-acl", HTTP, "(<file>) <key fmt>", "A pattern less (4.4).", delete).prefix(),
    ActionRow::new("del-map", HTTP, "(<map>) <key fmt>", "A key less (4.4).", delete).prefix(),
    ActionRow::new("set-map", HTTP, "(<map>) <key fmt> <value fmt>", "A key's value (4.4).", set_map)
        .prefix(),
];

fn add_acl(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    one(cursor, cx, PatternChange::Add)
}

fn delete(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    one(cursor, cx, PatternChange::Delete)
}

/// The name of the file. Like HAProxy, does not ask whether there is one.
fn file(cursor: &Cursor<'_>) -> Box<str> {
    Cursor::parenthesis(cursor.name()).unwrap_or("").into()
}

fn one(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>, edit: PatternChange) -> Result<Action<Named>, Fault> {
    let file = file(cursor);
    if cursor.peek().is_empty() {
        return cursor.fault("expects exactly 1 arguments");
    }
    Ok(Action::EditPatterns { edit, file, key: cx.plain_format(cursor)?, value: None })
}

fn set_map(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    let file = file(cursor);
    if cursor.peek().is_empty() || cursor.peek_at(1).is_empty() {
        return cursor.fault("expects exactly 2 arguments");
    }
    let (key, value) = (cx.plain_format(cursor)?, cx.plain_format(cursor)?);
    Ok(Action::EditPatterns { edit: PatternChange::Set, file, key, value: Some(value) })
}
