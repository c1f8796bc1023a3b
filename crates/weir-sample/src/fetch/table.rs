//! Stick tables and counters (manual 7.3.2, 7.3.3). What a name asks of an entry is written once; the entry is that of
//! a stick counter (`sc0_`, `sc_`) or that of the client's address (`src_`).

use weir_shm::DataType;

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{EntryOf, General, Stream, TableAsk};
use crate::value::{Got, Value};

/// One name for each way to an entry. `row!(prefix, way, name, question, text)`.
macro_rules! row {
    (0, $name:literal, $ask:expr, $doc:literal, $reads:ident) => {
        row!(fixed "sc0_", 0, "0", $name, $ask, $doc, $reads)
    };
    (1, $name:literal, $ask:expr, $doc:literal, $reads:ident) => {
        row!(fixed "sc1_", 1, "1", $name, $ask, $doc, $reads)
    };
    (2, $name:literal, $ask:expr, $doc:literal, $reads:ident) => {
        row!(fixed "sc2_", 2, "2", $name, $ask, $doc, $reads)
    };
    (fixed $prefix:literal, $counter:literal, $shown:literal, $name:literal, $ask:expr, $doc:literal, $reads:ident) => {
        Fetch::new(
            concat!($prefix, $name),
            sig(0, &[Table]),
            Sint,
            Reads::$reads,
            concat!("stick counter ", $shown, ": ", $doc, " (7.3.3)"),
        )
        .runs(|args, stream| counter(stream, Some($counter), args.first(), $ask))
    };
    (sc, $name:literal, $ask:expr, $doc:literal, $reads:ident) => {
        Fetch::new(
            concat!("sc_", $name),
            sig(1, &[Int, Table]),
            Sint,
            Reads::$reads,
            concat!("a stick counter: ", $doc, " (7.3.3)"),
        )
        .runs(|args, stream| counter(stream, number(args, 0), args.get(1), $ask))
    };
    (src, $name:literal, $ask:expr, $doc:literal) => {
        Fetch::new(
            concat!("src_", $name),
            sig(1, &[Table]),
            Sint,
            Reads::Client4,
            concat!("client's entry of a table: ", $doc, " (7.3.3)"),
        )
        .runs(|args, stream| source(stream, args.first(), $ask))
    };
}

/// A name with an element's number before the counter's.
macro_rules! array {
    (sc, $name:literal, $ask:expr, $doc:literal) => {
        Fetch::new(
            concat!("sc_", $name),
            sig(2, &[Int, Int, Table]),
            Sint,
            Reads::Internal,
            concat!("a stick counter: ", $doc, " (7.3.3)"),
        )
        .runs(|args, stream| counter(stream, number(args, 1), args.get(2), $ask(element(args))))
    };
    (src, $name:literal, $ask:expr, $doc:literal) => {
        Fetch::new(
            concat!("src_", $name),
            sig(2, &[Int, Table]),
            Sint,
            Reads::Client4,
            concat!("client's entry of a table: ", $doc, " (7.3.3)"),
        )
        .runs(|args, stream| source(stream, args.get(1), $ask(element(args))))
    };
}

/// The five ways of most names.
macro_rules! rows {
    ($($name:literal, $ask:expr, $doc:literal, $reads:ident;)*) => {
        pub(super) const ROWS: &[Fetch] = &[$(
            row!(0, $name, $ask, $doc, $reads),
            row!(1, $name, $ask, $doc, $reads),
            row!(2, $name, $ask, $doc, $reads),
            row!(sc, $name, $ask, $doc, $reads),
            row!(src, $name, $ask, $doc),
        )*];
    };
}

use DataType::*;
use TableAsk::{Clear, Increment, Kilobytes, Trackers, Value as Read};

