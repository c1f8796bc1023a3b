//! Answers that HAProxy gave to single expressions, or that an RFC or the manual gives: `*.tsv` in this directory, a
//! case a line: the converters, the input in hexadecimal, the answer in hexadecimal (`UNDEF`: none).

use std::path::Path;

use weir_sample::{Expr, Named, NoFiles, ParseContext, References, Resolved, Stream, Value};
use weir_types::Span;

mod casts;
mod names;
#[path = "../oracle/stream.rs"]
#[expect(dead_code, reason = "shared with the recorded tables, which need more of it")]
mod stream;

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

fn hex(value: Value<'_>) -> String {
    value.into_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The input stands in a variable, so that it may hold any byte.
fn expression(converters: &str) -> Expr<Resolved> {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let text = format!("var(txn.in),{converters}");
    let expr = Expr::<Named>::parse(&[&text], &mut 0, &cx).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(expr.not_yet(), None, "{text}");
    expr.resolve(&mut stream::Names).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn answers_are_those_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for entry in std::fs::read_dir(directory).expect("a directory of cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "tsv") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let mut column = || columns.next().unwrap_or_else(|| panic!("{}: {line}", path.display()));
            let (converters, input, wanted) = (column(), unhex(column()), column());
            let recorded = stream::Recorded::default();
            let variable = weir_sample::Variable::parse("txn.in").expect("a variable's name");
            recorded.set_variable(&variable, Value::Bin(input.into()));
            let expr = expression(converters);
            let got = expr.eval(&recorded).value().map_or("UNDEF".to_owned(), hex);
            count += 1;
            if got != wanted {
                wrong.push(format!("{line}: got {got}"));
            }
        }
    }
    assert!(count > 0, "no cases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
