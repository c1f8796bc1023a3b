//! Every type of a source against every type that a converter takes (manual 7.3): `casts.txt`, recorded from HAProxy.

use weir_sample::{Expr, Named, NoFiles, ParseContext, References, Type, Value};
use weir_types::Span;

use super::stream;

/// What HAProxy writes between brackets in a body (control characters as `%XX`), bytes above 127 escaped.
fn shown(value: Option<Value<'_>>) -> String {
    let text = value.map(Value::into_bytes).unwrap_or_default();
    let letters = text.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        control @ 0..0x20 => format!("%{control:02X}"),
        other => format!("\\x{other:02x}"),
    });
    format!("[{}]", letters.collect::<String>())
}

fn answer(text: &str) -> String {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let expr = match Expr::<Named>::parse(&[text], &mut 0, &cx) {
        Ok(expr) => expr,
        Err(error) => {
            let name = error.message.strip_prefix("converter '").and_then(|rest| rest.split('\'').next());
            assert!(error.message.ends_with("cannot be applied"), "{text}: {error}");
            return format!("refused {}", name.unwrap_or_default());
        }
    };
    let expr = expr.resolve(&mut stream::Names).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    shown(expr.eval_as(&stream::Recorded::default(), Type::Str))
}

#[test]
fn casts_are_those_recorded() {
    let cases = include_str!("casts.txt").lines().filter(|line| !line.starts_with('#'));
    let wrong: Vec<String> = cases
        .filter_map(|line| {
            let (text, wanted) = line.split_once('\t').unwrap_or_else(|| panic!("{line}: no answer"));
            let got = answer(text);
            (got != wanted).then(|| format!("{text}: {got}, not {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
