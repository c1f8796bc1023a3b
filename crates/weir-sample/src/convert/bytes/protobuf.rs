//! Protocol Buffers fields by number, and the gRPC frame before a message.

/// How the bytes of a field are read as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Varint,
    ZigZag,
    Unsigned32,
    Fixed64,
    Fixed32,
    SignedFixed32,
    Double,
    Float,
}

fn kind(name: &str) -> Option<(Kind, u8)> {
    Some(match name {
        "int32" | "int64" | "uint64" | "bool" | "enum" => (Kind::Varint, 0),
        "uint32" => (Kind::Unsigned32, 0),
        "sint32" | "sint64" => (Kind::ZigZag, 0),
        "fixed64" | "sfixed64" => (Kind::Fixed64, 1),
        "double" => (Kind::Double, 1),
        "fixed32" => (Kind::Fixed32, 5),
        "sfixed32" => (Kind::SignedFixed32, 5),
        "float" => (Kind::Float, 5),
        _ => return None,
    })
}

pub(super) fn is_type(name: &str) -> bool {
    kind(name).is_some()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 127) << (7 * index);
        if byte & 128 == 0 {
            *bytes = &bytes[index + 1..];
            return Some(value);
        }
    }
    None
}

/// Wire type and raw bytes of the first field of a number.
fn field(mut message: &[u8], wanted: u64) -> Option<(u8, &[u8])> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let wire = (key & 7) as u8;
        let start = message;
        let length = match wire {
            0 => {
                varint(&mut message)?;
                start.len() - message.len()
            }
            1 => 8,
            2 => varint(&mut message)? as usize,
            5 => 4,
            _ => return None,
        };
        let raw = if wire == 0 { start } else { message };
        let contents = raw.get(..length)?;
        if key >> 3 == wanted {
            return Some((wire, contents));
        }
        message = &raw[length..];
    }
    None
}

/// The raw bytes at a path such as `1.2`, where all but the last are messages.
fn at_path<'a>(message: &'a [u8], path: &str) -> Option<(u8, &'a [u8])> {
    let mut numbers = path.split('.').map(str::parse::<u64>).peekable();
    let mut message = message;
    while let Some(number) = numbers.next() {
        let (wire, contents) = field(message, number.ok()?)?;
        match numbers.peek() {
            None => return Some((wire, contents)),
            Some(_) if wire == 2 => message = contents,
            Some(_) => return None,
        }
    }
    None
}

pub(super) fn raw<'a>(message: &'a [u8], path: &str) -> Option<&'a [u8]> {
    at_path(message, path).map(|(_, contents)| contents)
}

pub(super) fn integer(message: &[u8], path: &str, name: &str) -> Option<i64> {
    let (kind, wanted) = kind(name)?;
    let (wire, mut contents) = at_path(message, path)?;
    if wire != wanted {
        return None;
    }
    let fixed64 = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    let fixed32 = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_le_bytes);
    Some(match kind {
        Kind::Varint => varint(&mut contents)? as i64,
        Kind::Unsigned32 => i64::from(varint(&mut contents)? as u32),
        Kind::ZigZag => {
            let value = varint(&mut contents)?;
            (value >> 1) as i64 ^ -((value & 1) as i64)
        }
        Kind::Fixed64 => fixed64(contents)? as i64,
        Kind::Double => f64::from_bits(fixed64(contents)?) as i64,
        Kind::Fixed32 => i64::from(fixed32(contents)?),
        Kind::SignedFixed32 => i64::from(fixed32(contents)? as i32),
        Kind::Float => f32::from_bits(fixed32(contents)?) as i64,
    })
}

/// The first message of a gRPC stream: behind a flag and a length of four bytes.
pub(super) fn grpc_message(stream: &[u8]) -> Option<&[u8]> {
    let (head, rest) = stream.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?);
    rest.get(..length as usize)
}
