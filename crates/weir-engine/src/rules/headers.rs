//! Actions on header lines, the same for requests and responses.

use std::borrow::Cow;

use weir_http::{Headers, list};
use weir_rules::HeaderMatch;
use weir_sample::Regex;

/// A name as the header block has it.
pub fn lower(name: &str) -> Cow<'_, [u8]> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase().into_bytes())
    } else {
        Cow::Borrowed(name.as_bytes())
    }
}

/// `del-header`.
pub fn delete(headers: &mut Headers, which: &HeaderMatch) {
    match which {
        HeaderMatch::Name(name) => {
            headers.remove(&lower(name));
        }
        HeaderMatch::Prefix(text) => {
            let text = lower(text);
            headers.retain(|name, _| !name.starts_with(&text));
        }
        HeaderMatch::Suffix(text) => {
            let text = lower(text);
            headers.retain(|name, _| !name.ends_with(&text));
        }
        HeaderMatch::Substring(text) => {
            let text = lower(text);
            headers.retain(|name, _| !contains(name, &text));
        }
        HeaderMatch::Regex(pattern) => headers.retain(|name, _| !pattern.is_match(name)),
    }
}

fn contains(name: &[u8], text: &[u8]) -> bool {
    text.is_empty() || name.windows(text.len()).any(|window| window == text)
}

/// `replace-header`: a value in which the pattern is found is replaced as a whole.
pub fn replace_lines(headers: &mut Headers, name: &str, pattern: &Regex, template: &[u8]) {
    let name = lower(name);
    let mut at = 0;
    while let Some(index) = headers.position(&name, at) {
        if let Some(value) = substitute(headers.at(index).value, pattern, template) {
            // A head without room keeps its line.
            let _ = headers.replace_at(index, &value);
        }
        at = index + 1;
    }
}

/// `replace-value`: the same for each element of comma-separated values.
pub fn replace_elements(headers: &mut Headers, name: &str, pattern: &Regex, template: &[u8]) {
    let name = lower(name);
    let mut at = 0;
    while let Some(index) = headers.position(&name, at) {
        let value = headers.at(index).value;
        let mut out = Vec::with_capacity(value.len());
        let mut copied = 0;
        let mut changed = false;
        for element in list::Elements::new(value) {
            // Elements borrow from the value: their place in it is found by their address.
            let start = element.as_ptr().addr() - value.as_ptr().addr();
            if let Some(text) = substitute(element, pattern, template) {
                // Blanks before an element that is replaced go with it.
                out.extend_from_slice(value[copied..start].trim_ascii_end());
                out.extend_from_slice(&text);
                copied = start + element.len();
                changed = true;
            }
        }
        out.extend_from_slice(&value[copied..]);
        if changed {
            // A head without room keeps its line.
            let _ = headers.replace_at(index, &out);
        }
        at = index + 1;
    }
}

/// What a text in which the pattern is found becomes, or `None` without a match.
pub fn substitute(text: &[u8], pattern: &Regex, template: &[u8]) -> Option<Vec<u8>> {
    let groups = pattern.find(text, 0)?;
    let mut out = Vec::with_capacity(text.len() + template.len());
    Regex::expand(template, text, &groups, &mut out);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_of_the_manual() {
        // Manual 4.4 "replace-header" and "replace-value".
        let mut headers = Headers::new();
        headers.add(b"cookie", b"foo=foobar; expires=Tue, 14-Jun-2016 01:40:45 GMT;").unwrap();
        let pattern = Regex::new("foo=([^;]*);(.*)", false).unwrap();
        replace_lines(&mut headers, "Cookie", &pattern, br"foo=\1;ip=192.168.1.20;\2");
        let expected = b"foo=foobar;ip=192.168.1.20; expires=Tue, 14-Jun-2016 01:40:45 GMT;";
        assert_eq!(headers.find(b"cookie"), Some(&expected[..]));
        headers.add(b"x-forwarded-for", b"192.168.10.1, 192.168.13.24, 10.0.0.37").unwrap();
        let pattern = Regex::new(r"^192\.168\.(.*)$", false).unwrap();
        replace_elements(&mut headers, "X-Forwarded-For", &pattern, br"172.16.\1");
        assert_eq!(headers.find(b"x-forwarded-for"), Some(&b"172.16.10.1,172.16.13.24, 10.0.0.37"[..]));
    }
}
