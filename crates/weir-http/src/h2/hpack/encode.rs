//! Fields to header blocks. Nothing is put into the peer's dynamic table, so that blocks do not depend on one another
//! and a connection keeps no table of what it sent: names and common pairs are taken from the static table, as by
//! HAProxy.

use super::table::STATIC;

/// Appends `:status`.
pub fn encode_status(status: &[u8], out: &mut Vec<u8>) {
    encode_field(b":status", status, out);
}

/// Appends a field; the name must be in lower case.
pub fn encode_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let named = first_of(name);
    if let Some(first) = named {
        let same = STATIC[first..].iter().take_while(|entry| entry.0 == name);
        if let Some(place) = same.clone().position(|entry| !value.is_empty() && entry.1 == value) {
            out.push(0x80 | (first + place + 1) as u8);
            return;
        }
    }
    match named {
        Some(first) => integer(first + 1, 4, out),
        None => {
            out.push(0);
            text(name, out);
        }
    }
    text(value, out);
}

/// The first static entry with this name. The table is sorted but for the pseudo-headers and `accept`.
fn first_of(name: &[u8]) -> Option<usize> {
    if name.first() == Some(&b':') {
        return STATIC[..14].iter().position(|entry| entry.0 == name);
    }
    if name == b"accept" {
        return Some(18);
    }
    let (before, behind) = (&STATIC[14..18], &STATIC[19..]);
    let found = behind.binary_search_by(|entry| entry.0.cmp(name)).map(|place| place + 19);
    found.ok().or_else(|| before.iter().position(|entry| entry.0 == name).map(|place| place + 14))
}

fn text(text: &[u8], out: &mut Vec<u8>) {
    integer(text.len(), 7, out);
    out.extend_from_slice(text);
}

/// Appends an integer whose first byte has `bits` bits for it; the others are zero.
fn integer(value: usize, bits: u32, out: &mut Vec<u8>) {
    let mask = (1usize << bits) - 1;
    if value < mask {
        out.push(value as u8);
        return;
    }
    out.push(mask as u8);
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
