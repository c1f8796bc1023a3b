//! Letter case, url encoding, regular expressions, and texts put together from variables.

use super::ArgsOf;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::regexp::Regex;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Type, Value};
use crate::variable::{SetCondition, Variable};

/// Borrowed text that already has the case is passed on as it is.
pub(super) fn lower<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(mut text) = value else { return None };
    if text.iter().any(u8::is_ascii_uppercase) {
        text.to_mut().make_ascii_lowercase();
    }
    Some(Value::Str(text))
}

pub(super) fn upper<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(mut text) = value else { return None };
    if text.iter().any(u8::is_ascii_lowercase) {
        text.to_mut().make_ascii_uppercase();
    }
    Some(Value::Str(text))
}

pub(super) fn length<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    Some(Value::Int(text.len() as i64))
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// With 1, a plus is a space everywhere; else only behind a question mark. A malformed escape is no text at all.
pub(super) fn url_dec<'a>(args: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Value::Str(text));
    }
    let mut in_query = args[0].int().is_some_and(|form| form != 0);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'+' if in_query => out.push(b' '),
            b'%' => {
                let high = hex_digit(*text.get(at)?)?;
                let low = hex_digit(*text.get(at + 1)?)?;
                out.push(high << 4 | low);
                at += 2;
            }
            _ => {
                in_query |= byte == b'?';
                out.push(byte);
            }
        }
    }
    Some(Value::Str(out.into()))
}

pub(super) fn check_url_enc(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].str() {
        "" | "query" => Ok(()),
        _ => Err("Unexpected encode type. Allowed value is 'query'".into()),
    }
}

/// Everything but the unreserved characters of RFC 3986.
pub(super) fn url_enc<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            out.extend_from_slice(&crate::convert::bytes::upper_hex(&[byte]));
        }
    }
    Some(Value::Str(out.into()))
}

pub(super) fn check_regsub(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let flags = args[2].str();
    if let Some(bad) = flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        return Err(format!("invalid regex flag '{bad}', only 'i' and 'g' are supported"));
    }
    let regex = Regex::new(args[0].str(), flags.contains('i')).map_err(|error| error.to_string())?;
    args[0] = Arg::Regex(regex);
    Ok(())
}

/// The first match, or every one with `g`. An empty match ends the replacing.
pub(super) fn regsub<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let (Value::Str(text), Arg::Regex(regex)) = (value, &args[0]) else { return None };
    let Some(mut groups) = regex.find(&text, 0) else {
        return Some(Value::Str(text));
    };
    let template = args[1].str().as_bytes();
    let global = args[2].str().contains('g');
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    // More than a buffer holds is cut off in the end.
    while out.len() <= stream.buffer_bytes() {
        let (start, end) = groups[0]?;
        out.extend_from_slice(&text[done..start]);
        Regex::expand(template, &text, &groups, &mut out);
        done = end;
        if end == start {
            // An empty match passes one byte on, so that the next search moves.
            match text.get(end) {
                Some(byte) => out.push(*byte),
                None => break,
            }
            done += 1;
        }
        if !global || (done >= text.len() && end > start) {
            break;
        }
        match regex.find(&text[done..], 0) {
            Some(found) => groups = shifted(found, done),
            None => break,
        }
    }
    out.extend_from_slice(&text[done.min(text.len())..]);
    Some(Value::Str(out.into()))
}

/// Groups found in the tail of a text, counted from its start.
fn shifted(mut groups: crate::regexp::Groups, by: usize) -> crate::regexp::Groups {
    for group in groups.iter_mut().flatten() {
        *group = (group.0 + by, group.1 + by);
    }
    groups
}

/// An optional variable in the argument at `index`.
fn variable_at(args: &mut [Arg<Named>], index: usize) -> Result<(), String> {
    let name = args[index].str();
    if name.is_empty() {
        return Ok(());
    }
    let variable = Variable::parse(name).map_err(|_| format!("failed to register variable name '{name}'"))?;
    args[index] = Arg::Var(variable);
    Ok(())
}

fn text_of(arg: &Arg<Resolved>, stream: &dyn Stream) -> Option<Vec<u8>> {
    let Arg::Var(variable) = arg else { return None };
    Some(stream.variable(variable)?.into_text().into_owned())
}

pub(super) fn check_concat(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    variable_at(args, 1)
}

pub(super) fn concat<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let mut out = text.into_owned();
    out.extend_from_slice(args[0].str().as_bytes());
    out.extend_from_slice(&text_of(&args[1], stream).unwrap_or_default());
    out.extend_from_slice(args[2].str().as_bytes());
    Some(Value::Str(out.into()))
}

pub(super) fn check_add_item(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[1].str().is_empty() && args[2].str().is_empty() {
        return Err("one of the optional arguments has to be nonempty".into());
    }
    variable_at(args, 1)
}

/// The delimiter comes only between two items.
pub(super) fn add_item<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let mut item = text_of(&args[1], stream).unwrap_or_default();
    item.extend_from_slice(args[2].str().as_bytes());
    if item.is_empty() {
        return Some(Value::Str(text));
    }
    let mut out = text.into_owned();
    if !out.is_empty() {
        out.extend_from_slice(args[0].str().as_bytes());
    }
    out.extend_from_slice(&item);
    Some(Value::Str(out.into()))
}

pub(super) fn check_compared(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[0].str().is_empty() {
        return Err("missing variable name".into());
    }
    variable_at(args, 0)
}

