//! Reads a format: text, `%%`, `%{flags}(name:type)alias`, `%{flags}[expression]` (manual 8.2.6).

use super::{Alias, Flags, Format, FormatMode, FormatPart};
use crate::expr::{ExprError, ParseContext, parse_format};
use crate::stage::Named;
use crate::value::Type;

impl Format<Named> {
    /// Reads a whole format. The error is HAProxy's text without prefix and full stop.
    pub fn parse(text: &str, mode: FormatMode, cx: &ParseContext<'_>) -> Result<Self, ExprError> {
        let mut reader = Reader { text, rest: text, mode, cx, global: Flags::default(), unsupported: None };
        let mut parts = Vec::new();
        reader.read(&mut parts)?;
        Ok(Format { parts: parts.into(), mode, span: cx.span, unsupported: reader.unsupported })
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    mode: FormatMode,
    cx: &'a ParseContext<'a>,
    /// What `%{...}o` set for all that follows.
    global: Flags,
    unsupported: Option<&'static str>,
}

fn error(message: impl Into<Box<str>>) -> ExprError {
    ExprError::new(0, message)
}

impl Reader<'_> {
    fn read(&mut self, parts: &mut Vec<FormatPart<Named>>) -> Result<(), ExprError> {
        let mut literal = String::new();
        let merges = matches!(self.mode, FormatMode::Log | FormatMode::StructuredData | FormatMode::UniqueId);
        while let Some(letter) = self.rest.chars().next() {
            self.rest = &self.rest[letter.len_utf8()..];
            match letter {
                '%' if self.rest.starts_with('%') => {
                    self.rest = &self.rest[1..];
                    literal.push('%');
                }
                '%' => {
                    flush(&mut literal, parts);
                    self.item(parts)?;
                }
                ' ' if merges => {
                    flush(&mut literal, parts);
                    if !matches!(parts.last(), None | Some(FormatPart::Space)) {
                        parts.push(FormatPart::Space);
                    }
                }
                _ => literal.push(letter),
            }
        }
        flush(&mut literal, parts);
        Ok(())
    }

    /// What follows a single `%`.
    fn item(&mut self, parts: &mut Vec<FormatPart<Named>>) -> Result<(), ExprError> {
        let position = self.text.len() - self.rest.len();
        let mut flags = self.global;
        let mut cast = None;
        if let Some(inside) = self.rest.strip_prefix('(') {
            let Some((name, after)) = inside.split_once(')') else {
                return Err(error(format!("truncated line after '{inside}'")));
            };
            cast = self.cast(name)?;
            self.rest = after;
        }
        if let Some(inside) = self.rest.strip_prefix('{') {
            let Some((words, after)) = inside.split_once('}') else {
                return Err(error(format!("truncated line after '{inside}'")));
            };
            self.flags(words, &mut flags);
            self.rest = after;
        }
        if let Some(inside) = self.rest.strip_prefix('[') {
            return self.expression(inside, flags, cast, parts);
        }
        let letters = self.rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (name, after) = self.rest.split_at(letters);
        if name.is_empty() {
            return Err(match self.rest.chars().next() {
                None => error("truncated line after '%'"),
                Some(letter) => error(format!(
                    "unexpected variable name near '{letter}' at position {position} line : '{}'. Maybe you want \
                     to write a single '%', use the syntax '%%'",
                    self.text
                )),
            });
        }
        let alias = Alias::find(name).ok_or_else(|| {
            error(format!(
                "no such format alias '{name}'. If you wanted to emit the '%' character verbatim, you need to use \
                 '%%'"
            ))
        })?;
        self.rest = after;
        if alias == Alias::Flags {
            self.global = flags;
            return Ok(());
        }
        parts.push(FormatPart::Alias { alias, flags });
        Ok(())
    }

    /// `name:type`: the name matters to encodings only.
    fn cast(&self, name: &str) -> Result<Option<Type>, ExprError> {
        match name.split_once(':') {
            None => Ok(None),
            Some((_, "str")) => Ok(Some(Type::Str)),
            Some((_, "sint")) => Ok(Some(Type::Sint)),
            Some((_, "bool")) => Ok(Some(Type::Bool)),
            Some((_, other)) => Err(error(format!("unexpected output format type '{other}'"))),
        }
    }

    fn flags(&mut self, words: &str, flags: &mut Flags) {
        for word in words.split(',') {
            let (on, word) = match word.strip_prefix('-') {
                Some(word) => (false, word),
                None => (true, word.strip_prefix('+').unwrap_or(word)),
            };
            match word {
                "Q" => flags.quote = on,
                "X" => flags.hex = on,
                "E" => flags.escape = on,
                "json" if on => self.unsupported = Some("json"),
                "cbor" if on => self.unsupported = Some("cbor"),
                "bin" if on => self.unsupported = Some("bin"),
                // HAProxy passes over letters it does not know.
                _ => {}
            }
        }
    }

    fn expression(
        &mut self,
        inside: &str,
        flags: Flags,
        cast: Option<Type>,
        parts: &mut Vec<FormatPart<Named>>,
    ) -> Result<(), ExprError> {
        // A copy of the slice with the lifetime of the whole text, so that `rest` may keep its tail.
        let start = self.text.len() - inside.len();
        let inside = &self.text[start..];
        let (expr, after) = parse_format(inside, self.cx).map_err(|inner| ExprError {
            message: format!("failed to parse sample expression <{inside}> : {}", inner.message).into(),
            ..inner
        })?;
        self.rest = match after.chars().next() {
            Some(']') => &self.text[self.text.len() - after.len() + 1..],
            Some(letter) => {
                return Err(error(format!("expected ']' after '{}', but found '{letter}'", expr.text)));
            }
            None => return Err(error(format!("missing ']' after '{}'", expr.text))),
        };
        parts.push(FormatPart::Expr { expr, flags, cast });
        Ok(())
    }
}

fn flush(literal: &mut String, parts: &mut Vec<FormatPart<Named>>) {
    if !literal.is_empty() {
        parts.push(FormatPart::Text(std::mem::take(literal).into()));
    }
}
