//! Blocks of bytes and their encodings (manual 7.3.1).

use super::base64;
use super::row::*;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Type, Value};
use crate::variable::Variable;

mod fix;
mod mqtt;
mod protobuf;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("b64dec", NONE, Str, Bin, "undoes base64 (7.3.1)").computes(b64dec),
    Converter::new("base2", NONE, Bin, Str, "digits 0 and 1 (7.3.1)").computes(base2),
    Converter::new("base64", NONE, Bin, Str, "base64 (7.3.1)").computes(to_base64),
    Converter::new("be2dec", sig(1, &[Text, Int, Int]), Bin, Str, "big-endian chunks in decimal (7.3.1)")
        .computes(be2dec)
        .checked(check_chunks_dec),
    Converter::new("be2hex", sig(1, &[Text, Int, Int]), Bin, Str, "big-endian chunks in hexadecimal (7.3.1)")
        .computes(be2hex)
        .checked(check_chunks_hex),
    Converter::new("bytes", sig(1, &[Text, Text]), Bin, Bin, "part of the block (7.3.1)")
        .runs_on_variables(bytes)
        .checked(check_bytes),
    Converter::new("fix_is_valid", NONE, Bin, Bool, "whether a FIX message is well formed (7.3.1)")
        .computes(fix_is_valid),
    Converter::new("fix_tag_value", sig(1, &[Text]), Bin, Bin, "tag of a FIX message (7.3.1)")
        .computes(fix_tag_value)
        .checked(check_fix_tag),
    Converter::new("hex", NONE, Bin, Str, "hexadecimal digits (7.3.1)").computes(hex),
    Converter::new("hex2i", NONE, Str, Sint, "integer from hexadecimal digits (7.3.1)").computes(hex2i),
    Converter::new("le2dec", sig(1, &[Text, Int, Int]), Bin, Str, "little-endian chunks in decimal (7.3.1)")
        .computes(le2dec)
        .checked(check_chunks_dec),
    Converter::new("mqtt_field_value", sig(2, &[Text, Text]), Bin, Str, "field of an MQTT packet (7.3.1)")
        .computes(mqtt_field_value)
        .checked(check_mqtt),
    Converter::new("mqtt_is_valid", NONE, Bin, Bool, "whether an MQTT packet is well formed (7.3.1)")
        .computes(mqtt_is_valid),
    Converter::new(
        "protobuf",
        sig(1, &[ProtobufField, Text]),
        Bin,
        Bin,
        "field of a Protocol Buffers message (7.3.1)",
    )
    .computes(protobuf_field)
    .checked(check_protobuf),
    Converter::new("ub64dec", NONE, Str, Bin, "undoes url-safe base64 (7.3.1)").computes(ub64dec),
    Converter::new("ub64enc", NONE, Bin, Str, "url-safe base64 (7.3.1)").computes(ub64enc),
    Converter::new("ungrpc", sig(1, &[ProtobufField, Text]), Bin, Bin, "field of a gRPC message (7.3.1)")
        .computes(ungrpc)
        .checked(check_protobuf),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn bin(bytes: Vec<u8>) -> Option<Value<'static>> {
    Some(Value::Bin(bytes.into()))
}

fn text(bytes: Vec<u8>) -> Option<Value<'static>> {
    Some(Value::Str(bytes.into()))
}

macro_rules! codings {
    ($($name:ident($bytes:ident) $body:expr;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
            let (Value::Bin($bytes) | Value::Str($bytes)) = &value else { return None };
            $body
        }
    )*};
}

codings! {
    b64dec(coded) bin(base64::decode(coded)?);
    ub64dec(coded) bin(base64::decode_url(coded)?);
    to_base64(bytes) text(base64::encode(bytes));
    ub64enc(bytes) text(base64::encode_url(bytes));
    hex(bytes) text(upper_hex(bytes));
    hex2i(digits) hex_value(digits).map(Value::Int);
    base2(bytes) text(bytes.iter().flat_map(|byte| (0..8).map(move |bit| b'0' + (byte >> (7 - bit) & 1))).collect());
}

pub(crate) fn upper_hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Nothing unless every byte is a digit; what does not fit in 64 bits is cut off above.
fn hex_value(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |value, byte| {
        let digit = (*byte as char).to_digit(16)?;
        Some(value.wrapping_mul(16).wrapping_add(i64::from(digit)))
    })
}

/// `bytes(offset[,length])`: integers or variables.
fn check_bytes(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    for arg in args {
        let Arg::Str(word) = &*arg else { continue };
        *arg = if let Ok(value) = word.parse::<i64>() {
            if value < 0 {
                return Err("expects a non-negative integer".into());
            }
            Arg::Int(value)
        } else {
            Arg::Var(Variable::parse(word).map_err(|_| "expects an integer or a variable name".to_owned())?)
        };
    }
    Ok(())
}

