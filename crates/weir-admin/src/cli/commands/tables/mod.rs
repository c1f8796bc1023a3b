//! `show table`, `set table`, `clear table` (management manual 9.3).

mod filter;
mod show;

use weir_plan::StickTable;
use weir_shm::{DataKind, DataType, Key, KeyType, Row, Table};

use crate::View;
use crate::cli::reply::Reply;
use crate::cli::session::Context;

use filter::Filter;

/// What a command does with what it finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Show,
    Set,
    Clear,
}

impl Verb {
    /// What is said of words that cannot be understood.
    fn usage(self) -> &'static str {
        match self {
            Verb::Show => {
                "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>"
            }
            Verb::Set => "Required arguments: <table> key <key> [data.<store_data_type> <value>]*",
            Verb::Clear => {
                "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>"
            }
        }
    }

    fn on_keys(self) -> &'static str {
        match self {
            Verb::Show => "Showing keys from",
            Verb::Set => "Inserting keys into",
            Verb::Clear => "Removing keys from",
        }
    }
}

pub fn show(context: &mut Context<'_>) -> Reply {
    if context.argument(0).is_empty() {
        return Reply::text(show::list(&context.view()));
    }
    run(context, Verb::Show)
}

pub fn set(context: &mut Context<'_>) -> Reply {
    run(context, Verb::Set)
}

pub fn clear(context: &mut Context<'_>) -> Reply {
    run(context, Verb::Clear)
}

/// A table with its memory.
struct Found<'a> {
    plan: &'a StickTable,
    table: Table,
    /// Peers that share its keys out; 0: none do.
    shards: u32,
    now_ms: u64,
}

impl<'a> Found<'a> {
    fn of(view: &View<'a>, plan: &'a StickTable) -> Self {
        let table = view.shm.table(plan.slot, view.shm.controller());
        // What is shown as used is what is there.
        table.sweep(view.now_ms);
        let section = view.plan.peers.iter().find(|section| plan.peers.as_ref() == Some(&section.name));
        let shards = section.map_or(0, |section| section.shards);
        Self { plan, table, shards, now_ms: view.now_ms }
    }
}

fn run(context: &mut Context<'_>, verb: Verb) -> Reply {
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error(verb.usage());
    }
    let view = context.view();
    let Some(plan) = view.plan.tables.iter().find(|table| table.spec.name == name) else {
        return Reply::error("No such table");
    };
    let found = Found::of(&view, plan);
    let answer = match (context.argument(1), verb) {
        ("", Verb::Show) => Ok(Reply::text(show::all(&found, &Filter::default()))),
        ("", Verb::Clear) => {
            found.table.clear(|_| true);
            Ok(Reply::Empty)
        }
        ("key", _) => by_key(context, &found, verb),
        ("ptr", _) => by_pointer(context, &found, verb),
        (word, Verb::Set) if word.starts_with("data.") => {
            Err("content-based lookup is only supported with the \"show\" and \"clear\" actions".into())
        }
        (word, _) if word.starts_with("data.") => by_content(context, &found, verb),
        _ => Err(verb.usage().into()),
    };
    answer.unwrap_or_else(Reply::error)
}

fn by_content(context: &Context<'_>, found: &Found<'_>, verb: Verb) -> Result<Reply, String> {
    let filter = Filter::parse(context, found.table.spec())?;
    if verb == Verb::Show {
        return Ok(Reply::text(show::all(found, &filter)));
    }
    found.table.clear(|row| filter.fits(row, found.now_ms));
    Ok(Reply::Empty)
}

fn by_key(context: &Context<'_>, found: &Found<'_>, verb: Verb) -> Result<Reply, String> {
    let text = context.argument(2);
    if text.is_empty() {
        return Err("Key value expected".into());
    }
    let key = match key(found.plan.spec.key, text) {
        None => {
            let types = "tables of type other than ip, ipv6, string and integer is not supported";
            return Err(format!("{} {types}", verb.on_keys()));
        }
        Some(key) => key.ok_or("Invalid key")?,
    };
    let (table, now_ms) = (&found.table, found.now_ms);
    match verb {
        Verb::Show => Ok(shown(found, table.peek(&key, now_ms, |row| show::row(row, found.shards, now_ms)))),
        Verb::Clear => removed(table.remove(&key)),
        Verb::Set => table
            .update(&key, now_ms, |row| set_data(context, row, now_ms))
            .unwrap_or(Err("Unable to allocate a new entry".into())),
    }
}

fn by_pointer(context: &Context<'_>, found: &Found<'_>, verb: Verb) -> Result<Reply, String> {
    let text = context.argument(2);
    if text.is_empty() {
        return Err("Pointer value expected".into());
    }
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let pointer = u64::from_str_radix(digits, 16).map_err(|_| "Invalid pointer".to_owned())?;
    let (table, now_ms) = (&found.table, found.now_ms);
    match verb {
        Verb::Show => {
            Ok(shown(found, table.at_pointer(pointer, now_ms, |row| show::row(row, found.shards, now_ms))))
        }
        Verb::Clear => removed(table.remove_pointer(pointer).unwrap_or(true)),
        Verb::Set => table
            .at_pointer(pointer, now_ms, |row| set_data(context, row, now_ms))
            .unwrap_or(Err("No entry can be found matching ptr.".into())),
    }
}

fn shown(found: &Found<'_>, row: Option<String>) -> Reply {
    match row {
        Some(row) => Reply::text(show::head(found.plan, &found.table) + &row),
        None => Reply::Empty,
    }
}

fn removed(done: bool) -> Result<Reply, String> {
    if done { Ok(Reply::Empty) } else { Err("Entry currently in use, cannot remove".into()) }
}

/// `data.TYPE VALUE` from the third argument on. What comes before a fault is set.
fn set_data(context: &Context<'_>, row: &Row, now_ms: u64) -> Result<Reply, String> {
    let mut at = 3;
    while !context.argument(at).is_empty() {
        let value = context.argument(at + 1);
        let name = context.argument(at).strip_prefix("data.").filter(|_| !value.is_empty());
        let name = name.ok_or("\"data.<type>\" followed by a value expected")?;
        let (data, index) = data_type(name).ok_or("Unknown data type")?;
        if !row.stores(data, index) {
            return Err("Data type not stored in this table".into());
        }
        let number = value.parse::<i64>().ok().filter(|_| data.kind() != DataKind::Name);
        row.set(data, index, number.ok_or("Require a valid integer value to store")? as u64, now_ms);
        at += 2;
    }
    Ok(Reply::Empty)
}

/// `gpc0`, or with the number of an array's element `gpc[1]`.
fn data_type(name: &str) -> Option<(DataType, u8)> {
    let Some((name, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return Some((DataType::find(name)?, 0));
    };
    let data = DataType::find(name).filter(|data| data.is_array())?;
    Some((data, index.parse().ok()?))
}

/// `None`: keys of this type cannot be written. `Some(None)`: this one is not a key.
fn key(kind: KeyType, text: &str) -> Option<Option<Key<'_>>> {
    Some(match kind {
        KeyType::Ip4 => text.parse::<std::net::Ipv4Addr>().ok().map(Key::from),
        KeyType::Ip6 => text.parse::<std::net::Ipv6Addr>().ok().map(Key::from),
        KeyType::Integer => text.parse().ok().map(Key::Integer),
        KeyType::String => Some(Key::Bytes(text.as_bytes())),
        KeyType::Binary => return None,
    })
}
