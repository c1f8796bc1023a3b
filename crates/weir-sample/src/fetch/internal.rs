//! Constants, the clock, the process (manual 7.3.2) and developer fetches (7.3.7).

use super::effort;
use super::http::blocks;
use super::row::*;
use super::variables;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::pattern::hex;
use crate::stage::{Named, Resolved};
use crate::stream::Stream;
use crate::value::{Got, Value};
use crate::variable::Variable;

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new(
        "acl",
        sig(1, &[Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text, Text]),
        Bool,
        Reads::Constant,
        "whether the named ACLs all match (7.3.2)",
    )
    .runs(acl)
    .checked(check_acl),
    Fetch::new("act_conn", NONE, Sint, Reads::Constant, "connections of the process (7.3.2)").runs(act_conn),
    Fetch::new("always_false", NONE, Bool, Reads::Constant, "never true (7.3.2)")
        .runs(always_false)
        .constant(),
    Fetch::new("always_true", NONE, Bool, Reads::Constant, "always true (7.3.2)")
        .runs(always_true)
        .constant(),
    Fetch::new("bin", sig(1, &[Text]), Bin, Reads::Constant, "constant bytes in hexadecimal (7.3.2)")
        .runs(constant)
        .constant()
        .checked(check_bin),
    Fetch::new("bool", sig(1, &[Text]), Bool, Reads::Constant, "constant truth value (7.3.2)")
        .runs(boolean)
        .constant()
        .checked(check_bool),
    Fetch::new("cpu_calls", NONE, Sint, Reads::Internal, "calls of the stream's task (7.3.2)")
        .runs(effort::cpu_calls),
    Fetch::new("cpu_ns_avg", NONE, Sint, Reads::Internal, "average time of the task's calls (7.3.2)")
        .runs(effort::cpu_ns_avg),
    Fetch::new("cpu_ns_tot", NONE, Sint, Reads::Internal, "total time of the task's calls (7.3.2)")
        .runs(effort::cpu_ns_tot),
    Fetch::new("cpu_usage_grp", NONE, Sint, Reads::Internal, "load of the current thread group (7.3.2)")
        .runs(effort::cpu_usage_grp),
    Fetch::new("cpu_usage_proc", NONE, Sint, Reads::Internal, "load of the process (7.3.2)")
        .runs(effort::cpu_usage_proc),
    Fetch::new("cpu_usage_thr", NONE, Sint, Reads::Internal, "load of the current thread (7.3.2)")
        .runs(effort::cpu_usage_thr),
    Fetch::new(
        "date",
        sig(0, &[Int, Text]),
        Sint,
        Reads::Constant,
        "the time in seconds or the given unit, shifted (7.3.2)",
    )
    .runs(date)
    .checked(check_date),
    Fetch::new("date_us", NONE, Sint, Reads::Constant, "microseconds of the time (7.3.2)").runs(date_us),
    Fetch::new(
        "dump_all_vars",
        sig(0, &[Text, Text, Text]),
        Str,
        Reads::Constant,
        "all variables of a scope as text (7.3.7)",
    )
    .runs(variables::dump)
    .checked(variables::check),
    Fetch::new("env", sig(1, &[Text]), Str, Reads::Constant, "environment variable at start (7.3.2)")
        .runs(environment),
    Fetch::new("hostname", NONE, Str, Reads::Constant, "the machine's name (7.3.2)").runs(hostname),
    Fetch::new("int", sig(1, &[Int]), Sint, Reads::Constant, "constant integer (7.3.2)")
        .runs(constant)
        .constant(),
    Fetch::new("internal.htx.data", NONE, Sint, Reads::AnyHead, "bytes in the message's buffer (7.3.7)")
        .runs(blocks::data),
    Fetch::new("internal.htx.free", NONE, Sint, Reads::AnyHead, "free bytes in the message's buffer (7.3.7)")
        .runs(blocks::free),
    Fetch::new("internal.htx.free_data", NONE, Sint, Reads::AnyHead, "bytes still usable as data (7.3.7)")
        .runs(blocks::free_data),
    Fetch::new(
        "internal.htx.has_eom",
        NONE,
        Bool,
        Reads::AnyHead,
        "whether the message's end is buffered (7.3.7)",
    )
    .runs(blocks::has_end),
    Fetch::new("internal.htx.nbblks", NONE, Sint, Reads::AnyHead, "blocks in the message's buffer (7.3.7)")
        .runs(blocks::count),
    Fetch::new("internal.htx.size", NONE, Sint, Reads::AnyHead, "size of the message's buffer (7.3.7)")
        .runs(blocks::size),
    Fetch::new("internal.htx.used", NONE, Sint, Reads::AnyHead, "bytes used in the message's buffer (7.3.7)")
        .runs(blocks::used),
    Fetch::new("internal.htx_blk.data", sig(1, &[Text]), Bin, Reads::AnyHead, "data of a block (7.3.7)")
        .runs(blocks::block_data)
        .checked(check_block),
    Fetch::new(
        "internal.htx_blk.hdrname",
        sig(1, &[Text]),
        Str,
        Reads::AnyHead,
        "header name in a block (7.3.7)",
    )
    .runs(blocks::header_name)
    .checked(check_block),
    Fetch::new(
        "internal.htx_blk.hdrval",
        sig(1, &[Text]),
        Str,
        Reads::AnyHead,
        "header value in a block (7.3.7)",
    )
    .runs(blocks::header_value)
    .checked(check_block),
    Fetch::new("internal.htx_blk.size", sig(1, &[Text]), Sint, Reads::AnyHead, "size of a block (7.3.7)")
        .runs(blocks::block_size)
        .checked(check_block),
    Fetch::new(
        "internal.htx_blk.start_line",
        sig(1, &[Text]),
        Str,
        Reads::AnyHead,
        "start line in a block (7.3.7)",
    )
    .runs(blocks::start_line)
    .checked(check_block),
    Fetch::new("internal.htx_blk.type", sig(1, &[Text]), Str, Reads::AnyHead, "type of a block (7.3.7)")
        .runs(blocks::block_type)
        .checked(check_block),
    Fetch::new(
        "internal.strm.is_htx",
        NONE,
        Bool,
        Reads::Internal,
        "whether the stream is handled as HTTP (7.3.7)",
    )
    .runs(is_http),
    Fetch::new("ipv4", sig(1, &[Ip4]), Ipv4, Reads::Constant, "constant IPv4 address (7.3.2)")
        .runs(constant)
        .constant(),
    Fetch::new("ipv6", sig(1, &[Ip6]), Ipv6, Reads::Constant, "constant IPv6 address (7.3.2)")
        .runs(constant)
        .constant(),
    Fetch::new("lat_ns_avg", NONE, Sint, Reads::Internal, "average delay before the task's calls (7.3.2)")
        .runs(effort::lat_ns_avg),
    Fetch::new("lat_ns_tot", NONE, Sint, Reads::Internal, "total delay before the task's calls (7.3.2)")
        .runs(effort::lat_ns_tot),
    Fetch::new("meth", sig(1, &[Text]), Meth, Reads::Constant, "constant method (7.3.2)")
        .runs(method_name)
        .constant(),
    Fetch::new("nbproc", NONE, Sint, Reads::Constant, "number of processes, always 1 (7.3.2)")
        .runs(one)
        .constant(),
    Fetch::new("pid", NONE, Sint, Reads::Constant, "process id (7.3.2)").runs(pid),
    Fetch::new("proc", NONE, Sint, Reads::Constant, "number of the process, always 1 (7.3.2)")
        .runs(one)
        .constant(),
    Fetch::new("quic_enabled", NONE, Bool, Reads::Constant, "whether QUIC listeners may work (7.3.2)")
        .runs(quic_enabled),
    Fetch::new("rand", sig(0, &[Int]), Sint, Reads::Constant, "random integer below a bound (7.3.2)")
        .runs(rand),
    Fetch::new("spoe.engine-id", NONE, Str, Reads::Internal, "id of the SPOE engine in this process (7.3.2)"),
    Fetch::new("stopping", NONE, Bool, Reads::Internal, "whether the process is stopping (7.3.2)")
        .runs(stopping),
    Fetch::new("str", sig(1, &[Text]), Str, Reads::Constant, "constant string (7.3.2)")
        .runs(constant)
        .constant(),
    Fetch::new("tgroup", NONE, Sint, Reads::Constant, "number of the current thread group (7.3.2)")
        .runs(zero)
        .constant(),
    Fetch::new("thread", NONE, Sint, Reads::Constant, "number of the current thread (7.3.2)").runs(thread),
    Fetch::new("uptime", NONE, Sint, Reads::Constant, "seconds since the process started (7.3.2)")
        .runs(uptime),
    Fetch::new("uuid", sig(0, &[Int]), Str, Reads::Constant, "random or time-based unique id (7.3.2)")
        .runs(uuid)
        .checked(check_uuid),
    Fetch::new("var", sig(1, &[Text, Text]), Any, Reads::Constant, "value of a variable (7.3.2)")
        .runs(var)
        .checked(check_var),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn always_true<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(true))
}

