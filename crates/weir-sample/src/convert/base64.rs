//! Base64 (RFC 4648 sections 4 and 5). The standard form needs its padding; the url-safe form has none.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = encode_with(STANDARD, bytes);
    while !out.len().is_multiple_of(4) {
        out.push(b'=');
    }
    out
}

pub(crate) fn encode_url(bytes: &[u8]) -> Vec<u8> {
    encode_with(URL_SAFE, bytes)
}

fn encode_with(alphabet: &[u8; 64], bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = [0; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..=chunk.len() {
            out.push(alphabet[(bits >> (18 - 6 * place)) as usize & 63]);
        }
    }
    out
}

fn digit(byte: u8) -> Option<u32> {
    Some(
        match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }
        .into(),
    )
}

/// Nothing if the text is not whole groups of four digits with right padding.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    decode_digits(&text[..text.len() - padding], digit)
}

/// Url-safe digits without padding. As in HAProxy, `=` is no padding here but a digit of value 63.
pub(crate) fn decode_url(text: &[u8]) -> Option<Vec<u8>> {
    decode_digits(text, |byte| match byte {
        b'-' => Some(62),
        b'_' | b'=' => Some(63),
        b'+' | b'/' => None,
        _ => digit(byte),
    })
}

fn decode_digits(digits: &[u8], value: impl Fn(u8) -> Option<u32>) -> Option<Vec<u8>> {
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut bits = 0;
        for (place, byte) in chunk.iter().enumerate() {
            bits |= value(*byte)? << (18 - 6 * place);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4648 section 10.
    #[test]
    fn known_texts() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), coded.as_bytes());
            assert_eq!(decode(coded.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode(b"Zg="), None);
        assert_eq!(decode_url(b"Zg").as_deref(), Some(&b"f"[..]));
    }
}
