//! A JSON reader (RFC 8259) that finds one value by its path and returns the text it was written with. It builds no
//! tree: what is not asked for is only checked for its form.

/// Deepest nesting that is followed.
const MOST_LEVELS: usize = 64;

/// One value as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Between the quotes, escapes still in it.
    Text(&'a [u8]),
    Number(&'a [u8]),
    Bool(bool),
    Null,
    Array(&'a [u8]),
    Object(&'a [u8]),
}

/// The value at a path such as `$.a.b[1]`; a backslash takes the next character of a name as it is.
pub fn find<'a>(document: &'a [u8], path: &str) -> Option<Found<'a>> {
    let steps = steps(path.strip_prefix('$')?)?;
    let mut value = &document[skip_blanks(document, 0)..];
    for step in &steps {
        value = enter(value, step)?;
    }
    let end = skip_value(value, 0, 0)?;
    classify(&value[..end])
}

enum Step {
    Name(Vec<u8>),
    Index(usize),
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let bytes = path.as_bytes();
    let (mut steps, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at] {
            b'.' => {
                let mut name = Vec::new();
                at += 1;
                while at < bytes.len() && !matches!(bytes[at], b'.' | b'[') {
                    if bytes[at] == b'\\' && at + 1 < bytes.len() {
                        at += 1;
                    }
                    name.push(bytes[at]);
                    at += 1;
                }
                steps.push(Step::Name(name));
            }
            b'[' => {
                let end = path[at..].find(']')? + at;
                steps.push(Step::Index(path[at + 1..end].parse().ok()?));
                at = end + 1;
            }
            _ => return None,
        }
    }
    Some(steps)
}

/// The text from the member or element on.
fn enter<'a>(value: &'a [u8], step: &Step) -> Option<&'a [u8]> {
    let (open, close) = match step {
        Step::Name(_) => (b'{', b'}'),
        Step::Index(_) => (b'[', b']'),
    };
    if value.first() != Some(&open) {
        return None;
    }
    let mut at = skip_blanks(value, 1);
    let mut place = 0;
    while *value.get(at)? != close {
        let mut hit = matches!(step, Step::Index(wanted) if *wanted == place);
        if let Step::Name(wanted) = step {
            let end = skip_string(value, at)?;
            hit = value[at + 1..end - 1] == **wanted;
            at = skip_blanks(value, end);
            if value.get(at) != Some(&b':') {
                return None;
            }
            at = skip_blanks(value, at + 1);
        }
        if hit {
            return Some(&value[at..]);
        }
        at = skip_blanks(value, skip_value(value, at, 0)?);
        place += 1;
        match value.get(at)? {
            b',' => at = skip_blanks(value, at + 1),
            byte if *byte == close => {}
            _ => return None,
        }
    }
    None
}

fn skip_blanks(text: &[u8], from: usize) -> usize {
    let blanks = text[from..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    from + blanks
}

/// Index behind the string that begins at `at`.
fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Index behind the value that begins at `at`.
fn skip_value(text: &[u8], at: usize, level: usize) -> Option<usize> {
    if level > MOST_LEVELS {
        return None;
    }
    match text.get(at)? {
        b'"' => skip_string(text, at),
        b'{' => skip_members(text, at, b'}', level),
        b'[' => skip_members(text, at, b']', level),
        b't' => text[at..].starts_with(b"true").then_some(at + 4),
        b'f' => text[at..].starts_with(b"false").then_some(at + 5),
        b'n' => text[at..].starts_with(b"null").then_some(at + 4),
        b'-' | b'0'..=b'9' => {
            let length = text[at..].iter().take_while(|byte| b"+-.eE0123456789".contains(byte)).count();
            Some(at + length)
        }
        _ => None,
    }
}

fn skip_members(text: &[u8], at: usize, close: u8, level: usize) -> Option<usize> {
    let mut at = skip_blanks(text, at + 1);
    if text.get(at) == Some(&close) {
        return Some(at + 1);
    }
    loop {
        if close == b'}' {
            at = skip_blanks(text, skip_string(text, at)?);
            if text.get(at) != Some(&b':') {
                return None;
            }
            at = skip_blanks(text, at + 1);
        }
        at = skip_blanks(text, skip_value(text, at, level + 1)?);
        match text.get(at)? {
            b',' => at = skip_blanks(text, at + 1),
            byte if *byte == close => return Some(at + 1),
            _ => return None,
        }
    }
}

fn classify(value: &[u8]) -> Option<Found<'_>> {
    Some(match value.first()? {
        b'"' => Found::Text(&value[1..value.len() - 1]),
        b'{' => Found::Object(value),
        b'[' => Found::Array(value),
        b't' => Found::Bool(true),
        b'f' => Found::Bool(false),
        b'n' => Found::Null,
        _ => Found::Number(value),
    })
}

/// Undoes the escapes of a string. As in HAProxy, `\u` escapes above U+00FF are no text, others are one byte.
pub fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let escape = *text.get(at)?;
        at += 1;
        out.push(match escape {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\\' | b'/' => escape,
            b'u' => {
                let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
                at += 4;
                u8::try_from(u16::from_str_radix(digits, 16).ok()?).ok()?
            }
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let document = br#"{"a":{"b":[1, 2 ,3]},"n":12,"t":true,"s":"str\u00e9\n","f":1.5}"#;
        assert_eq!(find(document, "$.a.b[1]"), Some(Found::Number(b"2")));
        assert_eq!(find(document, "$.a.b"), Some(Found::Array(b"[1, 2 ,3]")));
        assert_eq!(find(document, "$.t"), Some(Found::Bool(true)));
        assert_eq!(find(document, "$.nope"), None);
        assert_eq!(find(document, "a"), None);
        assert_eq!(unescape(br"str\u00e9\n").as_deref(), Some(&b"str\xe9\n"[..]));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
        assert_eq!(find(&deep, "$[1]"), None);
    }
}
