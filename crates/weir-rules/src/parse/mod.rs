//! From a rule's words to its [`Action`]: a row per action and meaning, a file per family. The line's first words (the
//! rule set) and the condition at its end are read by the caller.

mod addr;
mod counters;
mod cursor;
mod flow;
mod headers;
mod log;
mod map;
mod redirect;
mod reply;
mod row;
mod service;
mod timing;
mod uri;
mod vars;

pub use cursor::{Cursor, Fault};
pub use redirect::redirect;
pub use reply::{DEFAULT_STATUSES, reply};
pub use row::{ActionRow, RuleContext, Sets, find, rows};
pub use vars::variable;

use weir_sample::Named;

use crate::action::Action;

/// Reads the action at the cursor, which is left at the condition.
pub fn action(
    row: &'static ActionRow,
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
) -> Result<Action<Named>, Fault> {
    cursor.at += 1;
    (row.parse)(cursor, cx)
}
