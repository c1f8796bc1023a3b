//! Connections of both sides (manual 7.3.3, 7.3.4).

use super::ends;
use super::internal::{check_unit, in_unit};
use super::kernel;
use super::row::*;

use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::{Named, Resolved};
use crate::stream::{Multiplexer, Side, Stream};
use crate::value::{Got, Value};

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new(
        "accept_date",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "when the stream was accepted, in seconds or the given unit (7.3.4)",
    )
    .runs(accept_date)
    .checked(check_date),
    Fetch::new("bc_dst", NONE, Addr, Reads::Server4, "address the server connection goes to (7.3.3)")
        .runs(bc_dst),
    Fetch::new("bc_dst_port", NONE, Sint, Reads::Server4, "port the server connection goes to (7.3.3)")
        .runs(bc_dst_port),
    Fetch::new("bc_err", NONE, Sint, Reads::Server4, "error code of the server connection (7.3.4)")
        .runs(bc_err),
    Fetch::new(
        "bc_err_name",
        NONE,
        Str,
        Reads::Server4,
        "short name of the server connection's error (7.3.4)",
    )
    .runs(bc_err_name),
    Fetch::new("bc_err_str", NONE, Str, Reads::Server4, "text of the server connection's error (7.3.4)")
        .runs(bc_err_str),
    Fetch::new(
        "bc_glitches",
        NONE,
        Sint,
        Reads::Server4,
        "protocol glitches on the server connection (7.3.4)",
    )
    .runs(bc_glitches),
    Fetch::new("bc_http_major", NONE, Sint, Reads::Server4, "major HTTP version on the server side (7.3.3)")
        .runs(bc_http_major),
    Fetch::new("bc_nb_streams", NONE, Sint, Reads::Server4, "streams open on the server connection (7.3.4)")
        .runs(bc_nb_streams),
    Fetch::new("bc_reused", NONE, Bool, Reads::Server4, "whether the server connection was reused (7.3.4)")
        .runs(bc_reused),
    Fetch::new(
        "bc_rtt",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "round-trip time to the server, from the kernel (7.3.3)",
    )
    .runs(kernel::bc_rtt)
    .checked(check_precision),
    Fetch::new(
        "bc_rttvar",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "variance of the round-trip time to the server (7.3.3)",
    )
    .runs(kernel::bc_rttvar)
    .checked(check_precision),
    Fetch::new(
        "bc_settings_streams_limit",
        NONE,
        Sint,
        Reads::Server4,
        "stream limit that the server announced (7.3.4)",
    )
    .runs(bc_settings_streams_limit),
    Fetch::new("bc_src", NONE, Addr, Reads::Server4, "local address of the server connection (7.3.3)")
        .runs(bc_src),
    Fetch::new("bc_src_port", NONE, Sint, Reads::Server4, "local port of the server connection (7.3.3)")
        .runs(bc_src_port),
    Fetch::new("bs.aborted", NONE, Sint, Reads::Server4, "whether the server aborted the stream (7.3.4)")
        .runs(ends::bs_aborted),
    Fetch::new(
        "bs.debug_str",
        sig(0, &[Int]),
        Str,
        Reads::Server4,
        "debugging text about the server side (7.3.7)",
    )
    .runs(ends::bs_debug_str),
    Fetch::new("bs.id", NONE, Sint, Reads::Server4, "id of the stream on the server connection (7.3.4)")
        .runs(ends::bs_id),
    Fetch::new(
        "bs.rst_code",
        NONE,
        Sint,
        Reads::Server4,
        "code of the reset received from the server (7.3.4)",
    )
    .runs(ends::bs_rst_code),
    Fetch::new("dst", NONE, Addr, Reads::Client4, "address the client came to (7.3.3)").runs(dst),
    Fetch::new(
        "dst_is_local",
        NONE,
        Bool,
        Reads::Client4,
        "whether that address is one of this machine's (7.3.3)",
    )
    .runs(dst_is_local),
    Fetch::new("dst_port", NONE, Sint, Reads::Client4, "port the client came to (7.3.3)").runs(dst_port),
    Fetch::new(
        "fc_dst",
        NONE,
        Addr,
        Reads::Client4,
        "address the client's connection was accepted on (7.3.3)",
    )
    .runs(fc_dst),
    Fetch::new(
        "fc_dst_is_local",
        NONE,
        Bool,
        Reads::Client4,
        "whether that address is one of this machine's (7.3.3)",
    )
    .runs(fc_dst_is_local),
    Fetch::new(
        "fc_dst_port",
        NONE,
        Sint,
        Reads::Client4,
        "port the client's connection was accepted on (7.3.3)",
    )
    .runs(fc_dst_port),
    Fetch::new("fc_err", NONE, Sint, Reads::Client4, "error code of the client's connection (7.3.4)")
        .runs(fc_err),
    Fetch::new(
        "fc_err_name",
        NONE,
        Str,
        Reads::Client4,
        "short name of the client connection's error (7.3.4)",
    )
    .runs(fc_err_name),
    Fetch::new("fc_err_str", NONE, Str, Reads::Client4, "text of the client connection's error (7.3.4)")
        .runs(fc_err_str),
    Fetch::new(
        "fc_fackets",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "kernel's count of forward acknowledgements (7.3.3)",
    )
    .runs(kernel::fc_fackets),
    Fetch::new(
        "fc_glitches",
        NONE,
        Sint,
        Reads::Client4,
        "protocol glitches on the client's connection (7.3.4)",
    )
    .runs(fc_glitches),
    Fetch::new(
        "fc_http_major",
        NONE,
        Sint,
        Reads::Client4,
        "major HTTP version on the client's side (7.3.3)",
    )
    .runs(fc_http_major),
    Fetch::new("fc_lost", sig(0, &[Text]), Sint, Reads::Client4, "kernel's estimate of lost packets (7.3.3)")
        .runs(kernel::fc_lost),
    Fetch::new(
        "fc_nb_streams",
        NONE,
        Sint,
        Reads::Client4,
        "streams open on the client's connection (7.3.4)",
    )
    .runs(fc_nb_streams),
    Fetch::new("fc_pp_authority", NONE, Str, Reads::Client4, "authority from the PROXY header (7.3.3)")
        .runs(kernel::fc_pp_authority),
    Fetch::new(
        "fc_pp_tlv",
        sig(1, &[Text]),
        Str,
        Reads::Client5,
        "value of one type from the PROXY header (7.3.3)",
    )
    .runs(kernel::fc_pp_tlv)
    .checked(kernel::check_tlv),
    Fetch::new("fc_pp_unique_id", NONE, Str, Reads::Client4, "unique id from the PROXY header (7.3.3)")
        .runs(kernel::fc_pp_unique_id),
    Fetch::new("fc_rcvd_proxy", NONE, Bool, Reads::Client4, "whether the client sent a PROXY header (7.3.3)")
        .runs(fc_rcvd_proxy),
    Fetch::new(
        "fc_reordering",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "kernel's count of reordered packets (7.3.3)",
    )
    .runs(kernel::fc_reordering),
    Fetch::new(
        "fc_retrans",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "kernel's count of retransmissions (7.3.3)",
    )
    .runs(kernel::fc_retrans),
    Fetch::new(
        "fc_rtt",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "round-trip time to the client, from the kernel (7.3.3)",
    )
    .runs(kernel::fc_rtt)
    .checked(check_precision),
    Fetch::new(
        "fc_rttvar",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "variance of the round-trip time to the client (7.3.3)",
    )
    .runs(kernel::fc_rttvar)
    .checked(check_precision),
    Fetch::new(
        "fc_sacked",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "kernel's count of selectively acknowledged packets (7.3.3)",
    )
    .runs(kernel::fc_sacked),
    Fetch::new(
        "fc_saved_syn",
        NONE,
        Bin,
        Reads::Client4,
        "the client's SYN packet as the kernel saved it (7.3.3)",
    )
    .runs(kernel::fc_saved_syn),
    Fetch::new(
        "fc_settings_streams_limit",
        NONE,
        Sint,
        Reads::Client5,
        "stream limit announced to the client (7.3.4)",
    )
    .runs(fc_settings_streams_limit),
    Fetch::new("fc_src", NONE, Addr, Reads::Client4, "address the client's connection came from (7.3.3)")
        .runs(fc_src),
    Fetch::new(
        "fc_src_is_local",
        NONE,
        Bool,
        Reads::Client4,
        "whether that address is one of this machine's (7.3.3)",
    )
    .runs(fc_src_is_local),
    Fetch::new("fc_src_port", NONE, Sint, Reads::Client4, "port the client's connection came from (7.3.3)")
        .runs(fc_src_port),
    Fetch::new(
        "fc_unacked",
        sig(0, &[Text]),
        Sint,
        Reads::Client4,
        "kernel's count of unacknowledged packets (7.3.3)",
    )
    .runs(kernel::fc_unacked),
    Fetch::new("fs.aborted", NONE, Sint, Reads::Client5, "whether the client aborted the stream (7.3.4)")
        .runs(ends::fs_aborted),
    Fetch::new(
        "fs.debug_str",
        sig(0, &[Int]),
        Str,
        Reads::Client5,
        "debugging text about the client's side (7.3.7)",
    )
    .runs(ends::fs_debug_str),
    Fetch::new("fs.id", NONE, Str, Reads::Client5, "id of the stream on the client's connection (7.3.4)")
        .runs(ends::fs_id),
    Fetch::new(
        "fs.rst_code",
        NONE,
        Sint,
        Reads::Client5,
        "code of the reset received from the client (7.3.4)",
    )
    .runs(ends::fs_rst_code),
    Fetch::new("src", NONE, Addr, Reads::Client4, "client's address (7.3.3)").runs(src),
    Fetch::new(
        "src_is_local",
        NONE,
        Bool,
        Reads::Client4,
        "whether the client's address is one of this machine's (7.3.3)",
    )
    .runs(src_is_local),
    Fetch::new("src_port", NONE, Sint, Reads::Client4, "client's port (7.3.3)").runs(src_port),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

