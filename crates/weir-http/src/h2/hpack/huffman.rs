//! The Huffman code of RFC 7541 appendix B. It is canonical: the lengths alone say everything.

/// Bits of each byte's code, and of the end-of-string symbol.
static LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6,
    6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7,
    8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7,
    15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24,
    23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23,
    23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26,
    26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20,
    21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26, 30,
];

const SHORTEST: usize = 5;
const LONGEST: usize = 30;

/// Codes of one length, aligned to the left of 32 bits.
#[derive(Clone, Copy)]
struct Class {
    /// The first code that is longer than this length.
    limit: u64,
    first: u32,
    /// Where in `SYMBOLS` its symbols begin.
    at: u16,
}

static TABLE: ([Class; LONGEST + 1], [u16; 257]) = build();

const fn build() -> ([Class; LONGEST + 1], [u16; 257]) {
    let mut classes = [Class { limit: 0, first: 0, at: 0 }; LONGEST + 1];
    let mut symbols = [0; 257];
    let (mut code, mut count, mut length) = (0u64, 0, SHORTEST);
    while length <= LONGEST {
        let shift = 32 - length as u32;
        classes[length].first = (code << shift) as u32;
        classes[length].at = count as u16;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                symbols[count] = symbol as u16;
                count += 1;
                code += 1;
            }
            symbol += 1;
        }
        classes[length].limit = code << shift;
        code <<= 1;
        length += 1;
    }
    (classes, symbols)
}

/// A code that stands for no byte, or padding that is too long or not all ones (section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCode;

/// Appends the decoded text to `out`.
pub fn decode(input: &[u8], out: &mut Vec<u8>) -> Result<(), BadCode> {
    let (classes, symbols) = &TABLE;
    let (mut bits, mut held) = (0u64, 0usize);
    let mut input = input.iter();
    loop {
        while held <= 56
            && let Some(byte) = input.next()
        {
            bits |= u64::from(*byte) << (56 - held);
            held += 8;
        }
        let word = (bits >> 32) as u32;
        let found = (SHORTEST..=LONGEST).find(|length| u64::from(word) < classes[*length].limit);
        let length = match found {
            Some(length) if length <= held => length,
            // What is left must be the beginning of the longest code, which is all ones.
            _ if held < 8 && bits.leading_ones() as usize >= held => return Ok(()),
            _ => return Err(BadCode),
        };
        let class = classes[length];
        let offset = (word - class.first) >> (32 - length);
        match symbols[class.at as usize + offset as usize] {
            symbol @ 0..=255 => out.push(symbol as u8),
            _ => return Err(BadCode),
        }
        bits <<= length;
        held -= length;
    }
}
