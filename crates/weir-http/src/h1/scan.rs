//! Character classes of HTTP/1 heads, and the scans that use them.

/// Lower-case form of every token character (RFC 9110 section 5.6.2); 0 for every other byte.
pub static TOKEN: [u8; 256] = token_table();

const fn token_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let value = byte as u8;
        table[byte] = match value {
            b'A'..=b'Z' => value + 32,
            b'a'..=b'z' | b'0'..=b'9' => value,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
            | b'|' | b'~' => value,
            _ => 0,
        };
        byte += 1;
    }
    table
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// Marks (top bit) the bytes of `word` below `bound` (at most 128). Marks above the first one may be false.
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(ONES * bound as u64) & !word & TOPS
}

/// Marks the bytes of `word` equal to `byte`. Marks above the first one may be false.
const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * byte as u64), 1)
}

/// Index of the first byte at or after `from` that `marks` marks and `stop` confirms, or the length.
#[inline(always)]
fn skip(bytes: &[u8], from: usize, marks: impl Fn(u64) -> u64, stop: impl Fn(u8) -> bool) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..at + 8) {
        let word = u64::from_le_bytes(chunk.try_into().expect("eight bytes"));
        let found = marks(word);
        if found == 0 {
            at += 8;
            continue;
        }
        at += (found.trailing_zeros() / 8) as usize;
        if stop(bytes[at]) {
            return at;
        }
        at += 1;
    }
    while at < bytes.len() && !stop(bytes[at]) {
        at += 1;
    }
    at
}

/// Index of the first CR, LF or NUL at or after `from`, or the length.
#[inline]
pub fn value_end(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, |word| below(word, b'\r' + 1), |byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// Index of the first byte at or after `from` that is a control character, a blank, `#`, DEL or above, or the length.
#[inline]
pub fn target_end(bytes: &[u8], from: usize) -> usize {
    skip(
        bytes,
        from,
        |word| below(word, b' ' + 1) | equal(word, b'#') | equal(word, 0x7f) | (word & TOPS),
        |byte| !matches!(byte, 0x21..=0x22 | 0x24..=0x7e),
    )
}

/// Index of the first byte at or after `from` that is neither space nor tab, or the length.
#[inline]
pub fn blank_end(bytes: &[u8], mut from: usize) -> usize {
    while let Some(b' ' | b'\t') = bytes.get(from) {
        from += 1;
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_agree_with_a_byte_by_byte_definition() {
        for length in 0..20usize {
            for position in 0..length {
                for byte in 0..=255u8 {
                    let mut bytes = vec![b'a'; length];
                    bytes[position] = byte;
                    let stops_value = matches!(byte, b'\r' | b'\n' | 0);
                    let stops_target = byte <= b' ' || byte == b'#' || byte >= 0x7f;
                    assert_eq!(value_end(&bytes, 0), if stops_value { position } else { length });
                    assert_eq!(target_end(&bytes, 0), if stops_target { position } else { length });
                }
            }
        }
    }

    #[test]
    fn token_characters_are_those_of_rfc_9110() {
        let tokens = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for byte in 0..=255u8 {
            let expected = if tokens.contains(&byte) { byte.to_ascii_lowercase() } else { 0 };
            assert_eq!(TOKEN[byte as usize], expected, "{byte:#x}");
        }
    }
}
