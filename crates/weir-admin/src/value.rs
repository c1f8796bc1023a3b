//! One figure or text of `show info` and `show stat`, and the words for its tags.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    U32(u32),
    U64(u64),
    S32(i32),
    Text(String),
}

impl Value {
    /// The type's name in `typed` and `json`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Value::U32(_) => "u32",
            Value::U64(_) => "u64",
            Value::S32(_) => "s32",
            Value::Text(_) => "str",
        }
    }

    pub fn number(&self) -> Option<i64> {
        match self {
            Value::U32(value) => Some(i64::from(*value)),
            Value::U64(value) => i64::try_from(*value).ok(),
            Value::S32(value) => Some(i64::from(*value)),
            Value::Text(_) => None,
        }
    }

    /// `{"type":"u32","value":3}`
    pub fn json(&self) -> String {
        match self {
            Value::Text(text) => format!(r#"{{"type":"str","value":{}}}"#, json_string(text)),
            value => format!(r#"{{"type":"{}","value":{value}}}"#, value.kind()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::U32(value) => value.fmt(f),
            Value::U64(value) => value.fmt(f),
            Value::S32(value) => value.fmt(f),
            Value::Text(value) => value.fmt(f),
        }
    }
}

/// `{"origin":"Metric","nature":"Gauge","scope":"Process"}` for `MGPV`.
pub(crate) fn json_tags(tags: &str) -> String {
    let mut letters = tags.chars();
    let mut next = || letters.next().unwrap_or(' ');
    let (origin, nature, scope) = (origin(next()), nature(next()), scope(next()));
    format!(r#"{{"origin":"{origin}","nature":"{nature}","scope":"{scope}"}}"#)
}

const fn origin(letter: char) -> &'static str {
    match letter {
        'M' => "Metric",
        'S' => "Status",
        'K' => "Key",
        'C' => "Config",
        'P' => "Product",
        _ => "Unknown",
    }
}

const fn nature(letter: char) -> &'static str {
    match letter {
        'G' => "Gauge",
        'L' => "Limit",
        'm' => "Min",
        'M' => "Max",
        'R' => "Rate",
        'C' => "Counter",
        'D' => "Duration",
        'A' => "Age",
        'T' => "Time",
        'N' => "Name",
        'O' => "Output",
        'a' => "Avg",
        _ => "Unknown",
    }
}

const fn scope(letter: char) -> &'static str {
    match letter {
        'C' => "Cluster",
        'P' => "Process",
        'S' => "Service",
        'Y' => "System",
        _ => "Unknown",
    }
}

pub(crate) fn json_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if letter < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