/// The first difference of two bytes; -1 or 1 where one text begins the other.
pub(super) fn strcmp<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(text) = value else { return None };
    let other = text_of(&args[0], stream)?;
    let difference = text
        .iter()
        .zip(&other)
        .map(|(left, right)| i64::from(*left) - i64::from(*right))
        .find(|difference| *difference != 0);
    Some(Value::Int(difference.unwrap_or((text.len() as i64 - other.len() as i64).signum())))
}

/// Every byte is looked at, whatever the first difference.
pub(super) fn secure_memcmp<'a>(
    args: ArgsOf<'a>,
    value: Value<'a>,
    stream: &'a dyn Stream,
) -> Option<Value<'a>> {
    let Value::Bin(bytes) = value else { return None };
    let other = text_of(&args[0], stream)?;
    if bytes.len() != other.len() {
        return Some(Value::Bool(false));
    }
    let difference = bytes.iter().zip(&other).fold(0, |all, (left, right)| all | (left ^ right));
    Some(Value::Bool(difference == 0))
}

pub(super) fn check_set_var(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    args[0] = Arg::Var(Variable::parse(args[0].str())?);
    for arg in &args[1..] {
        match arg {
            Arg::Str(word) if SetCondition::parse(word).is_none() => {
                return Err(format!("unknown condition \"{word}\""));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The sample goes on whether or not it was stored.
pub(super) fn set_var<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Arg::Var(variable) = &args[0] else { return None };
    let old = stream.variable(variable);
    let conditions = args[1..].iter().filter_map(|arg| SetCondition::parse(arg.str()));
    if conditions.into_iter().all(|condition| condition.allows_in(variable.scope, old.as_ref(), &value)) {
        stream.set_variable(variable, value.borrowed().into_owned());
    }
    Some(value)
}

pub(super) fn check_unset_var(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    args[0] = Arg::Var(Variable::parse(args[0].str())?);
    Ok(())
}

pub(super) fn unset_var<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Arg::Var(variable) = &args[0] else { return None };
    stream.unset_variable(variable);
    Some(value)
}

fn capture<'a>(
    args: ArgsOf<'a>,
    value: Value<'a>,
    stream: &'a dyn Stream,
    response: bool,
) -> Option<Value<'a>> {
    let Value::Str(text) = &value else { return None };
    let slot = usize::try_from(args[0].int()?).ok()?;
    stream.store_capture(response, slot, text).then_some(value)
}

pub(super) fn capture_req<'a>(
    args: ArgsOf<'a>,
    value: Value<'a>,
    stream: &'a dyn Stream,
) -> Option<Value<'a>> {
    capture(args, value, stream, false)
}

pub(super) fn capture_res<'a>(
    args: ArgsOf<'a>,
    value: Value<'a>,
    stream: &'a dyn Stream,
) -> Option<Value<'a>> {
    capture(args, value, stream, true)
}

pub(super) fn fe_exists<'a>(_: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(name) = value else { return None };
    Some(Value::Bool(stream.find_frontend(&name).is_some()))
}

pub(super) fn nbsrv<'a>(_: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(name) = value else { return None };
    let proxy = stream.find_backend(&name)?;
    Some(Value::Int(stream.backend_figure(proxy, crate::stream::BackendFigure::UsableServers)))
}

pub(super) fn srv_is_up<'a>(_: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(name) = value else { return None };
    let server = stream.find_server(&name)?;
    Some(Value::Bool(stream.server_figure(server, crate::stream::ServerFigure::IsUp) != 0))
}

pub(super) fn srv_queue<'a>(_: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Value::Str(name) = value else { return None };
    let server = stream.find_server(&name)?;
    Some(Value::Int(stream.server_figure(server, crate::stream::ServerFigure::Queue)))
}

/// The text of OpenSSL for a verification result.
pub(super) fn x509_v_err_str<'a>(_: ArgsOf<'a>, value: Value<'a>) -> Option<Value<'a>> {
    let Value::Int(code) = value.cast(Type::Sint)? else { return None };
    Some(Value::Str(crate::convert::crypto::verify_error(code).into_bytes().into()))
}

const WHEN: [&str; 7] = ["stopping", "normal", "error", "forwarded", "toapplet", "processed", "acl"];

pub(super) fn check_when(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let word = args[0].str();
    let condition = word.strip_prefix('!').unwrap_or(word);
    if condition == "acl" {
        let (name, negated) = match args[1].str().strip_prefix('!') {
            Some(name) => (name, true),
            None => (args[1].str(), false),
        };
        if name.is_empty() {
            return Err("'acl' selector requires an extra argument with the ACL name".into());
        }
        args[1] = Arg::Acl { negated, acl: name.into() };
        return Ok(());
    }
    if WHEN.contains(&condition) {
        return Ok(());
    }
    let known = WHEN.join(",");
    Err(format!("expects a supported keyword among {{{known}}} but got '{condition}'"))
}

/// The sample, if the condition holds now.
pub(super) fn when<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let word = args[0].str();
    let (condition, negated) = match word.strip_prefix('!') {
        Some(condition) => (condition, true),
        None => (word, false),
    };
    let holds = match (condition, &args[1]) {
        ("stopping", _) => stream.stopping(),
        ("normal", _) => !stream.failed(),
        ("error", _) => stream.failed(),
        ("forwarded", _) => stream.forwarded(),
        ("toapplet", _) => stream.served_here(),
        ("processed", _) => stream.forwarded() || stream.served_here(),
        ("acl", Arg::Acl { negated, acl }) => acl.eval(stream).passes() != *negated,
        _ => false,
    };
    (holds != negated).then_some(value)
}