fn always_false<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(false))
}

/// A constant that parsing left in the first argument.
fn constant<'a>(args: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    match &args[0] {
        Arg::Str(text) => Got::Value(Value::text(text.as_bytes())),
        Arg::Bytes(bytes) => Got::Value(Value::bytes(bytes)),
        Arg::Int(value) => Got::Value(Value::Int(*value)),
        Arg::Ip4(address) => Got::Value(Value::Ip4(*address)),
        Arg::Ip6(address) => Got::Value(Value::Ip6(*address)),
        _ => Got::Nothing,
    }
}

fn boolean<'a>(args: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(args[0].int() == Some(1)))
}

/// QUIC is not built in.
fn quic_enabled<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(false))
}

fn check_bool(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let value = match args[0].str() {
        "0" => false,
        "1" => true,
        word if word.eq_ignore_ascii_case("true") => true,
        word if word.eq_ignore_ascii_case("false") => false,
        _ => return Err("Expects 'true', 'false', '0' or '1'".into()),
    };
    args[0] = Arg::Int(i64::from(value));
    Ok(())
}

/// Where a block stands in a message.
fn check_block(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let word = args[0].str();
    if matches!(word, "head" | "tail" | "first") {
        return Ok(());
    }
    if word.is_empty() {
        return Err("a block position is expected (> 0) or a special block name (head, tail, first)".into());
    }
    match word.parse() {
        Ok(place @ 0..) => args[0] = Arg::Int(place),
        _ => return Err("invalid block position".into()),
    }
    Ok(())
}

