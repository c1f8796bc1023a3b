//! Arithmetic, logic and truth (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("add", sig(1, &[Text]), Sint, Sint, "adds an integer or variable (7.3.1)"),
    Converter::new("and", sig(1, &[Text]), Sint, Sint, "bitwise and with an integer or variable (7.3.1)"),
    Converter::new("bool", NONE, Sint, Bool, "false for 0, true otherwise (7.3.1)"),
    Converter::new("cpl", NONE, Sint, Sint, "bitwise complement (7.3.1)"),
    Converter::new("div", sig(1, &[Text]), Sint, Sint, "divides by an integer or variable (7.3.1)"),
    Converter::new("even", NONE, Sint, Bool, "whether the integer is even (7.3.1)"),
    Converter::new("htonl", NONE, Sint, Bin, "integer as four bytes in network order (7.3.1)"),
    Converter::new("iif", sig(2, &[Text, Text]), Bool, Str, "one of two strings by the truth value (7.3.1)"),
    Converter::new(
        "mod",
        sig(1, &[Text]),
        Sint,
        Sint,
        "remainder of the division by an integer or variable (7.3.1)",
    ),
    Converter::new("mul", sig(1, &[Text]), Sint, Sint, "multiplies by an integer or variable (7.3.1)"),
    Converter::new("neg", NONE, Sint, Sint, "changes the sign (7.3.1)"),
    Converter::new("not", NONE, Sint, Bool, "false becomes true and true false (7.3.1)"),
    Converter::new("odd", NONE, Sint, Bool, "whether the integer is odd (7.3.1)"),
    Converter::new("or", sig(1, &[Text]), Sint, Sint, "bitwise or with an integer or variable (7.3.1)"),
    Converter::new("sub", sig(1, &[Text]), Sint, Sint, "subtracts an integer or variable (7.3.1)"),
    Converter::new(
        "xor",
        sig(1, &[Text]),
        Sint,
        Sint,
        "bitwise exclusive or with an integer or variable (7.3.1)",
    ),
];
