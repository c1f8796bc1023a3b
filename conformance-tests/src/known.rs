//! The list of scenarios weir is known to miss. A ratchet: a listed scenario must still fail, so that the list can
//! only tell the truth; where the outcome depends on timing, the reason begins with `sometimes`.

use std::path::Path;

/// One line of `known-misses.txt`: `family/name weir-4: reason`; the variant and any part may be `*`.
#[derive(Debug, Clone)]
pub struct KnownMiss {
    pattern: String,
    variant: String,
    pub reason: String,
}

impl KnownMiss {
    /// A reason that begins with `sometimes` allows both outcomes.
    pub fn is_sometimes(&self) -> bool {
        self.reason.starts_with("sometimes")
    }
}

/// Reads the list; a line that is no entry is an error.
pub fn load(path: &Path) -> Result<Vec<KnownMiss>, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut out = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (which, reason) = line.split_once(": ").ok_or(format!("no reason in {line:?}"))?;
        let (pattern, variant) = which.split_once(' ').unwrap_or((which, "*"));
        out.push(KnownMiss {
            pattern: pattern.into(),
            variant: variant.trim().into(),
            reason: reason.into(),
        });
    }
    Ok(out)
}

/// The first entry for this scenario in this variant.
pub fn find<'a>(list: &'a [KnownMiss], scenario: &str, variant: &str) -> Option<&'a KnownMiss> {
    list.iter().find(|k| matches(&k.pattern, scenario) && matches(&k.variant, variant))
}

/// `*` stands for any characters at the end of a pattern.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_one_family_or_variant() {
        assert!(matches("*", "a/b"));
        assert!(matches("a/*", "a/b"));
        assert!(!matches("a/*", "b/b"));
        assert!(matches("a/b", "a/b"));
        assert!(!matches("a/b", "a/bc"));
    }
}
