//! Stick table lookups (manual 7.3.1): the value is the key.

use weir_shm::DataType::*;

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::TableAsk::{Clear, Increment, Kilobytes, Trackers, Value as Read};
use crate::stream::{EntryOf, General, Stream, TableAsk};
use crate::value::Value;

macro_rules! plain {
    ($name:literal, $ask:expr, $doc:literal) => {
        Converter::new($name, sig(1, &[Table]), Any, Sint, concat!("entry of a table: ", $doc, " (7.3.1)"))
            .runs(|args, key, stream| ask(args.first(), &key, stream, $ask).map(Value::Int))
    };
}

/// An element's number comes first.
macro_rules! array {
    ($name:literal, $ask:expr, $doc:literal) => {
        Converter::new(
            $name,
            sig(2, &[Int, Table]),
            Any,
            Sint,
            concat!("entry of a table: ", $doc, " (7.3.1)"),
        )
        .runs(|args, key, stream| {
            let index = args.first().and_then(Arg::int).and_then(|index| u8::try_from(index).ok());
            ask(args.get(1), &key, stream, $ask(index.unwrap_or(u8::MAX))).map(Value::Int)
        })
    };
}

/// A default for keys that are not there may follow.
macro_rules! time {
    ($name:literal, $ask:expr, $doc:literal) => {
        Converter::new(
            $name,
            sig(1, &[Table, Int]),
            Any,
            Sint,
            concat!("entry of a table: ", $doc, " (7.3.1)"),
        )
        .runs(|args, key, stream| {
            let known = ask(args.first(), &key, stream, $ask);
            known.or_else(|| args.get(1)?.int()).map(Value::Int)
        })
    };
}

pub(super) const ROWS: &[Converter] = &[
    Converter::new("in_table", sig(1, &[Table]), Any, Bool, "whether the key is in a table (7.3.1)")
        .runs(in_table),
    plain!("table_bytes_in_rate", Read(BytesInRate, 0), "rate of bytes received"),
    plain!("table_bytes_out_rate", Read(BytesOutRate, 0), "rate of bytes sent"),
    array!(
        "table_clr_gpc",
        |index| Clear(General::Array(index)),
        "clears a general counter and returns its old value"
    ),
    plain!(
        "table_clr_gpc0",
        Clear(General::Single(0)),
        "clears the first general counter and returns its old value"
    ),
    plain!(
        "table_clr_gpc1",
        Clear(General::Single(1)),
        "clears the second general counter and returns its old value"
    ),
    plain!("table_conn_cnt", Read(ConnCnt, 0), "connections since creation"),
    plain!("table_conn_cur", Read(ConnCur, 0), "concurrent connections"),
    plain!("table_conn_rate", Read(ConnRate, 0), "rate of connections"),
    time!("table_expire", TableAsk::Expire, "time left to live"),
    plain!("table_glitch_cnt", Read(GlitchCnt, 0), "protocol glitches"),
    plain!("table_glitch_rate", Read(GlitchRate, 0), "rate of protocol glitches"),
    array!("table_gpc", |index| Read(Gpc, index), "value of a general counter"),
    plain!("table_gpc0", Read(Gpc0, 0), "value of the first general counter"),
    plain!("table_gpc0_rate", Read(Gpc0Rate, 0), "rate of the first general counter"),
    plain!("table_gpc1", Read(Gpc1, 0), "value of the second general counter"),
    plain!("table_gpc1_rate", Read(Gpc1Rate, 0), "rate of the second general counter"),
    array!("table_gpc_rate", |index| Read(GpcRate, index), "rate of a general counter"),
    array!("table_gpt", |index| Read(Gpt, index), "value of a general tag"),
    plain!("table_gpt0", Read(Gpt0, 0), "value of the first general tag"),
    plain!("table_http_err_cnt", Read(HttpErrCnt, 0), "HTTP errors"),
    plain!("table_http_err_rate", Read(HttpErrRate, 0), "rate of HTTP errors"),
    plain!("table_http_fail_cnt", Read(HttpFailCnt, 0), "HTTP failures"),
    plain!("table_http_fail_rate", Read(HttpFailRate, 0), "rate of HTTP failures"),
    plain!("table_http_req_cnt", Read(HttpReqCnt, 0), "HTTP requests"),
    plain!("table_http_req_rate", Read(HttpReqRate, 0), "rate of HTTP requests"),
    time!("table_idle", TableAsk::Idle, "idle time"),
    array!(
        "table_inc_gpc",
        |index| Increment(General::Array(index)),
        "increments a general counter and returns it"
    ),
    plain!(
        "table_inc_gpc0",
        Increment(General::Single(0)),
        "increments the first general counter and returns it"
    ),
    plain!(
        "table_inc_gpc1",
        Increment(General::Single(1)),
        "increments the second general counter and returns it"
    ),
    plain!("table_kbytes_in", Kilobytes(BytesInCnt), "kilobytes received"),
    plain!("table_kbytes_out", Kilobytes(BytesOutCnt), "kilobytes sent"),
    plain!("table_server_id", Read(ServerId, 0), "id of the server it sticks to"),
    plain!("table_sess_cnt", Read(SessCnt, 0), "sessions"),
    plain!("table_sess_rate", Read(SessRate, 0), "rate of sessions"),
    plain!("table_trackers", Trackers, "streams tracking the same key"),
];

fn ask(table: Option<&Arg<Resolved>>, key: &Value<'_>, stream: &dyn Stream, ask: TableAsk) -> Option<i64> {
    let Some(Arg::Table(table)) = table else { return None };
    stream.ask_table(EntryOf::Key { key, table: *table }, ask)
}

fn in_table<'a>(args: &'a [Arg<Resolved>], key: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let present = ask(args.first(), &key, stream, TableAsk::Present)?;
    Some(Value::Bool(present == 1))
}
