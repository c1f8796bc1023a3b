//! `redirect`, as a line of its own and as an action (manual 4.2, 4.4).

use weir_sample::{Format, FormatMode, Named};

use super::cursor::{Cursor, Fault};
use super::row::{ActionRow, RuleContext, Sets};
use crate::action::Action;
use crate::reply::{Redirect, RedirectKind};
use crate::ruleset::RuleSet as R;

pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "redirect",
    Sets::of(&[R::HttpRequest, R::HttpResponse]),
    "<rule>",
    "Sends the client elsewhere (4.4).",
    |cursor, cx| Ok(Action::Redirect(Box::new(redirect(cursor, cx)?))),
)];

/// The words of a redirection up to its condition.
pub fn redirect(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Redirect<Named>, Fault> {
    let mut target: Option<(RedirectKind, Format<Named>)> = None;
    let mut rest = Options { code: 302, ..Options::default() };
    while !cursor.at_condition() {
        let kind = match cursor.peek() {
            "location" => RedirectKind::Location,
            "prefix" => RedirectKind::Prefix,
            "scheme" => RedirectKind::Scheme,
            _ => {
                rest.read(cursor, cx)?;
                continue;
            }
        };
        argument(cursor)?;
        // `prefix /` and formats without anything to fill in are taken as they are.
        target = Some((kind, format(cursor, cx)?));
    }
    let Some((kind, target)) = target else {
        return cursor.fault("redirection type expected ('prefix', 'location', or 'scheme')");
    };
    Ok(Redirect {
        kind,
        target,
        code: rest.code,
        drop_query: rest.drop_query,
        append_slash: rest.append_slash,
        ignore_empty: rest.ignore_empty,
        keep_query: rest.keep_query,
        set_cookie: rest.set_cookie,
    })
}

fn format(cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<Format<Named>, Fault> {
    let at = cursor.at;
    Format::parse(cursor.take(), FormatMode::Http, cx.expressions).map_err(|mut error| {
        error.word = at;
        error.into()
    })
}

/// Steps onto the argument of the option at the cursor.
fn argument(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    let name = cursor.peek();
    cursor.at += 1;
    match cursor.peek() {
        "" => cursor.fault(format!("missing argument for '{name}'")),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Options {
    code: u16,
    drop_query: bool,
    append_slash: bool,
    ignore_empty: bool,
    keep_query: bool,
    set_cookie: Option<Box<str>>,
}

impl Options {
    fn read(&mut self, cursor: &mut Cursor<'_>, cx: &RuleContext<'_>) -> Result<(), Fault> {
        let name = cursor.peek();
        match name {
            "code" => {
                argument(cursor)?;
                let text = cursor.peek();
                self.code = match text.parse() {
                    Ok(code @ (301 | 302 | 303 | 307 | 308)) => code,
                    _ => {
                        let text = format!(
                            "'code': unsupported HTTP code '{text}' (must be one of 301, 302, 303, 307 or 308)"
                        );
                        return cursor.fault(text);
                    }
                };
            }
            "set-cookie" => {
                argument(cursor)?;
                self.set_cookie = Some(format!("{}; path=/;", cursor.peek()).into());
            }
            "set-cookie-fmt" => {
                argument(cursor)?;
                format(&mut Cursor { ..*cursor }, cx)?;
                self.set_cookie = Some(format!("{}; path=/;", cursor.peek()).into());
            }
            "clear-cookie" => {
                argument(cursor)?;
                self.set_cookie = Some(format!("{}; path=/; Max-Age=0;", cursor.peek()).into());
            }
            "drop-query" => self.drop_query = true,
            "keep-query" => self.keep_query = true,
            "ignore-empty" => self.ignore_empty = true,
            "append-slash" => self.append_slash = true,
            _ => {
                let text = format!(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', \
                     'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '{name}')"
                );
                return cursor.fault(text);
            }
        }
        cursor.at += 1;
        Ok(())
    }
}