fn check_bin(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    if args[0].str().is_empty() {
        // HAProxy has no words for this.
        return Err("(null)".into());
    }
    args[0] = Arg::Bytes(hex(args[0].str())?.into());
    Ok(())
}

fn method_name<'a>(args: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Meth(args[0].str().as_bytes().into()))
}

/// Workers are threads of one group, the first.
fn zero<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(0))
}

fn one<'a>(_: ArgsOf<'a>, _: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(1))
}

/// `s`, `ms` or `us` in an argument that may be absent.
pub(crate) fn check_unit(arg: &Arg<Named>) -> Result<(), String> {
    match arg.str() {
        "" | "s" | "ms" | "us" => Ok(()),
        other => Err(format!("expects 's', 'ms' or 'us', got '{other}'")),
    }
}

/// Microseconds in the unit that an argument names.
pub(super) fn in_unit(microseconds: i64, unit: &Arg<Resolved>) -> i64 {
    match unit.str() {
        "us" => microseconds,
        "ms" => microseconds.div_euclid(1_000),
        _ => microseconds.div_euclid(1_000_000),
    }
}

fn check_date(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    check_unit(&args[1])
}

/// The offset is in the unit asked for.
fn date<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let now = in_unit(stream.clock(), &args[1]);
    Got::Unstable(Value::Int(now.wrapping_add(args[0].int().unwrap_or(0))))
}

fn date_us<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Unstable(Value::Int(stream.clock().rem_euclid(1_000_000)))
}

/// As the configuration left it: lines that follow may set the variable.
fn environment<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.environment(args[0].str()).map_or(Got::Nothing, |value| Got::Value(Value::text(value)))
}

fn hostname<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::text(stream.hostname().as_bytes()))
}

fn pid<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(i64::from(stream.process_id())))
}

/// 32 bits, or a number below the bound.
fn rand<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let bits = stream.random() >> 32;
    let value = match args[0].int() {
        Some(bound) => (bits.wrapping_mul(bound as u32 as u64)) >> 32,
        None => bits,
    };
    Got::Unstable(Value::Int(value as i64))
}

fn stopping<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.stopping()))
}

fn thread<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.worker_number()))
}

fn uptime<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.uptime()))
}

fn act_conn<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.process_connections()))
}

fn check_uuid(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    match args[0].int() {
        None | Some(4 | 7) => Ok(()),
        Some(other) => Err(format!("Unsupported UUID version: '{other}'")),
    }
}

/// RFC 9562: version 4 is random, version 7 begins with the milliseconds.
fn uuid<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&stream.random().to_be_bytes());
    bytes[8..].copy_from_slice(&stream.random().to_be_bytes());
    let version = args[0].int().unwrap_or(4) as u8;
    if version == 7 {
        let milliseconds = stream.clock() / 1_000;
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    }
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Got::Unstable(Value::Str(parts.join("-").into_bytes().into()))
}

fn check_var(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    args[0] = Arg::Var(Variable::parse(args[0].str())?);
    Ok(())
}

fn var<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let Arg::Var(variable) = &args[0] else {
        return Got::Nothing;
    };
    match (stream.variable(variable), &args[1]) {
        (Some(value), _) => Got::Value(value),
        (None, Arg::Str(default)) => Got::Value(Value::text(default.as_bytes())),
        (None, _) => Got::Nothing,
    }
}

fn check_acl(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    for arg in args {
        let Arg::Str(word) = &*arg else { continue };
        let name = word.strip_prefix('!').unwrap_or(word);
        *arg = Arg::Acl { negated: name.len() < word.len(), acl: name.into() };
    }
    Ok(())
}

fn acl<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let all = args.iter().all(|arg| match arg {
        Arg::Acl { negated, acl } => acl.eval(stream).negated_if(*negated).passes(),
        _ => true,
    });
    Got::Value(Value::Bool(all))
}

fn is_http<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.request().is_some()))
}
