//! Integer patterns (manual 7.1.2): single values, ranges, and the comparison operators before them.

/// Inclusive bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub low: i64,
    pub high: i64,
}

/// `eq`, `ge`, `gt`, `le`, `lt` before integer patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

impl Operator {
    pub(crate) fn parse(word: &str) -> Option<Operator> {
        Some(match word {
            "eq" => Operator::Eq,
            "ge" => Operator::Ge,
            "gt" => Operator::Gt,
            "le" => Operator::Le,
            "lt" => Operator::Lt,
            _ => return None,
        })
    }
}

impl Operator {
    /// The pattern behind an operator, written as a range as HAProxy lists it: `gt 5` is `6:`. The error is HAProxy's
    /// text.
    /// A range keeps its own bounds.
    pub(crate) fn rewrite(self, word: &str) -> Result<String, String> {
        if word.contains([':', '-']) {
            return Range::with_operator(word, None).map(|_| word.to_owned());
        }
        let range = Range::with_operator(word, Some(self))?;
        Ok(match (range.low, range.high) {
            (low, high) if low == high => low.to_string(),
            (i64::MIN, high) => format!(":{high}"),
            (low, i64::MAX) => format!("{low}:"),
            (low, high) => format!("{low}:{high}"),
        })
    }
}

/// A usual number, whose digits alone say what it is: of a million keys in a file most are.
fn plain(word: &[u8]) -> Option<i64> {
    const DIGITS: usize = 18;
    let usual = !word.is_empty() && word.len() <= DIGITS && (word[0] != b'0' || word.len() == 1);
    if !usual || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(word.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

impl Range {
    pub const fn contains(self, value: i64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Reads `5`, `1:10`, `:10`, `1:`, and two integers joined by a dot (`3.1`). The error is HAProxy's text.
    pub fn parse(word: &str) -> Result<Range, String> {
        if let Some(value) = plain(word.as_bytes()) {
            return Ok(Range { low: value, high: value });
        }
        Self::with_operator(word, None)
    }

    pub(crate) fn with_operator(word: &str, operator: Option<Operator>) -> Result<Range, String> {
        let malformed = || match operator {
            None => format!("'{word}' is not a number"),
            Some(_) => format!("'{word}' is neither a number nor a supported operator"),
        };
        // A hyphen separates bounds as a colon does, so that `-5` is everything up to 5.
        let (low, high) = match word.split_once([':', '-']) {
            Some((low, high)) => (bound(low, i64::MIN), bound(high, i64::MAX)),
            None => (number(word), number(word)),
        };
        let (low, high) = (low.ok_or_else(malformed)?, high.ok_or_else(malformed)?);
        if low > high {
            return Err(format!("'{word}' is not a valid number range"));
        }
        Ok(match operator {
            None | Some(Operator::Eq) => Range { low, high },
            Some(Operator::Ge) => Range { low, high: i64::MAX },
            Some(Operator::Gt) => Range { low: high.saturating_add(1), high: i64::MAX },
            Some(Operator::Le) => Range { low: i64::MIN, high },
            Some(Operator::Lt) => Range { low: i64::MIN, high: low.saturating_sub(1) },
        })
    }
}

fn bound(text: &str, default: i64) -> Option<i64> {
    if text.is_empty() { Some(default) } else { number(text) }
}

/// A decimal integer, or `major.minor` with the major part in the upper 16 bits.
fn number(text: &str) -> Option<i64> {
    let plain = |digits: &str| {
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| crate::cast::leading_int(digits.as_bytes()))
    };
    match text.split_once('.') {
        Some((major, minor)) => Some((plain(major)? << 16).saturating_add(plain(minor)?)),
        None => plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges_and_words_errors() {
        assert_eq!(Range::parse("1:10"), Ok(Range { low: 1, high: 10 }));
        assert_eq!(Range::parse("5"), Ok(Range { low: 5, high: 5 }));
        assert_eq!(Range::parse("3.1"), Ok(Range { low: 0x30001, high: 0x30001 }));
        assert_eq!(Range::parse("-7"), Ok(Range { low: i64::MIN, high: 7 }));
        assert_eq!(Range::parse(":7").map(|range| range.high), Ok(7));
        assert_eq!(Range::parse("10:1"), Err("'10:1' is not a valid number range".into()));
        assert_eq!(Range::parse("1.2.3.4"), Err("'1.2.3.4' is not a number".into()));
        let error = Range::with_operator("foo", Some(Operator::Gt));
        assert_eq!(error, Err("'foo' is neither a number nor a supported operator".into()));
    }
}
