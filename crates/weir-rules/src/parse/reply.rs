//! The arguments of an answer: of `deny`, `tarpit`, `return`, and of `http-error` lines (manual 4.2, 4.4).

use std::sync::Arc;

use weir_sample::{Format, FormatMode, Named};
use weir_types::Diagnostic;

use super::cursor::{Cursor, Fault};
use super::row::RuleContext;
use crate::reply::{Reply, ReplyBody};

/// Statuses that have an error page of their own.
pub const DEFAULT_STATUSES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

struct Reader<'c, 'x> {
    cx: &'c RuleContext<'x>,
    reply: Reply<Named>,
    /// The argument that gave the body.
    body: Option<&'static str>,
    has_content: bool,
    formatted: bool,
}

/// Reads the arguments up to the condition or the first unknown word. `default` is the action's own status, `None`
/// where one has to be given.
pub fn reply(
    cursor: &mut Cursor<'_>,
    cx: &RuleContext<'_>,
    default: Option<u16>,
) -> Result<Reply<Named>, Fault> {
    let empty = Reply { status: None, content_type: None, headers: Vec::new(), body: ReplyBody::ErrorPage };
    let mut reader = Reader { cx, reply: empty, body: None, has_content: false, formatted: false };
    while !cursor.at_condition() && reader.argument(cursor)? {}
    reader.finish(cursor, default)
}

impl Reader<'_, '_> {
    /// False at a word that is no argument of an answer.
    fn argument(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
        let Some(name) = NAMES.iter().find(|name| **name == cursor.peek()) else { return Ok(false) };
        cursor.at += 1;
        match *name {
            "status" | "deny_status" => self.status(cursor)?,
            "content-type" => self.reply.content_type = Some(one(cursor, name, "ctype")?.into()),
            "default-errorfiles" => self.set_body(cursor, name, ReplyBody::DefaultErrorFiles)?,
            "errorfiles" => {
                let section = one(cursor, name, "name")?;
                self.set_body(cursor, name, ReplyBody::ErrorFiles(section.into()))?;
            }
            "errorfile" => {
                self.only_body(cursor, name)?;
                let path = one(cursor, name, "fmt")?;
                let page = match path {
                    "/dev/null" => ReplyBody::Nothing,
                    _ => ReplyBody::Raw(self.file(cursor, path, ".")?),
                };
                self.set_body(cursor, name, page)?;
            }
            "file" | "string" | "lf-file" | "lf-string" => self.payload(cursor, name)?,
            "hdr" => {
                let (header, value) = (cursor.peek(), cursor.peek_at(1));
                if header.is_empty() || value.is_empty() {
                    return cursor.fault("'hdr' expects <name> and <value> as arguments");
                }
                cursor.at += 1;
                self.reply.headers.push((header.into(), self.format(cursor)?));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn status(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        let text = cursor.peek();
        if text.is_empty() {
            return cursor.fault("'status' expects <status_code> as argument");
        }
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let value: u32 = text[..digits].parse().unwrap_or(0);
        match u16::try_from(value) {
            Ok(status @ 200..=599) => self.reply.status = Some(status),
            _ => return cursor.fault(format!("Unexpected status code '{value}'")),
        }
        cursor.at += 1;
        Ok(())
    }

    /// A second body is refused before its argument is looked at.
    fn only_body(&self, cursor: &Cursor<'_>, name: &str) -> Result<(), Fault> {
        match self.body {
            Some(other) => {
                let text = format!("unexpected '{name}' argument, '{other}' already defined");
                Err(Fault::new(cursor.at.saturating_sub(1), text))
            }
            None => Ok(()),
        }
    }

    fn set_body(
        &mut self,
        cursor: &Cursor<'_>,
        name: &'static str,
        body: ReplyBody<Named>,
    ) -> Result<(), Fault> {
        self.only_body(cursor, name)?;
        self.body = Some(name);
        self.reply.body = body;
        Ok(())
    }

    fn payload(&mut self, cursor: &mut Cursor<'_>, name: &'static str) -> Result<(), Fault> {
        self.only_body(cursor, name)?;
        self.has_content = true;
        let value = one(
            cursor,
            name,
            if name.ends_with("file") {
                "file"
            } else if name == "string" {
                "str"
            } else {
                "fmt"
            },
        )?;
        let text: Arc<[u8]> = match name.ends_with("file") {
            true => self.file(cursor, value, "")?,
            false => value.as_bytes().into(),
        };
        if !name.starts_with("lf-") {
            self.has_content = !text.is_empty();
            return self.set_body(cursor, name, ReplyBody::Bytes(text));
        }
        self.formatted = true;
        let text = String::from_utf8_lossy(&text).into_owned();
        let format = Format::parse(&text, FormatMode::Http, self.cx.expressions).map_err(|mut error| {
            error.word = cursor.at - 1;
            Fault::from(error)
        })?;
        self.set_body(cursor, name, ReplyBody::Format(Box::new(format)))
    }

    fn format(&self, cursor: &mut Cursor<'_>) -> Result<Format<Named>, Fault> {
        self.cx.format(cursor)
    }

    fn file(&self, cursor: &Cursor<'_>, path: &str, stop: &str) -> Result<Arc<[u8]>, Fault> {
        match self.cx.expressions.files.read(path) {
            Some(bytes) => Ok(bytes.into()),
            None => Err(Fault::new(cursor.at - 1, format!("error opening file '{path}'{stop}"))),
        }
    }

    /// A type without anything that has one.
    fn warn_of_type(&self) {
        let Some(name) = &self.reply.content_type else { return };
        let text = format!(
            "content-type '{name}' ignored by the http reply because neither errorfile nor payload defined."
        );
        let cx = self.cx.expressions;
        cx.warnings.borrow_mut().push(Diagnostic::warning(cx.span, text));
    }

    fn finish(mut self, cursor: &Cursor<'_>, default: Option<u16>) -> Result<Reply<Named>, Fault> {
        let status = self.reply.status.or(default).unwrap_or_default();
        let named = matches!(self.body, Some("default-errorfiles" | "errorfiles"));
        // `return` without anything is an empty 200; `deny` alone is the error page of its status.
        let page = self.body.is_none() && default != Some(200) && self.reply.headers.is_empty();
        if (named || page) && !DEFAULT_STATUSES.contains(&status) {
            let kind = self.body.unwrap_or("default-errorfiles");
            return cursor
                .fault(format!("status code '{status}' not handled by default with '{kind}' argument."));
        }
        if self.formatted && self.reply.content_type.is_none() {
            return cursor.fault("a content type must be defined with a log-format payload");
        }
        if self.has_content && self.reply.content_type.is_none() {
            return cursor.fault("a content type must be defined when non-empty payload is configured");
        }
        if self.body.is_none() {
            self.warn_of_type();
            if !page {
                self.reply.body = ReplyBody::Empty;
            }
        }
        Ok(self.reply)
    }
}

const NAMES: &[&str] = &[
    "status",
    "deny_status",
    "content-type",
    "default-errorfiles",
    "errorfiles",
    "errorfile",
    "file",
    "string",
    "lf-file",
    "lf-string",
    "hdr",
];

/// The argument of `name`, called `what` where it is missing.
fn one<'w>(cursor: &mut Cursor<'w>, name: &str, what: &str) -> Result<&'w str, Fault> {
    if cursor.peek().is_empty() {
        return cursor.fault(format!("'{name}' expects <{what}> as argument"));
    }
    Ok(cursor.take())
}
