//! `dump_all_vars`: every variable of a scope as text (manual 7.3.7).

use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Type, Value};
use crate::variable::Scope;

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// In the order that all of them are visited in.
const SCOPES: [Scope; 5] =
    [Scope::Session, Scope::Transaction, Scope::Request, Scope::Response, Scope::Process];

/// More than this is not shown in parts.
const LONGEST: usize = 16384;

fn scope(word: &str) -> Option<Scope> {
    SCOPES.into_iter().find(|scope| scope.as_str() == word)
}

pub(super) fn check(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].str() {
        "" => Ok(()),
        word if scope(word).is_some() => Ok(()),
        word => Err(format!("invalid scope '{word}', must be 'sess', 'txn', 'req', 'res' or 'proc'")),
    }
}

pub(super) fn dump<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let scopes = match scope(args[0].str()) {
        Some(one) => vec![one],
        None => SCOPES.to_vec(),
    };
    let prefix = args[1].str();
    let delimiter = if matches!(args[2], Arg::Absent) { ", " } else { args[2].str() };
    let mut out = Vec::new();
    for scope in scopes {
        stream.each_variable(scope, &mut |name, value| {
            if !name.starts_with(prefix) || out.len() > LONGEST {
                return;
            }
            if !out.is_empty() {
                out.extend_from_slice(delimiter.as_bytes());
            }
            out.extend_from_slice(format!("{}.{name}=", scope.as_str()).as_bytes());
            write(value, &mut out);
        });
    }
    if out.len() > LONGEST { Got::Nothing } else { Got::Value(Value::Str(out.into())) }
}

fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Str(text) | Value::Meth(text) => quote(text, out),
        Value::Bin(bytes) => {
            out.push(b'x');
            bytes.iter().for_each(|byte| out.extend_from_slice(format!("{byte:02x}").as_bytes()));
        }
        Value::Bool(truth) => out.extend_from_slice(truth.to_string().as_bytes()),
        other => {
            if let Some(Value::Str(text)) = other.borrowed().cast(Type::Str) {
                out.extend_from_slice(&text);
            }
        }
    }
}

fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            8 => out.extend_from_slice(b"\\b"),
            0 => out.extend_from_slice(b"\\0"),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}
