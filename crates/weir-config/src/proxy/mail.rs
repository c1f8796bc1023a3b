//! `email-alert` (manual 4.2). Checked; sending mail is not there yet.

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[Keyword::new(
    "email-alert",
    "{ from | level | mailers | myhostname | to } <value>",
    "Alerts by mail (4.2).",
    email_alert,
)
.not_yet()];

fn email_alert(_: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (what, value) = (line.word(1), line.word(2));
    match what {
        "" => line.fail(0, "missing argument after 'email-alert'."),
        "from" | "mailers" | "myhostname" | "to" if value.is_empty() => {
            line.fail(1, format!("missing argument after '{what}'."))
        }
        "from" | "mailers" | "myhostname" | "to" => Ok(()),
        "level" if super::logs::severity(value).is_none() => {
            line.fail(2, format!("unknown log level 'level' after '{value}'"))
        }
        "level" => Ok(()),
        _ => line.fail(1, format!("email-alert: unknown argument '{what}'.")),
    }
}
