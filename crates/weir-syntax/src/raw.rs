//! Words are `&str`, yet a configuration may hold any byte: a Latin-1 comment, `\xff` in a pattern. A byte that is not
//! part of valid UTF-8 is written as one character of the last private plane, U+10FF80 for 0x80 to U+10FFFF for 0xff.
//! Text that really holds one of these characters is treated as invalid UTF-8 byte by byte, so [`bytes`] gives back
//! exactly what was read. Whoever sends a word to the wire or compares it with traffic calls [`bytes`].

use std::borrow::Cow;

/// The first bytes of every escape character in UTF-8: U+10FF80 to U+10FFFF are F4 8F BE 80 to F4 8F BF BF.
const LEAD: [u8; 2] = [0xf4, 0x8f];
const BASE: u32 = 0x10_ff00;

/// A word from arbitrary bytes.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(valid) if !has_escape(valid.as_bytes()) => Cow::Borrowed(valid),
        _ => Cow::Owned(escaped(bytes)),
    }
}

/// The bytes a word stands for.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_escape(text.as_bytes()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match escaped_byte(character) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// The byte that one character stands for, if it is an escape.
pub fn escaped_byte(character: char) -> Option<u8> {
    let code = u32::from(character);
    (code >= BASE + 0x80).then(|| code.to_le_bytes()[0])
}

fn has_escape(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && bytes.windows(3).any(|run| run[..2] == LEAD && run[2] >= 0xbe)
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    let push_raw = |out: &mut String, bytes: &[u8]| {
        out.extend(bytes.iter().filter_map(|byte| char::from_u32(BASE + u32::from(*byte))));
    };
    for chunk in bytes.utf8_chunks() {
        let mut buffer = [0; 4];
        for character in chunk.valid().chars() {
            match escaped_byte(character) {
                Some(_) => push_raw(&mut out, character.encode_utf8(&mut buffer).as_bytes()),
                None => out.push(character),
            }
        }
        push_raw(&mut out, chunk.invalid());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{bytes, text};
    use proptest::prelude::*;

    #[test]
    fn valid_text_is_borrowed() {
        assert!(matches!(text("grün".as_bytes()), std::borrow::Cow::Borrowed("grün")));
        assert!(matches!(bytes("grün"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn a_latin1_byte_is_one_character() {
        assert_eq!(text(b"gr\xfcn").chars().count(), 4);
        assert_eq!(bytes(&text(b"gr\xfcn")).as_ref(), b"gr\xfcn");
    }

    #[test]
    fn the_escape_characters_themselves_survive() {
        let source = "a\u{10ff80}b\u{10ffff}".as_bytes();
        assert_eq!(bytes(&text(source)).as_ref(), source);
        // U+10FE80 is in the same plane and no escape.
        assert!(matches!(text("\u{10fe80}".as_bytes()), std::borrow::Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(source in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(bytes(&text(&source)).into_owned(), source);
        }
    }
}
