//! `stick-table` and `stick ...` (manual 11.1, 4.2). The syntax of a table is shared with `peers` sections.

use weir_shm::{DataKind, DataType, KeyType, Stored};
use weir_syntax::time::{self, Unit};
use weir_syntax::{Line, size};
use weir_types::Form;

use super::scope::Half;
use crate::expression::{self, condition_of};
use crate::keyword::Keyword;
use crate::model::{Name, StickRule, StickTable, StickVerb};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;
use crate::value::atol;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new(
        "stick-table",
        "type <type> size <size> [ <options> ]",
        "A table of what was seen (11.1).",
        stick_table,
    ),
    Keyword::new(
        "stick",
        "{ on | match | store-request | store-response } <pattern> ...",
        "Affinity by table (4.2).",
        stick,
    ),
];

/// What a data type takes between parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Argument {
    None,
    Period,
    Size,
    SizeAndPeriod,
}

impl Argument {
    fn of(data: DataType) -> Self {
        match (data.kind() == DataKind::Rate, data.is_array()) {
            (false, false) => Argument::None,
            (false, true) => Argument::Size,
            (true, false) => Argument::Period,
            (true, true) => Argument::SizeAndPeriod,
        }
    }
}

/// An array stands for the older single types, and must not stand beside them.
const EXCLUDED: &[(DataType, &[DataType], &str)] = &[
    (DataType::Gpt, &[DataType::Gpt0], "gpt0"),
    (DataType::Gpc, &[DataType::Gpc0, DataType::Gpc1], "gpc[0/1]"),
    (DataType::GpcRate, &[DataType::Gpc0Rate, DataType::Gpc1Rate], "gpc[0/1]_rate"),
];

const TYPES: &[(&str, KeyType, u32)] = &[
    ("ip", KeyType::Ip4, 4),
    ("ipv4", KeyType::Ip4, 4),
    ("ipv6", KeyType::Ip6, 16),
    ("integer", KeyType::Integer, 4),
    // 32 bytes in HAProxy's memory, one of which ends the string; what peers agree on.
    ("string", KeyType::String, 31),
    ("binary", KeyType::Binary, 32),
];

fn stick_table(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    if parser.in_defaults() {
        return line.fail(0, "'stick-table' is not supported in 'defaults' section.");
    }
    let name = parser.proxy().name.clone();
    if let Some(earlier) = parser.proxy().stick_table.as_ref().map(|table| table.span) {
        let (title, place) = (parser.title(), parser.place_of(earlier));
        return line.fail(
            0,
            format!("stick-table name '{name}' conflicts with table declared in {title} at {place}."),
        );
    }
    let table = table(parser, line, 1)?;
    parser.proxy().stick_table = Some(Box::new(table));
    Ok(())
}

/// The words of a table from `first` on.
pub(crate) fn table(parser: &mut Parser<'_>, line: &Line<'_>, first: usize) -> Outcome<StickTable> {
    let mut table = StickTable {
        key: KeyType::Ip4,
        key_len: 0,
        size: 0,
        expire: None,
        nopurge: false,
        peers: None,
        srvkey_addr: false,
        write_to: None,
        recv_only: false,
        brates_factor: 1,
        store: Vec::new(),
        span: line.span(),
    };
    let mut at = first;
    while at < line.len() {
        at += option(parser, line, at, &mut table)?;
    }
    if table.size == 0 {
        return line.fail(0, "stick-table: missing size.");
    }
    if table.key_len == 0 {
        return line.fail(0, "stick-table: missing type.");
    }
    for (array, singles, shown) in EXCLUDED {
        let stored = |data: DataType| table.store.iter().any(|stored| stored.data == data);
        if stored(*array) && singles.iter().any(|single| stored(*single)) {
            let array = array.name();
            return line.fail(
                0,
                format!(
                    "stick-table: simultaneous usage of '{array}' and '{shown}' in a same table is not permitted as \
                     '{array}' overrides '{shown}'."
                ),
            );
        }
    }
    table.store.sort_by_key(|stored| stored.data);
    Ok(table)
}

fn option(parser: &mut Parser<'_>, line: &Line<'_>, at: usize, table: &mut StickTable) -> Outcome<usize> {
    let (name, value) = (line.word(at), line.word(at + 1));
    let missing = || line.fail(at, format!("stick-table: missing argument after '{name}'."));
    match name {
        "size" if value.is_empty() => return missing(),
        "size" => {
            let wrong = |fault: weir_syntax::number::Unexpected| {
                line.fail(at + 1, format!("stick-table: {} in argument of 'size'.", fault))
            };
            table.size = size::parse(value).or_else(wrong)?;
        }
        "peers" if value.is_empty() => return missing(),
        "peers" => table.peers = Some(Name::new(parser.intern(value), line.word_span(at + 1))),
        "write-to" if value.is_empty() => {
            return line.fail(at, "stick-table: 'write-to' requires a table name.");
        }
        "write-to" => table.write_to = Some(Name::new(parser.intern(value), line.word_span(at + 1))),
        "expire" if value.is_empty() => return missing(),
        "expire" => {
            let wrong = |fault: time::TimeError| {
                match fault {
                time::TimeError::Overflow => line.fail(at + 1, format!(
                    "stick-table: timer overflow in argument '{value}' to 'expire' (maximum value is 2147483647 ms \
                     or ~24.8 days)."
                )),
                time::TimeError::Unexpected(fault) => {
                    line.fail(at + 1, format!("stick-table: {fault} in argument of 'expire'."))
                }
            }
            };
            table.expire = Some(time::parse(value, Unit::Millisecond).or_else(wrong)?);
        }
        "brates-factor" => match u32::try_from(atol(value)) {
            Ok(factor) if factor > 0 => table.brates_factor = factor,
            _ => return line.fail(at + 1, "stick-table: 'brates-factor' expects a positive integer."),
        },
        "nopurge" => {
            table.nopurge = true;
            return Ok(1);
        }
        "recv-only" => {
            table.recv_only = true;
            return Ok(1);
        }
        "type" => return key_type(line, at, table),
        "store" => store(parser, line, at + 1, table)?,
        "srvkey" => match value {
            "name" => table.srvkey_addr = false,
            "addr" => table.srvkey_addr = true,
            _ => return line.fail(at + 1, format!("stick-table : unknown server key type '{value}'.")),
        },
        _ => return line.fail(at, format!("stick-table: unknown argument '{name}'.")),
    }
    Ok(2)
}

