//! Regular expressions: linear-time matching where the pattern means the same there, PCRE2 with a match limit
//! otherwise (back references, look-around, and syntax that the two read differently).

use std::fmt;
use std::sync::Arc;

/// PCRE2 gives up after this many internal steps, and the pattern then does not match.
const MATCH_LIMIT: u32 = 1_000_000;

/// A compiled regular expression; cloning shares it.
#[derive(Clone)]
pub struct Regex {
    pub text: Arc<str>,
    pub ignore_case: bool,
    program: Arc<Program>,
}

enum Program {
    Linear(regex::bytes::Regex),
    Backtracking(pcre2::bytes::Regex),
}

/// Where a pattern is malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegexError {
    pub pattern: Box<str>,
    pub reason: Box<str>,
    pub offset: usize,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "regex '{}' is invalid (error={}, erroffset={})", self.pattern, self.reason, self.offset)
    }
}

impl std::error::Error for RegexError {}

/// Byte ranges of a match and of its groups; group 0 is the whole match.
pub type Groups = [Option<(usize, usize)>; 10];

impl Regex {
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Regex, RegexError> {
        let linear = if reads_alike(pattern) {
            regex::bytes::RegexBuilder::new(pattern).unicode(false).case_insensitive(ignore_case).build().ok()
        } else {
            None
        };
        let program = match linear {
            Some(regex) => Program::Linear(regex),
            None => Program::Backtracking(backtracking(pattern, ignore_case)?),
        };
        Ok(Regex { text: pattern.into(), ignore_case, program: Arc::new(program) })
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        match &*self.program {
            Program::Linear(regex) => regex.is_match(text),
            Program::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    /// The leftmost match at or after `from`, with its first nine groups.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Groups> {
        let mut groups = Groups::default();
        match &*self.program {
            Program::Linear(regex) => {
                let mut slots = regex.capture_locations();
                regex.captures_read_at(&mut slots, text, from)?;
                for (index, group) in groups.iter_mut().enumerate() {
                    *group = slots.get(index);
                }
            }
            Program::Backtracking(regex) => {
                let mut slots = regex.capture_locations();
                regex.captures_read_at(&mut slots, text, from).ok()??;
                for (index, group) in groups.iter_mut().enumerate() {
                    *group = slots.get(index);
                }
            }
        }
        Some(groups)
    }

    /// Appends `template` with `\0` to `\9` replaced by the groups of a match, and `\xHH` by that byte.
    pub fn expand(template: &[u8], text: &[u8], groups: &Groups, out: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(&byte) = template.get(at) {
            at += 1;
            let next = template.get(at).copied();
            match (byte, next) {
                (b'\\', Some(digit @ b'0'..=b'9')) => {
                    at += 1;
                    if let Some((start, end)) = groups[usize::from(digit - b'0')] {
                        out.extend_from_slice(&text[start..end]);
                    }
                }
                (b'\\', Some(b'x')) => match hex_pair(&template[at + 1..]) {
                    Some(value) => {
                        out.push(value);
                        at += 3;
                    }
                    None => out.push(b'\\'),
                },
                (b'\\', Some(other)) => {
                    out.push(other);
                    at += 1;
                }
                _ => out.push(byte),
            }
        }
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Regex").field("text", &self.text).field("ignore_case", &self.ignore_case).finish()
    }
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(bytes.get(..2)?).ok()?;
    u8::from_str_radix(text, 16).ok()
}

fn backtracking(pattern: &str, ignore_case: bool) -> Result<pcre2::bytes::Regex, RegexError> {
    let build = |text: &str| {
        pcre2::bytes::RegexBuilder::new().caseless(ignore_case).jit_if_available(true).build(text)
    };
    // The bare pattern first: the offset in a message counts in what the user wrote.
    let refused = |error: pcre2::Error| {
        let text = error.to_string();
        // The crate's own words before PCRE2's: `PCRE2: error compiling pattern at offset 1: `.
        let reason = text.splitn(3, ": ").last().unwrap_or(&text);
        RegexError { pattern: pattern.into(), reason: reason.into(), offset: error.offset().unwrap_or(0) }
    };
    build(pattern).map_err(refused)?;
    build(&format!("(*LIMIT_MATCH={MATCH_LIMIT}){pattern}")).map_err(refused)
}

/// Whether both engines read the pattern alike, if both accept it: classes with set operations or nested brackets,
/// which PCRE2 takes literally, and `$`, which it also finds before a last line feed, are left to PCRE2's reading
/// only where they occur inside a class.
fn reads_alike(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let (mut at, mut class) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' if class => {
                if bytes.get(at + 1) != Some(&b':') {
                    return false;
                }
                match pattern[at..].find(":]") {
                    Some(end) => at += end + 1,
                    None => return false,
                }
            }
            b'[' => {
                class = true;
                if bytes.get(at + 1) == Some(&b'^') {
                    at += 1;
                }
                if bytes.get(at + 1) == Some(&b']') {
                    at += 1;
                }
            }
            b']' => class = false,
            b'&' | b'-' | b'~' if class && bytes.get(at + 1) == Some(&bytes[at]) => return false,
            b'(' if bytes.get(at + 1) == Some(&b'*') => return false,
            b'{' if !class && bytes.get(at + 1) == Some(&b',') => return false,
            _ => {}
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_serve_one_interface() {
        let linear = Regex::new("^/api/(v[0-9]+)/(.*)", false).expect("a plain pattern");
        let groups = linear.find(b"/api/v1/users", 0).expect("a match");
        let mut out = Vec::new();
        Regex::expand(br"\1-\2", b"/api/v1/users", &groups, &mut out);
        assert_eq!(out, b"v1-users");
        let backward = Regex::new(r"(.)\1", true).expect("a back reference");
        assert!(backward.is_match(b"xaA"));
        assert!(Regex::new("[a&&b]", false).expect("literal ampersands").is_match(b"&"));
    }

    #[test]
    fn a_malformed_pattern_says_where() {
        let error = Regex::new("(", false).expect_err("an open group");
        assert_eq!((&*error.pattern, error.offset), ("(", 1));
    }
}
