//! Regular expressions: linear-time matching where the pattern means the same there, PCRE2 with a match limit
//! otherwise (back references, look-around, and syntax that the two read differently).

use std::fmt;
use std::sync::{Arc, OnceLock};

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
    Linear(Linear),
    Backtracking(pcre2::bytes::Regex),
}

struct Linear {
    regex: regex::bytes::Regex,
    /// For texts that end in a line feed, where the pattern has a `$`, which the engines then read differently.
    with_last_line: Option<OnceLock<Option<pcre2::bytes::Regex>>>,
}

impl Linear {
    /// The other engine, where this one does not read the pattern as PCRE2 does on such a text.
    fn other(&self, pattern: &str, ignore_case: bool, text: &[u8]) -> Option<&pcre2::bytes::Regex> {
        let other = self.with_last_line.as_ref().filter(|_| text.ends_with(b"\n"))?;
        other.get_or_init(|| backtracking(pattern, ignore_case).ok()).as_ref()
    }
}

enum Engine<'r> {
    Linear(&'r regex::bytes::Regex),
    Backtracking(&'r pcre2::bytes::Regex),
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
        check(pattern, ignore_case)?;
        let linear = if reads_alike(pattern) {
            regex::bytes::RegexBuilder::new(pattern).unicode(false).case_insensitive(ignore_case).build().ok()
        } else {
            None
        };
        let program = match linear {
            Some(regex) => {
                let with_last_line = has_end(pattern).then(OnceLock::new);
                Program::Linear(Linear { regex, with_last_line })
            }
            None => Program::Backtracking(backtracking(pattern, ignore_case)?),
        };
        Ok(Regex { text: pattern.into(), ignore_case, program: Arc::new(program) })
    }

    pub fn is_match(&self, text: &[u8]) -> bool {
        match self.engine(text) {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    /// Who looks at this text.
    fn engine(&self, text: &[u8]) -> Engine<'_> {
        match &*self.program {
            Program::Backtracking(regex) => Engine::Backtracking(regex),
            Program::Linear(linear) => match linear.other(&self.text, self.ignore_case, text) {
                Some(regex) => Engine::Backtracking(regex),
                None => Engine::Linear(&linear.regex),
            },
        }
    }

    /// The leftmost match at or after `from`, with its first nine groups.
    pub fn find(&self, text: &[u8], from: usize) -> Option<Groups> {
        let mut groups = Groups::default();
        match self.engine(text) {
            Engine::Linear(regex) => {
                let mut slots = regex.capture_locations();
                regex.captures_read_at(&mut slots, text, from)?;
                for (index, group) in groups.iter_mut().enumerate() {
                    *group = slots.get(index);
                }
            }
            Engine::Backtracking(regex) => {
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

fn builder(ignore_case: bool) -> pcre2::bytes::RegexBuilder {
    let mut builder = pcre2::bytes::RegexBuilder::new();
    builder.caseless(ignore_case);
    builder
}

/// What PCRE2 says of the bare pattern: it decides whether a pattern is one, and the offset in its message counts in
/// what the user wrote.
fn check(pattern: &str, ignore_case: bool) -> Result<(), RegexError> {
    match builder(ignore_case).build(pattern) {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = error.to_string();
            // The crate's own words before PCRE2's: `PCRE2: error compiling pattern at offset 1: `.
            let reason = text.splitn(3, ": ").last().unwrap_or(&text);
            let offset = error.offset().unwrap_or(0);
            Err(RegexError { pattern: pattern.into(), reason: reason.into(), offset })
        }
    }
}

/// A checked pattern for PCRE2.
fn backtracking(pattern: &str, ignore_case: bool) -> Result<pcre2::bytes::Regex, RegexError> {
    let limited = format!("(*LIMIT_MATCH={MATCH_LIMIT}){pattern}");
    builder(ignore_case).jit_if_available(true).build(&limited).map_err(|error| RegexError {
        pattern: pattern.into(),
        reason: error.to_string().into(),
        offset: 0,
    })
}

/// Whether both engines read the pattern alike, if both accept it. What either reads in a way of its own is left to
/// PCRE2: bytes beyond ASCII, possessive repetitions, word boundaries written `\<`, flags other than `i`, set operations
/// in classes, verbs.
fn reads_alike(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    if !pattern.is_ascii() {
        return false;
    }
    let (mut at, mut class) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        match bytes[at] {
            b'\\' if matches!(rest.get(1), Some(b'<' | b'>' | b'u' | b'U' | b'p' | b'P' | b'b' | b'B')) => {
                // `\b` is a boundary to both, but `\b{start}` is not.
                if !matches!(rest.get(1), Some(b'b' | b'B')) || class || rest.get(2) == Some(&b'{') {
                    return false;
                }
                at += 1;
            }
            b'\\' => at += 1,
            b'[' if class => {
                if rest.get(1) != Some(&b':') {
                    return false;
                }
                match pattern[at..].find(":]") {
                    Some(end) => at += end + 1,
                    None => return false,
                }
            }
            b'[' => {
                class = true;
                if rest.get(1) == Some(&b'^') {
                    at += 1;
                }
                if bytes.get(at + 1) == Some(&b']') {
                    at += 1;
                }
            }
            b']' => class = false,
            b'&' | b'-' | b'~' if class && rest.get(1) == Some(&rest[0]) => return false,
            _ if class => {}
            b'(' if rest.get(1) == Some(&b'*') => return false,
            b'(' if rest.get(1) == Some(&b'?') => {
                let plain: [&[u8]; 4] = [b"(?:", b"(?i)", b"(?i:", b"(?P<"];
                if !plain.iter().any(|form| rest.starts_with(form)) {
                    return false;
                }
                at += 1;
            }
            b'{' if rest.get(1) == Some(&b',') => return false,
            // A second sign behind a repetition makes it lazy, which both know, or possessive.
            b'*' | b'+' | b'?' | b'}' if matches!(rest.get(1), Some(b'+' | b'*' | b'{')) => return false,
            b'?' if rest.get(1) == Some(&b'?') && rest.get(2).is_some_and(|next| b"?+*{".contains(next)) => {
                return false;
            }
            _ => {}
        }
        at += 1;
    }
    true
}

/// `$` is also in front of a line feed at the end of the text to PCRE2.
fn has_end(pattern: &str) -> bool {
    pattern.contains('$')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// The answers of both engines on a text, where both read the pattern alike.
    fn compare(pattern: &str, ignore_case: bool, text: &[u8]) {
        let Ok(chosen) = Regex::new(pattern, ignore_case) else { return };
        let Program::Linear(_) = &*chosen.program else { return };
        let other = backtracking(pattern, ignore_case).expect("PCRE2 took it");
        let expected = other.captures(text).expect("within the limits").map(|captures| {
            let mut groups = Groups::default();
            for (index, group) in groups.iter_mut().enumerate() {
                *group = captures.get(index).map(|found| (found.start(), found.end()));
            }
            groups
        });
        assert_eq!(chosen.find(text, 0), expected, "{pattern:?} on {text:?}");
        assert_eq!(chosen.is_match(text), expected.is_some(), "{pattern:?} on {text:?}");
    }

    fn pattern() -> impl Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "a",
            "b",
            "A",
            ".",
            "\n",
            "^",
            "$",
            "\\.",
            "\\d",
            "\\w",
            "\\s",
            "\\b",
            "\\B",
            "\\n",
            "[ab]",
            "[^a]",
            "[a-c0-9_.-]",
            "[]a]",
            "[[:alpha:]]",
            "[a&&b]",
            "[a--b]",
            "(",
            ")",
            "(?:",
            "(?i)",
            "(?s)",
            "(?m)",
            "(?x)",
            "|",
            "*",
            "+",
            "?",
            "*?",
            "+?",
            "??",
            "*+",
            "{2}",
            "{1,}",
            "{,2}",
            "{0,2}",
            "\\<",
            "\\A",
            "\\z",
            "\\Z",
            "\\x41",
            "\\1",
            "/",
            "-",
            " ",
            "#",
            "é",
        ]);
        proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn both_engines_agree(pattern in pattern(), ignore_case: bool, text in "[abAB0_ ./\n\u{e9}-]{0,8}\n?") {
            compare(&pattern, ignore_case, text.as_bytes());
        }
    }

    #[test]
    fn patterns_of_configurations_read_alike() {
        let patterns = [
            r"^/api/(v[0-9]+)/(.*)$",
            r"\.(gif|jpe?g|png|css|js)$",
            r"^([^\ ]*)\ /(.*)",
            r"^(www\.)?example\.(com|org)$",
            r"^/(?:static|images)/",
            r"(?i)bot|crawl|spider",
            r"^[a-z0-9_-]{3,16}$",
            r"\.php(\?.*)?$",
            r"^https?://",
            r"^10\.0\.\d{1,3}\.\d{1,3}$",
            r"[<>'\x22]",
            r"\.\./",
            r"^(GET|POST) ",
            r"^/\.well-known/",
        ];
        let texts = [
            "/api/v1/users",
            "/a.PNG",
            "/a.png\n",
            "GET /x HTTP/1.1",
            "www.example.com",
            "/static/x",
            "Googlebot/2.1",
            "user_name-1",
            "/index.php?x=1",
            "10.0.1.2",
            "<script>",
            "/a/../b",
            "",
            "\n",
            "a\nb",
        ];
        for pattern in patterns {
            assert!(reads_alike(pattern), "{pattern}");
            for text in texts {
                compare(pattern, false, text.as_bytes());
                compare(pattern, true, text.as_bytes());
            }
        }
    }

    /// Every word of a line about regular expressions, in the configurations that lie beside the repository.
    #[test]
    fn patterns_of_the_corpus_read_alike() {
        fn walk(directory: &std::path::Path, words: &mut std::collections::BTreeSet<String>) {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, words);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    let about = |line: &&str| {
                        ["_reg", "-m reg", "replace-", "regsub", "reqrep"]
                            .iter()
                            .any(|word| line.contains(word))
                    };
                    for line in text.lines().filter(about) {
                        words.extend(line.split_whitespace().map(str::to_owned));
                    }
                }
            }
        }
        let shared = std::env::var_os("WEIR_SHARED").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            Into::into,
        );
        let mut words = std::collections::BTreeSet::new();
        walk(&shared.join("corpus"), &mut words);
        for word in &words {
            for text in
                ["/api/v1/users", "www.example.com", "Mozilla/5.0", "/a.php?b=c", "10.1.2.3", "", "x\n"]
            {
                compare(word, true, text.as_bytes());
            }
        }
    }

    /// Patterns that take a backtracking engine exponential time: they end, and do not match.
    #[test]
    fn no_pattern_takes_for_ever() {
        let text = [vec![b'a'; 20_000], b"!".to_vec()].concat();
        for pattern in [
            r"(a+)+$",
            r"(a|a)*b",
            r"^(([a-z])+.)+[A-Z]([a-z])+$",
            r"(.*)*\1x",
            r"(?=(a+))a*b\1",
            r"(a*)*+b",
            r"((a{1,100}){1,100}){1,100}b",
        ] {
            let Ok(regex) = Regex::new(pattern, false) else { continue };
            assert!(!regex.is_match(&text), "{pattern}");
        }
    }
}
