//! The stream's course: timers, byte counts, how it ended (manual 7.3.2, 7.3.6).

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Value};

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new(
        "bc.timer.connect",
        NONE,
        Sint,
        Reads::Server4,
        "time to connect to the server, `%Tc` (7.3.3)",
    )
    .runs(bc_timer_connect),
    Fetch::new("bytes_in", NONE, Sint, Reads::RequestMeta, "bytes received from the client (7.3.2)")
        .runs(bytes_from_client),
    Fetch::new("bytes_out", NONE, Sint, Reads::ServerBytes, "bytes received from the server (7.3.2)")
        .runs(bytes_from_server),
    Fetch::new(
        "fc.timer.handshake",
        NONE,
        Sint,
        Reads::Client4,
        "time of the client's handshake, `%Th` (7.3.3)",
    )
    .runs(fc_timer_handshake),
    Fetch::new("fc.timer.total", NONE, Sint, Reads::Frontend, "time of the whole session, `%Tt` (7.3.3)")
        .runs(fc_timer_total),
    Fetch::new("last_entity", NONE, Str, Reads::Internal, "last rule or filter that was evaluated (7.3.2)")
        .runs(last_entity),
    Fetch::new("last_rule_file", NONE, Str, Reads::Internal, "file of the last final rule (7.3.2)")
        .runs(last_rule_file),
    Fetch::new("last_rule_line", NONE, Sint, Reads::Internal, "line of the last final rule (7.3.2)")
        .runs(last_rule_line),
    Fetch::new("prio_class", NONE, Sint, Reads::Internal, "priority class in the queue (7.3.2)")
        .runs(prio_class),
    Fetch::new("prio_offset", NONE, Sint, Reads::Internal, "priority offset in the queue (7.3.2)")
        .runs(prio_offset),
    Fetch::new("req.bytes_in", NONE, Sint, Reads::RequestMeta, "bytes of the request received (7.3.2)")
        .runs(bytes_from_client),
    Fetch::new("req.bytes_out", NONE, Sint, Reads::RequestMeta, "bytes of the request sent (7.3.2)")
        .runs(bytes_to_server),
    Fetch::new(
        "req.timer.hdr",
        NONE,
        Sint,
        Reads::RequestHead,
        "time to receive the request's head, `%TR` (7.3.6)",
    )
    .runs(req_timer_hdr),
    Fetch::new(
        "req.timer.idle",
        NONE,
        Sint,
        Reads::RequestHead,
        "idle time before the request, `%Ti` (7.3.6)",
    )
    .runs(req_timer_idle),
    Fetch::new("req.timer.queue", NONE, Sint, Reads::ResponseMeta, "time in queues, `%Tw` (7.3.6)")
        .runs(req_timer_queue),
    Fetch::new("req.timer.tq", NONE, Sint, Reads::RequestHead, "`%Th` + `%Ti` + `%TR` (7.3.6)")
        .runs(req_timer_tq),
    Fetch::new("res.bytes_in", NONE, Sint, Reads::ServerBytes, "bytes of the response received (7.3.2)")
        .runs(bytes_from_server),
    Fetch::new("res.bytes_out", NONE, Sint, Reads::ServerBytes, "bytes of the response sent (7.3.2)")
        .runs(bytes_to_client),
    Fetch::new(
        "res.timer.data",
        NONE,
        Sint,
        Reads::ServerBytes,
        "time to transfer the response, `%Td` (7.3.6)",
    )
    .runs(res_timer_data),
    Fetch::new(
        "res.timer.hdr",
        NONE,
        Sint,
        Reads::ResponseHead,
        "time to receive the response's head, `%Tr` (7.3.6)",
    )
    .runs(res_timer_hdr),
    Fetch::new("term_events", NONE, Str, Reads::Internal, "events that ended the stream (7.3.2)")
        .runs(term_events),
    Fetch::new(
        "txn.conn_retries",
        NONE,
        Sint,
        Reads::ResponseMeta,
        "connection attempts that were repeated (7.3.2)",
    )
    .runs(conn_retries),
    Fetch::new("txn.id32", NONE, Sint, Reads::Internal, "number of the transaction (7.3.2)").runs(id32),
    Fetch::new(
        "txn.redispatched",
        NONE,
        Bool,
        Reads::ResponseMeta,
        "whether another server was chosen on a retry (7.3.2)",
    )
    .runs(redispatched),
    Fetch::new("txn.sess_term_state", NONE, Str, Reads::Internal, "termination state, `%ts` (7.3.2)")
        .runs(sess_term_state),
    Fetch::new(
        "txn.timer.total",
        NONE,
        Sint,
        Reads::RequestMeta,
        "active time of the request, `%Ta` (7.3.6)",
    )
    .runs(txn_timer_total),
    Fetch::new(
        "txn.timer.user",
        NONE,
        Sint,
        Reads::RequestMeta,
        "total time as the user sees it, `%Tu` (7.3.6)",
    )
    .runs(txn_timer_user),
    Fetch::new("waiting_entity", NONE, Str, Reads::Internal, "rule or filter that waits for data (7.3.2)")
        .runs(waiting_entity),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// A timer of a phase that was not reached is not there.
macro_rules! timers {
    ($($name:ident $field:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            Got::Value(Value::Int(stream.timers().$field))
        }
    )*};
}

timers! {
    bc_timer_connect connect;
    fc_timer_handshake handshake;
    fc_timer_total total;
    req_timer_hdr request;
    req_timer_idle idle;
    req_timer_queue queue;
    res_timer_data data;
    res_timer_hdr response;
    txn_timer_total active;
    txn_timer_user user;
}

fn req_timer_tq<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.timers().tq()))
}

fn bytes_from_client<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.bytes()[0] as i64))
}

fn bytes_to_server<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.bytes()[1] as i64))
}

fn bytes_from_server<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.bytes()[2] as i64))
}

fn bytes_to_client<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.bytes()[3] as i64))
}

fn prio_class<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.priority_class()))
}

fn prio_offset<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.priority_offset()))
}

fn conn_retries<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.retries().0))
}

fn redispatched<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.retries().1))
}

fn id32<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(i64::from(stream.request_counter())))
}

fn sess_term_state<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Str(stream.termination()[..2].to_vec().into()))
}

fn last_rule_file<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.last_rule().map(|(file, _)| Value::text(file.as_bytes())).into()
}

fn last_rule_line<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.last_rule().map(|(_, line)| Value::Int(line.into())).into()
}

/// Filters do not interrupt here, so it is always a rule.
fn last_entity<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.last_rule().map(|(file, line)| Value::Str(format!("{file}:{line}").into_bytes().into())).into()
}

/// Ends of single layers are not told apart: `-` says so at each of the seven.
fn term_events<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::text(b"{-,-,-,-,-,-,-}"))
}

/// `file:line` of the rule.
fn waiting_entity<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let rule = stream.waiting_rule();
    rule.map(|(file, line)| Value::Str(format!("{file}:{line}").into_bytes().into())).into()
}
