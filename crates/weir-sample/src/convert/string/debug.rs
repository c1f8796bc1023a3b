//! `debug` (manual 7.3.1): shows a sample on its way to a ring, `stdout` or `stderr`.

use super::ArgsOf;
use crate::arg::Arg;
use crate::expr::ParseContext;
use crate::stage::Named;
use crate::stream::Stream;
use crate::value::{Type, Value};

/// `debug([prefix][,destination])`.
pub(super) fn check(args: &mut [Arg<Named>], _: &ParseContext<'_>) -> Result<(), String> {
    let sink = match args[1].str() {
        "" => "buf0",
        name => name,
    };
    args[1] = Arg::Sink(sink.into());
    Ok(())
}

/// `[debug] prefix: type=str <value>`; what would tear the line or the terminal is a full stop.
pub(super) fn debug<'a>(args: ArgsOf<'a>, value: Value<'a>, stream: &'a dyn Stream) -> Option<Value<'a>> {
    let Arg::Sink(sink) = &args[1] else { return Some(value) };
    let text = value.borrowed().cast(Type::Str).map(Value::into_text).unwrap_or_default();
    let mut line = format!("[debug] {}: type={} <", args[0].str(), value.kind().as_str()).into_bytes();
    line.extend(text.iter().map(|byte| if matches!(byte, b' '..=b'~') { *byte } else { b'.' }));
    line.push(b'>');
    stream.tell(sink, &line);
    Some(value)
}
