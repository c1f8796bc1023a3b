//! JSON (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("json", sig(1, &[Text]), Str, Str, "text as the inside of a JSON string (7.3.1)"),
    Converter::new(
        "json_query",
        sig(1, &[Text, Text]),
        Str,
        Any,
        "value at a path of a JSON document (7.3.1)",
    ),
];
