//! What a stream costs, and how busy the workers are (manual 7.3.2).

use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{Effort, Stream};
use crate::value::{Got, Value};

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn of<'a>(stream: &'a dyn Stream, figure: impl Fn(Effort) -> u64) -> Got<'a> {
    Got::Unstable(Value::Int(figure(stream.effort()) as i64))
}

pub(super) fn cpu_calls<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    of(stream, |effort| effort.calls)
}

pub(super) fn cpu_ns_tot<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    of(stream, |effort| effort.busy_ns)
}

pub(super) fn cpu_ns_avg<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    of(stream, |effort| effort.busy_ns / effort.calls.max(1))
}

pub(super) fn lat_ns_tot<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    of(stream, |effort| effort.delay_ns)
}

pub(super) fn lat_ns_avg<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    of(stream, |effort| effort.delay_ns / effort.calls.max(1))
}

pub(super) fn cpu_usage_thr<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Unstable(Value::Int(stream.busy_percent(false)))
}

/// All workers are one group.
pub(super) fn cpu_usage_grp<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Unstable(Value::Int(stream.busy_percent(true)))
}

pub(super) fn cpu_usage_proc<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Unstable(Value::Int(stream.busy_percent(true)))
}
