//! Actions on header lines, the same for requests and responses.

use std::borrow::Cow;

use weir_http::{Headers, NoRoom, list};
use weir_rules::HeaderMatch;
use weir_rules::action::NameMatch;
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
pub fn replace_lines(
    headers: &mut Headers,
    name: &str,
    pattern: &Regex,
    template: &[u8],
) -> Result<(), NoRoom> {
    let name = lower(name);
    let mut at = 0;
    while let Some(index) = headers.position(&name, at) {
        if let Some(value) = substitute(headers.at(index).value, pattern, template) {
            headers.replace_at(index, &value)?;
        }
        at = index + 1;
    }
    Ok(())
}

/// `replace-value`: the same for each element of comma-separated values.
pub fn replace_elements(
    headers: &mut Headers,
    name: &str,
    pattern: &Regex,
    template: &[u8],
) -> Result<(), NoRoom> {
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
            headers.replace_at(index, &out)?;
        }
        at = index + 1;
    }
    Ok(())
}

/// `add-headers-bin`, `set-headers-bin`: the lines of a text in the form of `req.hdrs_bin`, up to its end mark or to
/// where it makes no sense any more.
pub fn take_binary(
    headers: &mut Headers,
    binary: &[u8],
    prefix: Option<&str>,
    replace: bool,
) -> Result<(), NoRoom> {
    let mut rest = binary;
    while let (Some(name), Some(value)) = (string(&mut rest), string(&mut rest)) {
        if name.is_empty() {
            break;
        }
        let name = name.to_ascii_lowercase();
        if !prefix.is_none_or(|prefix| name.starts_with(prefix.as_bytes())) {
            continue;
        }
        match replace {
            true => headers.set(&name, value)?,
            false => headers.add(&name, value)?,
        }
    }
    Ok(())
}

/// `del-headers-bin`: names alone, each a string of that form.
pub fn delete_binary(headers: &mut Headers, binary: &[u8], matching: NameMatch) {
    let mut rest = binary;
    while let Some(name) = string(&mut rest).filter(|name| !name.is_empty()) {
        let text = name.to_ascii_lowercase();
        match matching {
            NameMatch::Same => drop(headers.remove(&text)),
            NameMatch::Prefix => headers.retain(|name, _| !name.starts_with(&text)),
            NameMatch::Suffix => headers.retain(|name, _| !name.ends_with(&text)),
            NameMatch::Substring => headers.retain(|name, _| !contains(name, &text)),
        }
    }
}

/// A length and as many bytes.
fn string<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(variable_integer(rest)?).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(text)
}

/// The variable-length integers of SPOP and of the peers protocol: one byte below 240, else four bits in the first byte
/// and seven in each that follows.
fn variable_integer(rest: &mut &[u8]) -> Option<u64> {
    let (&first, mut behind) = rest.split_first()?;
    let mut value = u64::from(first);
    if first >= 240 {
        let mut shift = 4;
        loop {
            let (&byte, next) = behind.split_first()?;
            behind = next;
            value = value.checked_add(u64::from(byte).checked_shl(shift)?)?;
            if byte < 128 {
                break;
            }
            shift += 7;
        }
    }
    *rest = behind;
    Some(value)
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
        replace_lines(&mut headers, "Cookie", &pattern, br"foo=\1;ip=192.168.1.20;\2").unwrap();
        let expected = b"foo=foobar;ip=192.168.1.20; expires=Tue, 14-Jun-2016 01:40:45 GMT;";
        assert_eq!(headers.find(b"cookie"), Some(&expected[..]));
        headers.add(b"x-forwarded-for", b"192.168.10.1, 192.168.13.24, 10.0.0.37").unwrap();
        let pattern = Regex::new(r"^192\.168\.(.*)$", false).unwrap();
        replace_elements(&mut headers, "X-Forwarded-For", &pattern, br"172.16.\1").unwrap();
        assert_eq!(headers.find(b"x-forwarded-for"), Some(&b"172.16.10.1,172.16.13.24, 10.0.0.37"[..]));
    }

    #[test]
    fn variable_integers() {
        // spoe.txt, 3.1: 240 is 0xf0 0x00, 2287 is 0xff 0x7f, 2288 is 0xf0 0x80 0x00.
        let read = |mut bytes: &[u8]| (variable_integer(&mut bytes), bytes.len());
        assert_eq!(read(&[239, 1]), (Some(239), 1));
        assert_eq!(read(&[0xf0, 0x00]), (Some(240), 0));
        assert_eq!(read(&[0xff, 0x7f]), (Some(2287), 0));
        assert_eq!(read(&[0xf0, 0x80, 0x00]), (Some(2288), 0));
        assert_eq!(read(&[0xf0]).0, None);
        assert_eq!(read(&[0xff; 20]).0, None);
    }

    #[test]
    fn lines_in_binary_form() {
        let mut headers = Headers::new();
        headers.add(b"a", b"old").unwrap();
        take_binary(&mut headers, b"\x01A\x03new\x02xb\x011\0\0\x01c\x011", None, true).unwrap();
        let lines = |headers: &Headers| -> Vec<(Vec<u8>, Vec<u8>)> {
            headers.iter().map(|line| (line.name.to_vec(), line.value.to_vec())).collect()
        };
        assert_eq!(lines(&headers), [(b"a".to_vec(), b"new".to_vec()), (b"xb".to_vec(), b"1".to_vec())]);
        take_binary(&mut headers, b"\x01a\x012\x02xb\x012", Some("x"), false).unwrap();
        assert_eq!(lines(&headers).len(), 3);
        delete_binary(&mut headers, b"\x01x\0", NameMatch::Prefix);
        assert_eq!(lines(&headers), [(b"a".to_vec(), b"new".to_vec())]);
    }
}
