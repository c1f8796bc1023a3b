//! What of an expression does not depend on the stream is evaluated once, when its names are resolved.

use super::{Conversion, Expr};
use crate::stage::Resolved;
use crate::stream::NoStream;
use crate::value::{Got, OwnedValue};

/// No buffer is shorter, so nothing up to this length is cut off wherever it is evaluated.
const LONGEST: usize = 1024;

/// The value of a fetch and of the converters right behind it.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// Nothing where a converter has no answer: then the rest has none either.
    value: Option<OwnedValue>,
    conversions: usize,
}

impl Folded {
    pub fn value(&self) -> Got<'_> {
        self.value.as_ref().map(OwnedValue::borrowed).into()
    }

    /// The converters that are left to run.
    pub fn left<'a>(&self, conversions: &'a [Conversion<Resolved>]) -> &'a [Conversion<Resolved>] {
        &conversions[self.conversions..]
    }
}

impl Expr<Resolved> {
    pub(super) fn fold(mut self) -> Self {
        if !self.fetch.is_constant {
            return self;
        }
        let Got::Value(value) = (self.fetch.run)(&self.args, &NoStream) else { return self };
        let mut folded = Folded { value: Some(value.into_owned()), conversions: 0 };
        for conversion in &self.conversions {
            let Some(next) = folded.through(conversion) else { break };
            folded = next;
        }
        self.folded = Some(folded.into());
        self
    }
}

impl Folded {
    /// The value behind one more converter, if that is known now.
    fn through(&self, conversion: &Conversion<Resolved>) -> Option<Folded> {
        let Conversion { row, args } = conversion;
        if !row.is_constant(args) {
            return None;
        }
        let input = self.value.as_ref().and_then(|value| value.borrowed().cast(row.input));
        let value =
            input.and_then(|input| row.convert(args, input, &NoStream)).map(|value| value.into_owned());
        let fits = value.as_ref().is_none_or(|value| value.borrowed().into_bytes().len() <= LONGEST);
        fits.then_some(Folded { value, conversions: self.conversions + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::NoNames;
    use crate::expr::ParseContext;
    use crate::stage::Named;
    use crate::{NoFiles, References, Value};

    /// How an expression is held: what is known of it, and the converters that are left.
    fn compiled(text: &str) -> (Option<Option<OwnedValue>>, Vec<&'static str>) {
        let references = References::default();
        let cx = ParseContext::new(Default::default(), &NoFiles, &references);
        let expr =
            Expr::<Named>::parse(&[text], &mut 0, &cx).unwrap_or_else(|error| panic!("{text}: {error}"));
        let expr = expr.resolve(&mut NoNames).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let left = expr.folded.as_ref().map_or(&*expr.conversions, |folded| folded.left(&expr.conversions));
        let left = left.iter().map(|conversion| conversion.row.name).collect();
        (expr.folded.map(|folded| folded.value), left)
    }

    #[test]
    fn constants_are_evaluated_when_compiled() {
        let text = |text: &'static str| Some(Some(Value::text(text.as_bytes())));
        assert_eq!(compiled("str(abc)"), (text("abc"), vec![]));
        assert_eq!(compiled("str(a-b),upper,field(2,-)"), (text("B"), vec![]));
        assert_eq!(compiled("int(2),add(3),mul(4)"), (Some(Some(Value::Int(20))), vec![]));
        assert_eq!(compiled("bool(true),iif(yes,no)"), (text("yes"), vec![]));
        assert_eq!(compiled("bin(6162),hex"), (text("6162"), vec![]));
    }

    #[test]
    fn what_depends_on_the_stream_is_left() {
        let text = |text: &'static str| Some(Some(Value::text(text.as_bytes())));
        assert_eq!(compiled("str(abc),upper,set-var(txn.a),lower"), (text("ABC"), vec!["set-var", "lower"]));
        assert_eq!(compiled("int(2),add(3),add(txn.n)"), (Some(Some(Value::Int(5))), vec!["add"]));
        assert_eq!(compiled("str(abc),concat(a,txn.n),upper"), (text("abc"), vec!["concat", "upper"]));
        assert_eq!(compiled("rand(7),add(1)"), (None, vec!["add"]));
        assert_eq!(compiled("var(txn.a),upper"), (None, vec!["upper"]));
        assert_eq!(compiled("date,add(1)"), (None, vec!["add"]));
    }

    #[test]
    fn a_converter_without_an_answer_ends_it() {
        assert_eq!(compiled("str(x),b64dec,hex"), (Some(None), vec![]));
    }
}
