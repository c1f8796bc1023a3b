//! Arguments between parentheses, `regsub("^/(a|b)","\1",g)`: the second level of quoting of manual 2.2. Quotes and
//! `\ `, `\\`, `\'`, `\"`, `\n`, `\r`, `\t` work as on a line; `\#`, `\$`, `\xNN` do not, and no comma or parenthesis
//! can be escaped, only quoted.

use nom::Parser;
use nom::bytes::complete::take_while;
use nom::error::Error;

/// A backslash stands at the very end of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailingBackslash {
    /// Bytes of the text before it.
    pub offset: usize,
}

/// Reads one argument: up to an unquoted comma or closing parenthesis, which begins the rest, or to the end of the
/// text. A quote that is not closed reaches to the end, as in HAProxy.
pub fn argument(input: &str) -> Result<(&str, String), TrailingBackslash> {
    let mut value = String::new();
    let mut rest = input;
    let mut weak = false;
    loop {
        let ends = |character: char| match character {
            '"' | '\\' => true,
            ',' | ')' | '\'' => !weak,
            _ => false,
        };
        let plain;
        (rest, plain) = run(rest, |character| !ends(character));
        value.push_str(plain);
        let mut behind = rest.chars();
        match behind.next() {
            Some('"') => weak = !weak,
            Some('\'') => {
                let (end, inside) = run(behind.as_str(), |character| character != '\'');
                value.push_str(inside);
                rest = end.get(1..).unwrap_or("");
                continue;
            }
            Some('\\') => value.push(escaped(&mut behind, input.len() - rest.len())?),
            _ => return Ok((rest, value)),
        }
        rest = behind.as_str();
    }
}

/// The character a backslash stands for; steps over the next one only if the two belong together.
fn escaped(behind: &mut std::str::Chars<'_>, offset: usize) -> Result<char, TrailingBackslash> {
    let character = match behind.clone().next().ok_or(TrailingBackslash { offset })? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        literal @ (' ' | '\\' | '\'' | '"') => literal,
        _ => return Ok('\\'),
    };
    behind.next();
    Ok(character)
}

fn run(input: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    take_while::<_, _, Error<&str>>(accept).parse(input).unwrap_or(("", input))
}

#[cfg(test)]
mod tests {
    use super::argument;

    /// What HAProxy 2.8.25 compared in `.if 'streq(TEXT,...)'`.
    #[test]
    fn quotes_and_escapes_of_the_second_level() {
        for (text, value, rest) in [
            (r#"a\,b)"#, r"a\", ",b)"),
            (r#""a\,b")"#, r"a\,b", ")"),
            (r"a\)b", r"a\", ")b"),
            (r#""a\)b","#, r"a\)b", ","),
            (r"a\nb)", "a\nb", ")"),
            (r#""a\nb\t\r")"#, "a\nb\t\r", ")"),
            (r"'a\nb')", r"a\nb", ")"),
            (r"a\ab)", r"a\ab", ")"),
            (r"a\\b)", r"a\b", ")"),
            (r"a\ b c)", "a b c", ")"),
            (r#"a\"b\'c)"#, "a\"b'c", ")"),
            (r#""a'b\'c\"d")"#, "a'b'c\"d", ")"),
            (r"'a\'b',x)", r"a\b,x)", ""),
            (r#"a'b'c"d")"#, "abcd", ")"),
            (r"a\x41\#\$\(b)", r"a\x41\#\$\(b", ")"),
            (r#""^/(here)(/|$)","my/\1",g)"#, "^/(here)(/|$)", r#","my/\1",g)"#),
            ("\"a,b", "a,b", ""),
            ("", "", ""),
        ] {
            assert_eq!(argument(text), Ok((rest, value.to_owned())), "{text}");
        }
        assert_eq!(argument(r"a\").unwrap_err().offset, 1);
    }
}
