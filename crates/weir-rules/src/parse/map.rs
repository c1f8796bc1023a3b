//! Patterns and maps changed by traffic: `add-acl`, `del-acl`, `set-map`, `del-map`. Checked; not run yet.

use weir_sample::Named;

use super::cursor::{Cursor, Fault};
use super::headers::HTTP;
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::Action;
use crate::ruleset::RuleSet;

const NOT_AFTER: Sets = Sets::of(&[RuleSet::HttpRequest, RuleSet::HttpResponse]);

pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("add-acl", NOT_AFTER, "(<file>) <key fmt>", "A pattern more (4.4).", one)
        .prefix()
        .not_yet(),
    ActionRow::new("del-acl", HTTP, "(<file>) <key fmt>", "A pattern less (4.4).", one).prefix().not_yet(),
    ActionRow::new("del-map", HTTP, "(<map>) <key fmt>", "A key less (4.4).", one).prefix().not_yet(),
    ActionRow::new("set-map", HTTP, "(<map>) <key fmt> <value fmt>", "A key's value (4.4).", two)
        .prefix()
        .not_yet(),
];

fn one(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault("expects exactly 1 arguments");
    }
    cx.format(cursor)?;
    Ok(Action::NotYet { name: "add-acl" })
}

fn two(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Action<Named>, Fault> {
    if cursor.peek().is_empty() || cursor.peek_at(1).is_empty() {
        return cursor.fault("expects exactly 2 arguments");
    }
    cx.format(cursor)?;
    cx.format(cursor)?;
    Ok(Action::NotYet { name: "set-map" })
}
