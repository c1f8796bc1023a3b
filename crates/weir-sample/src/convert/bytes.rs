//! Blocks of bytes and their encodings (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("b64dec", NONE, Str, Bin, "undoes base64 (7.3.1)"),
    Converter::new("base2", NONE, Bin, Str, "digits 0 and 1 (7.3.1)"),
    Converter::new("base64", NONE, Bin, Str, "base64 (7.3.1)"),
    Converter::new("be2dec", sig(1, &[Text, Int, Int]), Bin, Str, "big-endian chunks in decimal (7.3.1)"),
    Converter::new("be2hex", sig(1, &[Text, Int, Int]), Bin, Str, "big-endian chunks in hexadecimal (7.3.1)"),
    Converter::new("bytes", sig(1, &[Text, Text]), Bin, Bin, "part of the block (7.3.1)"),
    Converter::new("fix_is_valid", NONE, Bin, Bool, "whether a FIX message is well formed (7.3.1)"),
    Converter::new("fix_tag_value", sig(1, &[Text]), Bin, Bin, "tag of a FIX message (7.3.1)"),
    Converter::new("hex", NONE, Bin, Str, "hexadecimal digits (7.3.1)"),
    Converter::new("hex2i", NONE, Str, Sint, "integer from hexadecimal digits (7.3.1)"),
    Converter::new("le2dec", sig(1, &[Text, Int, Int]), Bin, Str, "little-endian chunks in decimal (7.3.1)"),
    Converter::new("mqtt_field_value", sig(2, &[Text, Text]), Bin, Str, "field of an MQTT packet (7.3.1)"),
    Converter::new("mqtt_is_valid", NONE, Bin, Bool, "whether an MQTT packet is well formed (7.3.1)"),
    Converter::new(
        "protobuf",
        sig(1, &[ProtobufField, Text]),
        Bin,
        Bin,
        "field of a Protocol Buffers message (7.3.1)",
    ),
    Converter::new("ub64dec", NONE, Str, Bin, "undoes url-safe base64 (7.3.1)"),
    Converter::new("ub64enc", NONE, Bin, Str, "url-safe base64 (7.3.1)"),
    Converter::new("ungrpc", sig(1, &[ProtobufField, Text]), Bin, Bin, "field of a gRPC message (7.3.1)"),
];
