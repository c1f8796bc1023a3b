//! Names of sections, servers, ACLs and their like, and of pattern lists (manual 2.7).

use std::fmt;

/// A character that no name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError {
    pub character: char,
}

impl NameError {
    /// HAProxy's message. `what` is the section keyword in single quotes, or a plain noun: `'frontend'`, `server`,
    /// `acl`, `peer`, `'group'`.
    pub fn within(self, what: impl fmt::Display, name: &str) -> String {
        format!("character '{}' is not permitted in {what} name '{name}'.", self.character)
    }
}

impl std::error::Error for NameError {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character '{}' is not permitted", self.character)
    }
}

/// Letters and digits of ASCII, `-`, `_`, `.` and `:`. An empty name passes; whoever needs one says so in its own way.
pub fn check(name: &str) -> Result<(), NameError> {
    let permitted = |character: char| character.is_ascii_alphanumeric() || "-_.:".contains(character);
    match name.chars().find(|character| !permitted(*character)) {
        Some(character) => Err(NameError { character }),
        None => Ok(()),
    }
}

/// Where the patterns of a list come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternSource {
    File,
    /// `opt@`: the file may be missing.
    OptionalFile,
    /// `virt@`: never a file.
    Virtual,
}

/// The source of a pattern list and the name that identifies it: without `file@` and `opt@`, with `virt@`.
pub fn pattern_list(text: &str) -> (PatternSource, &str) {
    if text.starts_with("virt@") {
        return (PatternSource::Virtual, text);
    }
    match text.strip_prefix("opt@") {
        Some(file) => (PatternSource::OptionalFile, file),
        None => (PatternSource::File, text.strip_prefix("file@").unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::{PatternSource, check, pattern_list};

    #[test]
    fn characters_of_a_name() {
        for name in ["a", "A1", "a.b", "a-b", "a_b", "a:b", "1", ""] {
            assert!(check(name).is_ok(), "{name}");
        }
        for (name, character) in [
            ("a b", ' '),
            ("a/b", '/'),
            ("a@b", '@'),
            ("a[b]", '['),
            ("é", 'é'),
            ("a\\b", '\\'),
            ("a\"b", '"'),
            ("#x", '#'),
            ("a+b", '+'),
            ("a,b", ','),
            ("a(b", '('),
            ("a*b", '*'),
            ("a%b", '%'),
            ("$a", '$'),
            ("<a>", '<'),
            ("a=b", '='),
        ] {
            assert_eq!(check(name).map_err(|error| error.character), Err(character), "{name}");
        }
        let error = check("a b").expect_err("a blank");
        assert_eq!(
            error.within("'frontend'", "a b"),
            "character ' ' is not permitted in 'frontend' name 'a b'."
        );
        assert_eq!(error.within("server", "a b"), "character ' ' is not permitted in server name 'a b'.");
    }

    #[test]
    fn pattern_lists_share_files() {
        assert_eq!(pattern_list("maps/a"), (PatternSource::File, "maps/a"));
        assert_eq!(pattern_list("file@maps/a"), (PatternSource::File, "maps/a"));
        assert_eq!(pattern_list("opt@maps/a"), (PatternSource::OptionalFile, "maps/a"));
        assert_eq!(pattern_list("virt@a"), (PatternSource::Virtual, "virt@a"));
        assert_eq!(pattern_list("file@./virt@map"), (PatternSource::File, "./virt@map"));
    }
}