/// The family's functions differ in the address they show only.
macro_rules! addresses {
    ($($address:ident $port:ident from $method:ident;)*) => {$(
        fn $address<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.$method().map(|address| Value::ip(address.ip())).into()
        }

        fn $port<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.$method().map(|address| Value::Int(i64::from(address.port()))).into()
        }
    )*};
}

addresses! {
    src src_port from source;
    dst dst_port from destination;
    fc_src fc_src_port from connection_source;
    fc_dst fc_dst_port from connection_destination;
    bc_src bc_src_port from server_source;
    bc_dst bc_dst_port from server_destination;
}

fn src_is_local<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.source().map(|address| Value::Bool(stream.is_local(address.ip()))).into()
}

fn dst_is_local<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.destination().map(|address| Value::Bool(stream.is_local(address.ip()))).into()
}

fn fc_src_is_local<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.connection_source().map(|address| Value::Bool(stream.is_local(address.ip()))).into()
}

fn fc_dst_is_local<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.connection_destination().map(|address| Value::Bool(stream.is_local(address.ip()))).into()
}

/// A figure of a side's connection; connections of HTTP/1 carry one stream and have no glitches.
fn multiplexed<'a>(stream: &'a dyn Stream, side: Side, of: impl Fn(&Multiplexer) -> u32) -> Got<'a> {
    let known = stream.http_major(side).is_some();
    let single = Multiplexer { streams: 1, limit: 1, glitches: 0 };
    known.then(|| stream.multiplexer(side).unwrap_or(single)).map(|mux| Value::Int(of(&mux).into())).into()
}