fn key_type(line: &Line<'_>, at: usize, table: &mut StickTable) -> Outcome<usize> {
    let name = line.word(at + 1);
    let Some((_, key, len)) = TYPES.iter().find(|(known, ..)| *known == name) else {
        return line.fail(at + 1, format!("stick-table: unknown type '{name}'."));
    };
    (table.key, table.key_len) = (*key, *len);
    if !matches!(key, KeyType::String | KeyType::Binary) || line.word(at + 2) != "len" {
        return Ok(2);
    }
    match u32::try_from(atol(line.word(at + 3))) {
        Ok(len) if len > 0 => table.key_len = len,
        _ => return line.fail(at + 3, "'len' expects a positive integer argument."),
    }
    Ok(4)
}

fn store(parser: &mut Parser<'_>, line: &Line<'_>, at: usize, table: &mut StickTable) -> Outcome {
    let mut rest = line.word(at);
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let name = &rest[..end];
        let Some(data) = DataType::find(name) else {
            return line.fail(at, format!("stick-table: unknown store option '{name}'."));
        };
        let mut stored = Stored::new(data);
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('(') {
            let Some((text, after)) = inside.split_once(')') else {
                let text = format!("stick-table: missing closing parenthesis after store option '{name}'.");
                return line.fail(at, text);
            };
            store_argument(line, at, &mut stored, text)?;
            rest = after;
        } else if Argument::of(data) != Argument::None {
            return line.fail(at, format!("stick-table: missing argument to store option '{name}'."));
        }
        rest = rest.strip_prefix(',').unwrap_or(rest);
        if table.store.iter().any(|other| other.data == data) {
            let text = format!("stick-table: store option '{name}' already enabled, ignored.");
            parser.push(line.warning(at, text).with_form(Form::ParsingTight));
        } else {
            table.store.push(stored);
        }
    }
    Ok(())
}

fn store_argument(line: &Line<'_>, at: usize, stored: &mut Stored, text: &str) -> Outcome {
    let name = stored.data.name();
    let missing = || line.fail(at, format!("stick-table: missing argument to store option '{name}'."));
    let (size, period) = match Argument::of(stored.data) {
        Argument::None => {
            return line.fail(at, format!("stick-table: unexpected argument to store option '{name}'."));
        }
        Argument::Size => (Some(text), None),
        Argument::Period => (None, Some(text)),
        Argument::SizeAndPeriod => match text.split_once(',') {
            Some((size, period)) => (Some(size), Some(period.split(',').next().unwrap_or(period))),
            None => (Some(text), None),
        },
    };
    if let Some(size) = size {
        stored.elements = match u8::try_from(atol(size)) {
            Ok(size @ 1..=100) => size,
            _ => {
                let text = "stick-table: array size is out of allowed range (1-100) for store option";
                return line.fail(at, format!("{text} '{name}'."));
            }
        };
    }
    match period {
        Some(period) => {
            let wrong =
                |_| line.fail(at, format!("stick-table: error when processing store option '{name}'."));
            stored.period_ms = time::parse(period, Unit::Millisecond).or_else(wrong)?;
            Ok(())
        }
        None if stored.data.kind() == DataKind::Rate => missing(),
        None => Ok(()),
    }
}

fn stick(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.not_in_defaults(line, "stick")?;
    if parser.lacks(Half::Backend, line, "stick") {
        return Ok(());
    }
    let verb = match line.word(1) {
        "match" => StickVerb::Match,
        "on" => StickVerb::On,
        "store-request" => StickVerb::StoreRequest,
        "store-response" => StickVerb::StoreResponse,
        _ => return line.fail(1, "'stick' expects 'on', 'match', or 'store'."),
    };
    if line.word(2).is_empty() {
        return line.fail(1, "'stick' expects a fetch method.");
    }
    let (phases, moment) = match verb {
        StickVerb::StoreResponse => (expression::STICK_STORE, "for 'store-response'."),
        _ => (expression::BACKEND_SET_UP, "during request."),
    };
    let (key, mut at) = expression::whole(parser, line, 2, phases).or_else(|text| {
        let text = match text.strip_suffix("available here") {
            Some(start) => format!("{start}available {moment}"),
            None => text,
        };
        line.fail(2, format!("'stick': {text}"))
    })?;
    let mut table = None;
    if line.word(at) == "table" {
        table = Some(Name::new(parser.intern(line.word(at + 1)), line.word_span(at + 1)));
        at += 2;
    }
    let condition = match line.word(at) {
        "" => None,
        "if" | "unless" => Some(condition_of(parser, line, at).or_else(|text| {
            line.fail(at + 1, format!("'stick': error detected while parsing sticking condition : {text}."))
        })?),
        other => return line.fail(at, format!("'stick': unknown keyword '{other}'.")),
    };
    parser.backend().stick.push(StickRule { verb, key, table, condition, span: line.span() });
    Ok(())
}