rows! {
    "bytes_in_rate", Read(BytesInRate, 0), "rate of bytes received", Internal;
    "bytes_out_rate", Read(BytesOutRate, 0), "rate of bytes sent", Internal;
    "clr_gpc0", Clear(General::Single(0)),
        "clears the first general counter and returns its old value", Internal;
    "clr_gpc1", Clear(General::Single(1)),
        "clears the second general counter and returns its old value", Internal;
    "conn_cnt", Read(ConnCnt, 0), "connections since creation", Internal;
    "conn_cur", Read(ConnCur, 0), "concurrent connections", Internal;
    "conn_rate", Read(ConnRate, 0), "rate of connections", Internal;
    "get_gpc0", Read(Gpc0, 0), "value of the first general counter", Internal;
    "get_gpc1", Read(Gpc1, 0), "value of the second general counter", Internal;
    "get_gpt0", Read(Gpt0, 0), "value of the first general tag", Internal;
    "glitch_cnt", Read(GlitchCnt, 0), "protocol glitches", Internal;
    "glitch_rate", Read(GlitchRate, 0), "rate of protocol glitches", Internal;
    "gpc0_rate", Read(Gpc0Rate, 0), "rate of the first general counter", Internal;
    "gpc1_rate", Read(Gpc1Rate, 0), "rate of the second general counter", Internal;
    "http_err_cnt", Read(HttpErrCnt, 0), "HTTP errors", Internal;
    "http_err_rate", Read(HttpErrRate, 0), "rate of HTTP errors", Internal;
    "http_fail_cnt", Read(HttpFailCnt, 0), "HTTP failures", Internal;
    "http_fail_rate", Read(HttpFailRate, 0), "rate of HTTP failures", Internal;
    "http_req_cnt", Read(HttpReqCnt, 0), "HTTP requests", Internal;
    "http_req_rate", Read(HttpReqRate, 0), "rate of HTTP requests", Internal;
    "inc_gpc0", Increment(General::Single(0)),
        "increments the first general counter and returns it", Internal;
    "inc_gpc1", Increment(General::Single(1)),
        "increments the second general counter and returns it", Internal;
    "kbytes_in", Kilobytes(BytesInCnt), "kilobytes received", Client4;
    "kbytes_out", Kilobytes(BytesOutCnt), "kilobytes sent", Client4;
    "sess_cnt", Read(SessCnt, 0), "sessions", Internal;
    "sess_rate", Read(SessRate, 0), "rate of sessions", Internal;
}

/// Names that are not there in all five ways.
pub(super) const OTHERS: &[Fetch] = &[
    array!(
        sc,
        "clr_gpc",
        |index| Clear(General::Array(index)),
        "clears a general counter and returns its old value"
    ),
    array!(
        src,
        "clr_gpc",
        |index| Clear(General::Array(index)),
        "clears a general counter and returns its old value"
    ),
    // Listed with the arguments of the other fixed counters' names, and with one number only.
    Fetch::new(
        "sc1_clr_gpc",
        sig(1, &[Int, Table]),
        Sint,
        Reads::Internal,
        "stick counter 1: clears a general counter and returns its old value (7.3.3)",
    )
    .runs(|args, stream| counter(stream, Some(1), args.get(1), Clear(General::Array(element(args))))),
    array!(sc, "get_gpc", |index| Read(Gpc, index), "value of a general counter"),
    array!(src, "get_gpc", |index| Read(Gpc, index), "value of a general counter"),
    array!(sc, "get_gpt", |index| Read(Gpt, index), "value of a general tag"),
    array!(src, "get_gpt", |index| Read(Gpt, index), "value of a general tag"),
    array!(sc, "gpc_rate", |index| Read(GpcRate, index), "rate of a general counter"),
    array!(src, "gpc_rate", |index| Read(GpcRate, index), "rate of a general counter"),
    array!(
        sc,
        "inc_gpc",
        |index| Increment(General::Array(index)),
        "increments a general counter and returns it"
    ),
    array!(
        src,
        "inc_gpc",
        |index| Increment(General::Array(index)),
        "increments a general counter and returns it"
    ),
    row!(0, "trackers", Trackers, "streams tracking the same key", Internal),
    row!(1, "trackers", Trackers, "streams tracking the same key", Internal),
    row!(2, "trackers", Trackers, "streams tracking the same key", Internal),
    row!(sc, "trackers", Trackers, "streams tracking the same key", Internal),
    tracked("sc0_tracked", "stick counter 0: whether the counter tracks a key (7.3.3)")
        .runs(|args, stream| is_tracked(stream, Some(0), args.first())),
    tracked("sc1_tracked", "stick counter 1: whether the counter tracks a key (7.3.3)")
        .runs(|args, stream| is_tracked(stream, Some(1), args.first())),
    tracked("sc2_tracked", "stick counter 2: whether the counter tracks a key (7.3.3)")
        .runs(|args, stream| is_tracked(stream, Some(2), args.first())),
    Fetch::new(
        "sc_tracked",
        sig(1, &[Int, Table]),
        Bool,
        Reads::Internal,
        "a stick counter: whether the counter tracks a key (7.3.3)",
    )
    .runs(|args, stream| is_tracked(stream, number(args, 0), args.get(1))),
    Fetch::new("sc0_key", NONE, Any, Reads::Internal, "stick counter 0: the key being tracked (7.3.3)")
        .runs(|_, stream| key(stream, Some(0))),
    Fetch::new("sc1_key", NONE, Any, Reads::Internal, "stick counter 1: the key being tracked (7.3.3)")
        .runs(|_, stream| key(stream, Some(1))),
    Fetch::new("sc2_key", NONE, Any, Reads::Internal, "stick counter 2: the key being tracked (7.3.3)")
        .runs(|_, stream| key(stream, Some(2))),
    Fetch::new(
        "sc_key",
        sig(1, &[Int]),
        Any,
        Reads::Internal,
        "a stick counter: the key being tracked (7.3.3)",
    )
    .runs(|args, stream| key(stream, number(args, 0))),
    row!(
        src,
        "updt_conn_cnt",
        TableAsk::CountConnection,
        "creates the entry, counts a connection and returns the count"
    ),
    Fetch::new("table_avl", sig(1, &[Table]), Sint, Reads::Internal, "free entries of a table (7.3.2)")
        .runs(|args, stream| size(args, stream, |used, size| size.saturating_sub(used))),
    Fetch::new("table_cnt", sig(1, &[Table]), Sint, Reads::Internal, "used entries of a table (7.3.2)")
        .runs(|args, stream| size(args, stream, |used, _| used)),
];