fn fc_glitches<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Client, |mux| mux.glitches)
}

fn bc_glitches<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Server, |mux| mux.glitches)
}

fn fc_nb_streams<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Client, |mux| mux.streams)
}

fn bc_nb_streams<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Server, |mux| mux.streams)
}

fn fc_settings_streams_limit<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Client, |mux| mux.limit)
}

fn bc_settings_streams_limit<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    multiplexed(stream, Side::Server, |mux| mux.limit)
}

fn fc_http_major<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.http_major(Side::Client).map(Value::Int).into()
}

fn bc_http_major<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.http_major(Side::Server).map(Value::Int).into()
}

fn fc_rcvd_proxy<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.received_proxy_header()))
}

fn fc_err<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.connection_error(Side::Client).map(|error| Value::Int(error.code())).into()
}

fn bc_err<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.connection_error(Side::Server).map(|error| Value::Int(error.code())).into()
}

fn bc_reused<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.server_connection_reused().map(Value::Bool).into()
}

fn check_date(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_unit(&args[0])
}

fn accept_date<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(in_unit(stream.accept_time(), &args[0])))
}

/// The kernel's figures are in microseconds or milliseconds.
fn check_precision(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].str() {
        "" | "us" | "ms" => Ok(()),
        other => Err(format!("expects 'us' or 'ms', got '{other}'")),
    }
}

macro_rules! error_texts {
    ($($name:ident $function:ident $side:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            let error = stream.connection_error(Side::$side);
            error.map(|error| Value::text(error.$function().as_bytes())).into()
        }
    )*};
}

error_texts! {
    fc_err_name name Client;
    fc_err_str text Client;
    bc_err_name name Server;
    bc_err_str text Server;
}
