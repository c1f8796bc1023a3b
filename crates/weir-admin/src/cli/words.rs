//! One line to commands, one command to words (management manual 9.3): `;` separates commands, spaces separate words, a
//! backslash takes either of them into a word, `#` begins a comment.

/// A command's words, and the payload marker when the line ends with `<<` or `<<PATTERN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub words: Vec<String>,
    /// What ends the payload; empty: an empty line.
    pub payload_end: Option<String>,
}

/// Splits at `;` that no backslash precedes.
pub fn commands(line: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b';' if !escaped => {
                commands.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    commands.push(&line[start..]);
    commands
}

pub fn parse(command: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut word = String::new();
    let mut began = false;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                began = true;
                match letters.next() {
                    Some(escaped @ (' ' | ';' | '\\' | '\t')) => word.push(escaped),
                    Some(other) => word.extend(['\\', other]),
                    None => word.push('\\'),
                }
            }
            ' ' | '\t' => {
                if std::mem::take(&mut began) {
                    parsed.words.push(std::mem::take(&mut word));
                }
            }
            letter => {
                began = true;
                word.push(letter);
            }
        }
    }
    if began {
        parsed.words.push(word);
    }
    if let Some(end) = parsed.words.last().and_then(|last| last.strip_prefix("<<")) {
        parsed.payload_end = Some(end.to_owned());
        parsed.words.pop();
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_words() {
        assert_eq!(commands("show info;show\\;stat; x"), ["show info", "show\\;stat", " x"]);
        assert_eq!(parse("  echo a\\ b \\;c  ").words, ["echo", "a b", ";c"]);
        assert_eq!(parse("add map m <<").payload_end.as_deref(), Some(""));
        assert_eq!(parse("add map m <<EOF").payload_end.as_deref(), Some("EOF"));
        assert_eq!(parse("show info").payload_end, None);
    }
}
