//! Runs a resolved expression on a stream.

use super::{Conversion, Expr};
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Type, Value};

/// What came of visiting every occurrence of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The visitor said yes to one.
    Hit,
    /// It said no to all, or there was none.
    Miss,
    /// Data are still missing.
    Wait,
}

impl Expr<Resolved> {
    /// The expression's value now.
    pub fn eval<'a>(&'a self, stream: &'a dyn Stream) -> Got<'a> {
        let (got, conversions) = match &self.folded {
            Some(folded) => (folded.value(), folded.left(&self.conversions)),
            None => ((self.fetch.run)(&self.args, stream), &*self.conversions),
        };
        if conversions.is_empty() {
            return got;
        }
        match got {
            Got::Value(value) => convert(conversions, value, stream).into(),
            Got::Unstable(value) => convert(conversions, value, stream).map_or(Got::Nothing, Got::Unstable),
            other => other,
        }
    }

    /// The value as `output`, where the use has a type of its own.
    pub fn eval_as<'a>(&'a self, stream: &'a dyn Stream, output: Type) -> Option<Value<'a>> {
        self.eval(stream).value()?.cast(output)
    }

    /// Shows every occurrence to `visit` until it says yes: the fetch's occurrences where it has several (headers,
    /// cookies without an index), else its one value.
    pub fn scan<'a>(&'a self, stream: &'a dyn Stream, visit: &mut dyn FnMut(Value<'a>) -> bool) -> Scan {
        if let Some(each) = self.fetch.each {
            return each(&self.args, stream, &mut |value| {
                convert(&self.conversions, value, stream).is_some_and(&mut *visit)
            });
        }
        match self.eval(stream) {
            Got::Value(value) => match visit(value) {
                true => Scan::Hit,
                false => Scan::Miss,
            },
            Got::Unstable(value) => match visit(value) {
                true => Scan::Hit,
                false if stream.finished() => Scan::Miss,
                false => Scan::Wait,
            },
            Got::Nothing => Scan::Miss,
            Got::Wait if stream.finished() => Scan::Miss,
            Got::Wait => Scan::Wait,
        }
    }
}

fn convert<'a>(
    conversions: &'a [Conversion<Resolved>],
    mut value: Value<'a>,
    stream: &'a dyn Stream,
) -> Option<Value<'a>> {
    for conversion in conversions {
        let input = value.cast(conversion.row.input)?;
        value = conversion.row.convert(&conversion.args, input, stream)?;
        value.limit(|| stream.buffer_bytes());
    }
    Some(value)
}
