//! The two ends of a stream: its place on each connection, and how they left (manual 7.3.4 and 7.3.7).

use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{Side, Stream};
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn aborted<'a>(stream: &'a dyn Stream, side: Side) -> Got<'a> {
    Got::Value(Value::Int(i64::from(stream.aborted(side))))
}

fn reset_code<'a>(stream: &'a dyn Stream, side: Side) -> Got<'a> {
    stream.reset_code(side).map(|code| Value::Int(code.into())).into()
}

/// The bits of the argument; 0 or none: all layers.
fn debug<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream, side: Side) -> Got<'a> {
    const ALL: i64 = 31;
    let layers = args[0].int().filter(|layers| *layers != 0).unwrap_or(ALL);
    stream.describe_end(side, layers).map(|text| Value::Str(text.into_bytes().into())).into()
}

pub(super) fn fs_aborted<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    aborted(stream, Side::Client)
}

pub(super) fn bs_aborted<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    aborted(stream, Side::Server)
}

pub(super) fn fs_debug_str<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    debug(args, stream, Side::Client)
}

pub(super) fn bs_debug_str<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    debug(args, stream, Side::Server)
}

/// HAProxy lists this one as a string.
pub(super) fn fs_id<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.end_id(Side::Client).map(|id| Value::Str(id.to_string().into_bytes().into())).into()
}

pub(super) fn bs_id<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.end_id(Side::Server).map(|id| Value::Int(id.into())).into()
}

pub(super) fn fs_rst_code<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    reset_code(stream, Side::Client)
}

pub(super) fn bs_rst_code<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    reset_code(stream, Side::Server)
}
