//! Reads an expression: the fetch with its arguments, then converters joined by commas. Three places read it with
//! small differences, which this module keeps: rules (a converter may stand in the next word), ACLs (their own names,
//! one word), and log formats (the text goes on behind the expression).

use weir_registry::near;

use super::{Conversion, Expr, ExprError, ParseContext};
use crate::acl::keyword;
use crate::arg::{ArgError, parse_args};
use crate::cast::castable;
use crate::convert::{self, Converter};
use crate::fetch::{self, Fetch};
use crate::stage::Named;
use crate::value::Type;

/// Where the expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Rule,
    Acl,
    Format,
}

/// What was read so far, and what is left of the word it was read from.
struct Reader<'a, 'c> {
    style: Style,
    cx: &'c ParseContext<'c>,
    /// For messages.
    word: usize,
    whole: &'a str,
    rest: &'a str,
}

/// In a rule: one or several words.
pub(super) fn parse(words: &[&str], at: &mut usize, cx: &ParseContext<'_>) -> Result<Expr<Named>, ExprError> {
    let whole = words.get(*at).copied().unwrap_or("");
    let mut reader = Reader { style: Style::Rule, cx, word: *at, whole, rest: whole };
    let mut expr = reader.fetch()?.0;
    let mut text = whole.to_owned();
    let mut conversions = Vec::new();
    let mut output = expr.fetch.output;
    *at += 1;
    loop {
        reader.conversions(expr.fetch.name, &mut output, &mut conversions)?;
        // HAProxy goes on with the next word if it names a converter, comma or not.
        let Some(next) = words.get(*at) else { break };
        if convert::find(name_of(next).0).is_none() {
            break;
        }
        text.push_str(if text.ends_with(',') { "" } else { "," });
        text.push_str(next);
        (reader.whole, reader.rest, reader.word) = (next, next, *at);
        conversions.push(reader.conversion(&mut output)?);
        *at += 1;
    }
    expr.conversions = conversions.into();
    expr.text = text.into();
    Ok(expr)
}

/// In an ACL: exactly one word. Returns the ACL keyword's row, if the name is one.
pub(crate) fn parse_acl(
    word: &str,
    index: usize,
    cx: &ParseContext<'_>,
) -> Result<(Expr<Named>, Option<&'static keyword::Keyword>), ExprError> {
    let mut reader = Reader { style: Style::Acl, cx, word: index, whole: word, rest: word };
    let (mut expr, acl) = reader.fetch()?;
    let mut conversions = Vec::new();
    let mut output = expr.fetch.output;
    let name = name_of(word).0;
    reader.conversions(name, &mut output, &mut conversions).map_err(|mut error| {
        error.message = format!("ACL keyword '{name}' : {}.", error.message).into();
        error
    })?;
    expr.conversions = conversions.into();
    Ok((expr, acl))
}

/// In a log format: as far as the expression goes. Returns what follows it.
pub(crate) fn parse_format<'a>(
    text: &'a str,
    cx: &ParseContext<'_>,
) -> Result<(Expr<Named>, &'a str), ExprError> {
    let mut reader = Reader { style: Style::Format, cx, word: 0, whole: text, rest: text };
    let mut expr = reader.fetch()?.0;
    let mut conversions = Vec::new();
    let mut output = expr.fetch.output;
    reader.conversions(expr.fetch.name, &mut output, &mut conversions)?;
    expr.conversions = conversions.into();
    expr.text = text[..text.len() - reader.rest.len()].into();
    Ok((expr, reader.rest))
}

/// The name at the head of a text, and the text behind it.
fn name_of(text: &str) -> (&str, &str) {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+".contains(&byte);
    text.split_at(text.bytes().position(|byte| !inside(byte)).unwrap_or(text.len()))
}

impl Reader<'_, '_> {
    fn error(&self, message: String) -> ExprError {
        ExprError::new(self.word, message)
    }

    fn fetch(&mut self) -> Result<(Expr<Named>, Option<&'static keyword::Keyword>), ExprError> {
        let (name, after) = name_of(self.rest);
        let place = match self.style {
            Style::Acl => format!(" in ACL expression '{}'", self.whole),
            _ => String::new(),
        };
        if name.is_empty() {
            return Err(self.error(format!("missing fetch method{place}")));
        }
        let acl = if self.style == Style::Acl { keyword::find(name) } else { None };
        let row: &'static Fetch = match acl {
            Some(keyword) => keyword.fetch(),
            None => fetch::find(name).ok_or_else(|| {
                self.error(format!("unknown fetch method '{name}'{place}"))
                    .with_hint(near(name, fetch::names()))
            })?,
        };
        let (mut args, after) =
            parse_args(after, row.signature).map_err(|ArgError { message, .. }| {
                let noun = if self.style == Style::Acl { "ACL keyword" } else { "fetch method" };
                self.error(format!("{noun} '{name}' : {message}"))
            })?;
        if let Some(check) = row.check {
            check(&mut args, self.cx).map_err(|message| {
                self.error(format!("invalid args in fetch method '{name}' : {message}{place}"))
            })?;
        }
        self.rest = after;
        let expr = Expr {
            fetch: row,
            args: args.into(),
            conversions: Box::default(),
            folded: None,
            text: self.whole.into(),
        };
        Ok((expr, acl))
    }

    /// Converters to the end of the word, or in a format as far as commas go.
    fn conversions(
        &mut self,
        fetch: &str,
        output: &mut Type,
        into: &mut Vec<Conversion<Named>>,
    ) -> Result<(), ExprError> {
        while !self.rest.is_empty() {
            let Some(after) = self.rest.strip_prefix(',') else {
                if self.style == Style::Format {
                    return Ok(());
                }
                return Err(self.error(match (self.style, into.last()) {
                    (Style::Acl, None) => "missing comma after fetch keyword.".to_owned(),
                    (_, None) => format!("missing comma after fetch keyword '{fetch}'"),
                    (_, Some(last)) => format!("missing comma after converter '{}'", last.row.name),
                }));
            };
            self.rest = after.trim_start_matches(',');
            if self.rest.is_empty() {
                return Ok(());
            }
            into.push(self.conversion(output)?);
        }
        Ok(())
    }

    fn conversion(&mut self, output: &mut Type) -> Result<Conversion<Named>, ExprError> {
        let (name, after) = name_of(self.rest);
        let row: &'static Converter = convert::find(name).ok_or_else(|| {
            self.error(format!("unknown converter '{name}'")).with_hint(near(name, convert::names()))
        })?;
        if !castable(*output, row.input) {
            return Err(self.error(format!("converter '{name}' cannot be applied")));
        }
        let (mut args, rest) =
            parse_args(after, row.signature).map_err(|ArgError { position, message }| {
                self.error(format!("invalid arg {position} in converter '{name}' : {message}"))
            })?;
        if let Some(check) = row.check {
            check(&mut args, self.cx)
                .map_err(|message| self.error(format!("invalid args in converter '{name}' : {message}")))?;
        }
        if row.output != Type::Same {
            *output = row.output;
        }
        self.rest = rest;
        Ok(Conversion { row, args: args.into() })
    }
}
