//! `email-alert` (manual 4.2).

use std::sync::Arc;

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::model::{EmailAlert, Name};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[Keyword::new(
    "email-alert",
    "{ from | level | mailers | myhostname | to } <value>",
    "Alerts by mail (4.2).",
    email_alert,
)];

fn email_alert(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (what, value) = (line.word(1), line.word(2));
    match what {
        "" => return line.fail(0, "missing argument after 'email-alert'."),
        "from" | "mailers" | "myhostname" | "to" if value.is_empty() => {
            return line.fail(1, format!("missing argument after '{what}'."));
        }
        "from" | "mailers" | "myhostname" | "to" | "level" => {}
        _ => return line.fail(1, format!("email-alert: unknown argument '{what}'.")),
    }
    let level = match (what, super::logs::severity(value)) {
        ("level", None) => return line.fail(2, format!("unknown log level 'level' after '{value}'")),
        (_, level) => level,
    };
    let name = Name::new(parser.intern(value), line.word_span(2));
    let settings = parser.settings();
    let alert = settings.email_alert.get_or_insert_with(|| Arc::new(EmailAlert::default()));
    let alert = Arc::make_mut(alert);
    alert.span = line.span();
    match what {
        "mailers" => alert.mailers = Some(name),
        "from" => alert.from = Some(value.into()),
        "to" => alert.to = Some(value.into()),
        "myhostname" => alert.myhostname = Some(value.into()),
        _ => alert.level = level,
    }
    Ok(())
}
