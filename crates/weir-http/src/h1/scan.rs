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

/// Makes the header name that begins at `start` lower case and returns where it ends: at the first byte that is no
/// token character. `None` if the bytes end first.
///
/// Names made of letters, digits and `-` go eight bytes at a time; anything else goes through the table.
#[inline]
pub fn lower_name(bytes: &mut [u8], start: usize) -> Option<usize> {
    let mut at = start;
    while let Some(chunk) = bytes.get_mut(at..at + 8) {
        let chunk: &mut [u8; 8] = chunk.try_into().expect("eight bytes");
        let word = u64::from_le_bytes(*chunk);
        let lower = lower_word(word);
        let odd = TOPS & !plain_bytes(lower);
        if odd == 0 {
            *chunk = lower.to_le_bytes();
            at += 8;
            continue;
        }
        let plain = odd.trailing_zeros() as usize / 8;
        let keep = (1u64 << (plain * 8)) - 1;
        *chunk = ((lower & keep) | (word & !keep)).to_le_bytes();
        at += plain;
        if chunk[plain] == b':' {
            return Some(at);
        }
        break;
    }
    lower_name_by_table(bytes, at)
}

fn lower_name_by_table(bytes: &mut [u8], start: usize) -> Option<usize> {
    for (offset, byte) in bytes[start..].iter_mut().enumerate() {
        let lower = TOKEN[*byte as usize];
        if lower == 0 {
            return Some(start + offset);
        }
        *byte = lower;
    }
    None
}

/// Marks (top bit, exactly) the bytes of `word` from `first` to `last`, both below 128.
const fn between(word: u64, first: u8, last: u8) -> u64 {
    let low = word & !TOPS;
    let from_first = low.wrapping_add(ONES * (0x80 - first) as u64);
    let behind_last = low.wrapping_add(ONES * (0x7f - last) as u64);
    (from_first ^ behind_last) & !word & TOPS
}

const fn lower_word(word: u64) -> u64 {
    word | between(word, b'A', b'Z') >> 2
}

/// Marks the bytes that are lower-case letters, digits or `-`.
const fn plain_bytes(word: u64) -> u64 {
    between(word, b'a', b'z') | between(word, b'0', b'9') | between(word, b'-', b'-')
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
    fn names_end_where_the_table_says() {
        for length in 1..20usize {
            for position in 0..length {
                for byte in 0..=255u8 {
                    let mut name = vec![b'Q'; length];
                    name[position] = byte;
                    let mut other = name.clone();
                    assert_eq!(lower_name(&mut name, 0), lower_name_by_table(&mut other, 0), "{other:?}");
                    assert_eq!(name, other);
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
