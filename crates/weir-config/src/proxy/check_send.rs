//! What a check sends: `http-check send`, `tcp-check send`, `send-lf`, `send-binary`, `send-binary-lf` (manual 4.2).

use weir_sample::{Format, FormatMode, Named};
use weir_syntax::Line;

use super::check_steps::{argument, wrong};
use crate::expression;
use crate::model::{CheckStep, SendData};
use crate::outcome::Outcome;
use crate::parser::Parser;

#[derive(Default)]
struct Request {
    method: Option<Box<str>>,
    uri: Option<Format<Named>>,
    version: Option<Box<str>>,
    headers: Vec<(Box<str>, Format<Named>)>,
    body: Option<Format<Named>>,
    comment: Option<Box<str>>,
}

pub(super) fn http(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    let mut request = Request::default();
    let mut at = 2;
    while at < line.len() {
        at += request.option(parser, line, at)?;
    }
    let Request { method, uri, version, headers, body, comment } = request;
    Ok(CheckStep::HttpSend { method, uri, version, headers, body, comment, span: line.span() })
}

impl Request {
    /// Reads the option at `at`; how many words it took.
    fn option(&mut self, parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<usize> {
        match line.word(at) {
            "meth" => self.method = Some(argument(line, at, "a string")?.into()),
            "ver" => self.version = Some(argument(line, at, "a string")?.into()),
            "uri" => self.uri = Some(literal(line, at)?),
            "uri-lf" => self.uri = Some(format(parser, line, at)?),
            "body" => self.body = Some(literal(line, at)?),
            "body-lf" => self.body = Some(format(parser, line, at)?),
            "comment" => self.comment = Some(argument(line, at, "a string")?.into()),
            "hdr" => {
                if line.word(at + 1).is_empty() || line.word(at + 2).is_empty() {
                    return wrong(line, at, "'hdr' expects <name> and <value> as arguments");
                }
                let value = read_format(parser, line, at + 2)?;
                self.headers.push((line.word(at + 1).into(), value));
                return Ok(3);
            }
            other => {
                let text = format!(
                    "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{other}' \
                     as argument."
                );
                return wrong(line, at, &text);
            }
        }
        Ok(2)
    }
}

/// A word that is sent as it stands.
fn literal(line: &Line<'_>, at: usize) -> Outcome<Format<Named>> {
    let text = argument(line, at, "a string")?;
    Ok(plain(text, line))
}

fn plain(text: &str, line: &Line<'_>) -> Format<Named> {
    let part = weir_sample::FormatPart::Text(text.into());
    Format { parts: [part].into(), mode: FormatMode::Tcp, span: line.span(), unsupported: None }
}

fn format(parser: &mut Parser<'_>, line: &Line<'_>, at: usize) -> Outcome<Format<Named>> {
    argument(line, at, "a string")?;
    read_format(parser, line, at + 1)
}

/// The format in one word, with the checks' own wording of a fault.
pub(super) fn read_format(parser: &mut Parser<'_>, line: &Line<'_>, word: usize) -> Outcome<Format<Named>> {
    expression::format(parser, line, word, FormatMode::Tcp).or_else(|text| {
        wrong(line, word, &format!("'{}' invalid log-format string ({text}).\n", line.word(word)))
    })
}

pub(super) fn tcp(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome<CheckStep> {
    let verb = line.word(1);
    let text = line.word(2);
    if text.is_empty() {
        let what = if verb == "send-binary" { "binary string" } else { "string" };
        return wrong(line, 1, &format!("'{what}' expects a {verb} as argument"));
    }
    let mut comment = None;
    match line.word(3) {
        "" => {}
        "comment" => comment = Some(argument(line, 3, "a string")?.into()),
        other => return wrong(line, 3, &format!("expects 'comment' but got '{other}' as argument.")),
    }
    let span = line.span();
    let data = match verb {
        "send" => SendData::Bytes(text.as_bytes().into()),
        "send-binary" => match hexadecimal(text) {
            Some(bytes) => SendData::Bytes(bytes.into()),
            None => return wrong(line, 2, &format!("'{text}' {BINARY}.\n")),
        },
        "send-binary-lf" => SendData::BinaryFormat(read_format(parser, line, 2)?),
        _ => SendData::Format(read_format(parser, line, 2)?),
    };
    Ok(CheckStep::TcpSend { data, comment, span })
}

pub(super) const BINARY: &str = "invalid binary string (an even number of hex digit is expected)";

pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn pairs_of_digits() {
        assert_eq!(hexadecimal("61fF"), Some(vec![0x61, 0xff]));
        assert_eq!(hexadecimal("616"), None);
        assert_eq!(hexadecimal("6x"), None);
    }
}
