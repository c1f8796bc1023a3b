//! Arithmetic, logic and truth (manual 7.3.1).

use super::row::*;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Type, Value};
use crate::variable::Variable;

pub(super) const ROWS: &[Converter] = &[
    Converter::new("add", sig(1, &[Text]), Sint, Sint, "adds an integer or variable (7.3.1)")
        .runs_on_variables(add)
        .checked(check_operand),
    Converter::new("and", sig(1, &[Text]), Sint, Sint, "bitwise and with an integer or variable (7.3.1)")
        .runs_on_variables(and)
        .checked(check_operand),
    Converter::new("bool", NONE, Sint, Bool, "false for 0, true otherwise (7.3.1)").computes(truth),
    Converter::new("cpl", NONE, Sint, Sint, "bitwise complement (7.3.1)").computes(cpl),
    Converter::new("div", sig(1, &[Text]), Sint, Sint, "divides by an integer or variable (7.3.1)")
        .runs_on_variables(div)
        .checked(check_operand),
    Converter::new("even", NONE, Sint, Bool, "whether the integer is even (7.3.1)").computes(even),
    Converter::new("htonl", NONE, Sint, Bin, "integer as four bytes in network order (7.3.1)")
        .computes(htonl),
    Converter::new("iif", sig(2, &[Text, Text]), Bool, Str, "one of two strings by the truth value (7.3.1)")
        .computes(iif),
    Converter::new(
        "mod",
        sig(1, &[Text]),
        Sint,
        Sint,
        "remainder of the division by an integer or variable (7.3.1)",
    )
    .runs_on_variables(modulo)
    .checked(check_operand),
    Converter::new("mul", sig(1, &[Text]), Sint, Sint, "multiplies by an integer or variable (7.3.1)")
        .runs_on_variables(mul)
        .checked(check_operand),
    Converter::new("neg", NONE, Sint, Sint, "changes the sign (7.3.1)").computes(neg),
    Converter::new("not", NONE, Sint, Bool, "false becomes true and true false (7.3.1)").computes(not),
    Converter::new("odd", NONE, Sint, Bool, "whether the integer is odd (7.3.1)").computes(odd),
    Converter::new("or", sig(1, &[Text]), Sint, Sint, "bitwise or with an integer or variable (7.3.1)")
        .runs_on_variables(or)
        .checked(check_operand),
    Converter::new("sub", sig(1, &[Text]), Sint, Sint, "subtracts an integer or variable (7.3.1)")
        .runs_on_variables(sub)
        .checked(check_operand),
    Converter::new(
        "xor",
        sig(1, &[Text]),
        Sint,
        Sint,
        "bitwise exclusive or with an integer or variable (7.3.1)",
    )
    .runs_on_variables(xor)
    .checked(check_operand),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn check_operand(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let word = args[0].str();
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    args[0] = if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Arg::Int(crate::cast::leading_int(word.as_bytes()))
    } else {
        let variable =
            Variable::parse(word).map_err(|_| "expects an integer or a variable name".to_owned())?;
        Arg::Var(variable)
    };
    Ok(())
}

/// The second number; nothing if its variable is not there or no number.
fn operand(args: ArgsOf<'_>, stream: &dyn Stream) -> Option<i64> {
    match &args[0] {
        Arg::Int(value) => Some(*value),
        Arg::Var(variable) => match stream.variable(variable)?.cast(Type::Sint)? {
            Value::Int(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}

macro_rules! operations {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
            let Value::Int(value) = value else { return None };
            let function: fn(i64, i64) -> i64 = $function;
            Some(Value::Int(function(value, operand(args, stream)?)))
        }
    )*};
}

// What overflows stays at the bound. A division by zero gives the greatest integer, its remainder zero.
operations! {
    add = i64::saturating_add;
    sub = i64::saturating_sub;
    mul = i64::saturating_mul;
    div = |left, right| match right {
        0 => i64::MAX,
        _ => left.saturating_div(right),
    };
    modulo = |left, right| match right {
        0 | -1 => 0,
        _ => left % right,
    };
    and = |left, right| left & right;
    or = |left, right| left | right;
    xor = |left, right| left ^ right;
}

macro_rules! unary {
    ($($name:ident = $function:expr;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
            let Value::Int(value) = value else { return None };
            let function: fn(i64) -> Value<'static> = $function;
            Some(function(value))
        }
    )*};
}

unary! {
    truth = |value| Value::Bool(value != 0);
    not = |value| Value::Bool(value == 0);
    even = |value| Value::Bool(value & 1 == 0);
    odd = |value| Value::Bool(value & 1 == 1);
    cpl = |value| Value::Int(!value);
    neg = |value| Value::Int(value.saturating_neg());
    htonl = |value| Value::Bin((value as u32).to_be_bytes().to_vec().into());
}

fn iif<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Bool(truth) = value else { return None };
    Some(Value::text(args[usize::from(!truth)].str().as_bytes()))
}
