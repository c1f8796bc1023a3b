//! What is fuzzed here: every text of a configuration, a file or the runtime socket that this crate reads. Each takes
//! any bytes and must come back; a panic is a finding. Run by cargo-fuzz, and by `weir-compile/examples/fuzz.rs` where
//! that is not installed.

use weir_sample::acl::{Acl, NoNames};
use weir_sample::pattern::{Entries, Operation, Pattern, Scheme, Target, lines};
use weir_sample::{
    Condition, Expr, Format, FormatMode, Method, NoFiles, NoStream, ParseContext, PatternEdit, Reference,
    References, Value, VariableEdit,
};
use weir_types::Span;

/// A target: its name, what it does with bytes, where its seeds are.
pub type Fuzzed = (&'static str, fn(&[u8]), &'static str);

pub const TARGETS: [Fuzzed; 5] = [
    ("expression", expression, include_str!("../seeds/expressions.txt")),
    ("condition", condition, include_str!("../seeds/conditions.txt")),
    ("format", format, include_str!("../seeds/formats.txt")),
    ("patterns", patterns, include_str!("../seeds/patterns.txt")),
    ("edit", edit, include_str!("../seeds/expressions.txt")),
];

fn with_context(work: impl FnOnce(&ParseContext<'_>)) {
    let references = References::default();
    work(&ParseContext::new(Span::default(), &NoFiles, &references));
}

/// A sample expression: parsed, resolved and evaluated.
pub fn expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let words: Vec<&str> = text.split(' ').collect();
    with_context(|cx| {
        if let Ok(expr) = Expr::parse(&words, &mut 0, cx)
            && let Ok(expr) = expr.resolve(&mut NoNames)
        {
            let _ = expr.eval(&NoStream);
        }
    });
}

/// An ACL line and a condition.
pub fn condition(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let words: Vec<&str> = text.split(' ').collect();
    with_context(|cx| {
        let _ = Acl::parse(&words, cx).map(|acl| acl.resolve(&mut NoNames).map(|acl| acl.eval(&NoStream)));
        if let Ok(condition) = Condition::parse_terms(&words, &mut 0, false, cx)
            && let Ok(condition) = condition.resolve(&mut NoNames)
        {
            let _ = condition.eval(&NoStream);
        }
    });
}

/// A log format.
pub fn format(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for mode in [FormatMode::Http, FormatMode::Tcp] {
        with_context(|cx| {
            if let Ok(format) = Format::parse(&text, mode, cx)
                && let Ok(format) = format.resolve(&mut NoNames)
            {
                format.write(&NoStream, &mut Vec::new());
            }
        });
    }
}

const METHODS: [Method; 12] = [
    Method::Str,
    Method::Beg,
    Method::End,
    Method::Sub,
    Method::Dir,
    Method::Dom,
    Method::Bin,
    Method::Int,
    Method::Len,
    Method::Ip,
    Method::Reg,
    Method::Found,
];

/// A map file under every match method; its keys looked up, then deleted and added again.
pub fn patterns(data: &[u8]) {
    for (place, method) in METHODS.into_iter().enumerate() {
        let mut entries = Entries::default();
        for (number, key, value) in lines(data, place % 2 == 0).take(64) {
            entries.push(number, key, value);
        }
        let reference = std::sync::Arc::new(Reference::new("m", true, entries));
        let scheme = Scheme { method, ignore_case: place % 3 == 0 };
        let Ok(expression) = reference.expression(scheme, None) else { continue };
        let pattern = Pattern { reference: reference.clone(), expression };
        let keys: Vec<Box<[u8]>> = lines(data, false).take(64).map(|(_, key, _)| key.into()).collect();
        for key in &keys {
            if let Some(value) = Value::text(key).cast(method.compares()) {
                pattern.matches(&value);
            }
            for operation in [
                Operation::Delete { target: Target::Key(key.clone()) },
                Operation::Put { name: None, key: key.clone(), value: key.clone() },
                Operation::AddOnce { name: None, key: key.clone() },
            ] {
                if reference.check(&operation).is_ok() {
                    reference.apply(&operation);
                }
            }
        }
    }
}

/// Edits as they travel between processes.
pub fn edit(data: &[u8]) {
    if let Some(edit) = PatternEdit::decode(data) {
        assert_eq!(PatternEdit::decode(&edit.encode()), Some(edit));
    }
    if let Some(edit) = VariableEdit::decode(data) {
        let _ = edit.encode();
    }
}
