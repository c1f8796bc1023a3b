//! FIX messages (Financial Information eXchange): `tag=value` pairs closed by 0x01.

const END: u8 = 1;

/// The number of a tag given by name or number.
pub(super) fn tag_number(name: &str) -> Option<u32> {
    Some(match name {
        "BeginString" => 8,
        "BodyLength" => 9,
        "MsgType" => 35,
        "SenderCompID" => 49,
        "TargetCompID" => 56,
        "CheckSum" => 10,
        digits => digits.parse().ok().filter(|number| *number > 0)?,
    })
}

/// One pair and what follows it.
fn pair(message: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let end = message.iter().position(|byte| *byte == END)?;
    let equals = message[..end].iter().position(|byte| *byte == b'=')?;
    let digits = &message[..equals];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let tag = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((tag, &message[equals + 1..end], &message[end + 1..]))
}

pub(super) fn value(mut message: &[u8], wanted: u32) -> Option<&[u8]> {
    loop {
        let (tag, value, rest) = pair(message)?;
        if tag == wanted {
            return Some(value);
        }
        message = rest;
    }
}

/// Nothing while the message is not complete or is none; false for a complete one with a wrong length or sum.
pub(super) fn is_valid(message: &[u8]) -> Option<bool> {
    let (first, version, rest) = pair(message)?;
    let versions: [&[u8]; 6] = [b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];
    if first != 8 || !versions.contains(&version) {
        return None;
    }
    let (second, length, body) = pair(rest)?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let (third, kind, _) = pair(body)?;
    if second != 9 || third != 35 || kind.is_empty() {
        return Some(false);
    }
    let trailer = body.get(length..)?;
    let (last, sum, _) = pair(trailer)?;
    let summed = &message[..message.len() - trailer.len()];
    let expected = summed.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let given: Option<u16> = std::str::from_utf8(sum).ok().and_then(|digits| digits.parse().ok());
    Some(last == 10 && sum.len() == 3 && given == Some(u16::from(expected)))
}