const fn tracked(name: &'static str, doc: &'static str) -> Fetch {
    Fetch::new(name, sig(0, &[Table]), Bool, Reads::Internal, doc)
}

type ArgOf<'a> = Option<&'a Arg<Resolved>>;

fn number(args: &[Arg<Resolved>], index: usize) -> Option<usize> {
    usize::try_from(args.get(index)?.int()?).ok()
}

/// The first argument as an element of an array; 255 is none.
fn element(args: &[Arg<Resolved>]) -> u8 {
    number(args, 0).and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

fn table(arg: ArgOf<'_>) -> Option<weir_types::TableId> {
    match arg {
        Some(Arg::Table(table)) => Some(*table),
        _ => None,
    }
}

fn int<'a>(answer: Option<i64>) -> Got<'a> {
    answer.map(Value::Int).into()
}

fn counter<'a>(stream: &'a dyn Stream, counter: Option<usize>, arg: ArgOf<'_>, ask: TableAsk) -> Got<'a> {
    let Some(counter) = counter else { return Got::Nothing };
    int(stream.ask_table(EntryOf::Counter { counter, table: table(arg) }, ask))
}

fn source<'a>(stream: &'a dyn Stream, arg: ArgOf<'_>, ask: TableAsk) -> Got<'a> {
    let (Some(table), Some(source)) = (table(arg), stream.source()) else { return Got::Nothing };
    int(stream.ask_table(EntryOf::Key { key: &Value::ip(source.ip()), table }, ask))
}

fn is_tracked<'a>(stream: &'a dyn Stream, counter: Option<usize>, arg: ArgOf<'_>) -> Got<'a> {
    let Some(counter) = counter else { return Got::Nothing };
    let answer = stream.ask_table(EntryOf::Counter { counter, table: table(arg) }, TableAsk::Present);
    Got::Value(Value::Bool(answer.is_some()))
}

fn key<'a>(stream: &'a dyn Stream, counter: Option<usize>) -> Got<'a> {
    counter.and_then(|counter| stream.tracked_key(counter)).into()
}

fn size<'a>(args: &[Arg<Resolved>], stream: &'a dyn Stream, of: fn(i64, i64) -> i64) -> Got<'a> {
    let Some(table) = table(args.first()) else { return Got::Nothing };
    int(stream.table_size(table).map(|(used, size)| of(used, size)))
}