fn number(arg: &Arg<Resolved>, stream: &dyn Stream) -> Option<usize> {
    match arg {
        Arg::Int(value) => usize::try_from(*value).ok(),
        Arg::Var(variable) => match stream.variable(variable)?.cast(Type::Sint)? {
            Value::Int(value) => usize::try_from(value).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The empty block where the offset lies behind the end; the whole block where only the length reaches behind it.
fn bytes<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Bin(block) = value else { return None };
    let start = number(&args[0], stream)?.min(block.len());
    let end = match &args[1] {
        Arg::Absent => block.len(),
        arg => start.saturating_add(number(arg, stream)?),
    };
    if end > block.len() && start < block.len() {
        return Some(Value::Bin(block));
    }
    let end = end.min(block.len());
    Some(Value::Bin(match block {
        std::borrow::Cow::Borrowed(block) => block[start..end].into(),
        std::borrow::Cow::Owned(block) => block[start..end].to_vec().into(),
    }))
}

fn check_chunks_dec(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_chunks(args, 8)
}

fn check_chunks_hex(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[1].int().is_none() && args[0].str().is_empty() {
        return Ok(());
    }
    check_chunks(args, i64::MAX)
}

fn check_chunks(args: &mut [Arg<Named>], most: i64) -> Result<(), String> {
    let size = args[1].int().unwrap_or(0);
    if size < 1 || size > most {
        return Err(match most {
            8 => format!("chunk_size out of [1..8] range ({size})"),
            _ => format!("chunk_size cannot be less than 1 ({size})"),
        });
    }
    match args[2].int() {
        None | Some(0 | 1) => Ok(()),
        Some(other) => Err(format!("Unsupported truncate value ({other})")),
    }
}

/// Chunks joined by the separator; an incomplete last one is kept unless the third argument is 1.
fn chunks<'a>(args: ArgsOf<'a>, value: Value<'a>, write: impl Fn(&[u8], &mut Vec<u8>)) -> Option<Value<'a>> {
    let Value::Bin(block) = value else { return None };
    let size = args[1].int().unwrap_or(1).max(1) as usize;
    let truncate = args[2].int() == Some(1);
    let mut out = Vec::new();
    for chunk in block.chunks(size) {
        if truncate && chunk.len() < size {
            break;
        }
        if !out.is_empty() {
            out.extend_from_slice(args[0].str().as_bytes());
        }
        write(chunk, &mut out);
    }
    text(out)
}

fn be2dec<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    chunks(args, value, |chunk, out| {
        let number = chunk.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        out.extend_from_slice(number.to_string().as_bytes());
    })
}

fn le2dec<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    chunks(args, value, |chunk, out| {
        let number = chunk.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        out.extend_from_slice(number.to_string().as_bytes());
    })
}

fn be2hex<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    if args[1].int().is_none() {
        let Value::Bin(block) = value else { return None };
        return text(upper_hex(&block));
    }
    chunks(args, value, |chunk, out| out.extend_from_slice(&upper_hex(chunk)))
}

fn check_protobuf(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[1].str() {
        "" => Ok(()),
        name if protobuf::is_type(name) => Ok(()),
        name => Err(format!("Wrong protocol buffer type '{name}'")),
    }
}

/// The raw bytes of a field, or with a type the integer in it.
fn field_of(message: &[u8], args: ArgsOf<'_>) -> Option<Value<'static>> {
    match args[1].str() {
        "" => bin(protobuf::raw(message, args[0].str())?.to_vec()),
        name => protobuf::integer(message, args[0].str(), name).map(Value::Int),
    }
}

fn protobuf_field<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(message) = value else { return None };
    field_of(&message, args)
}

fn ungrpc<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(stream) = value else { return None };
    field_of(protobuf::grpc_message(&stream)?, args)
}

fn check_fix_tag(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let name = args[0].str();
    let tag = fix::tag_number(name).ok_or_else(|| format!("Unknown FIX tag name '{name}'"))?;
    args[0] = Arg::Int(tag.into());
    Ok(())
}

fn fix_tag_value<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(message) = value else { return None };
    let tag = u32::try_from(args[0].int()?).ok()?;
    bin(fix::value(&message, tag)?.to_vec())
}

fn fix_is_valid<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(message) = value else { return None };
    fix::is_valid(&message).map(Value::Bool)
}

fn check_mqtt(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let (word, field) = (args[0].str(), args[1].str());
    let packet = mqtt::packet_type(word).ok_or_else(|| format!("Unknown MQTT type '{word}'"))?;
    if !mqtt::has_field(packet, field) {
        return Err(format!("Unknown MQTT field name '{field}' for packet type '{word}'"));
    }
    args[0] = Arg::Int(packet.into());
    Ok(())
}

fn mqtt_field_value<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(message) = value else { return None };
    let packet = u8::try_from(args[0].int()?).ok()?;
    text(mqtt::value(&message, packet, args[1].str())?)
}

fn mqtt_is_valid<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bin(message) = value else { return None };
    mqtt::is_valid(&message).map(Value::Bool)
}
