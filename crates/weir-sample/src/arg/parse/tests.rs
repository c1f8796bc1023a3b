use super::*;
use crate::arg::Arg;

const TEXT: Signature = Signature { required: 1, kinds: &[Kind::Text] };

fn text(input: &str) -> String {
    let (args, rest) = parse_args(input, TEXT).expect("a well-formed list");
    assert_eq!(rest, "");
    args[0].str().to_owned()
}

// Expected values: HAProxy 2.8's answers to `str(...),hex`.
#[test]
fn undoes_quotes_and_escapes() {
    assert_eq!(text(r"(a\nb)"), "a\nb");
    assert_eq!(text(r#"("a\nb")"#), "a\nb");
    assert_eq!(text(r"(a\zb)"), r"a\zb");
    assert_eq!(text(r#"("a\,b")"#), r"a\,b");
    assert_eq!(text(r#"("a\"b")"#), "a\"b");
    assert_eq!(text(r"(a\\b)"), r"a\b");
    assert_eq!(text(r"('a\nb')"), r"a\nb");
    assert_eq!(text(r"(a(b)"), "a(b");
    assert_eq!(text(r"( a )"), " a ");
    assert_eq!(text(r#"("a"b"c")"#), "abc");
}

fn error(input: &str, signature: Signature) -> (usize, String) {
    let error = parse_args(input, signature).expect_err("a malformed list");
    (error.position, error.message)
}

#[test]
fn words_errors_as_haproxy() {
    const HDR: Signature = Signature { required: 0, kinds: &[Kind::Text, Kind::Int] };
    const FIELD: Signature = Signature { required: 2, kinds: &[Kind::Int, Kind::Text, Kind::Int] };
    assert_eq!(error("(host", HDR).1, "expected ')'");
    assert_eq!(error("(host,x)", HDR), (2, "failed to parse 'x' as type 'integer' at position 2".into()));
    assert_eq!(error("(host,1,2)", HDR).1, "expected ')' before ',2)'");
    assert_eq!(error("(x)", Signature::NONE), (1, "expected ')' before 'x)'".into()));
    assert_eq!(error("", FIELD), (1, "expected type 'integer' at position 1, but got nothing".into()));
    assert_eq!(error("()", FIELD), (1, "expected type 'integer' at position 1, but got nothing".into()));
    assert_eq!(error("(1)", FIELD), (2, "missing arguments (got 1/2), type 'string' expected".into()));
    assert_eq!(error("(a\\", TEXT), (1, "expected ')'".into()));
}

#[test]
fn empty_lists_and_arguments() {
    assert!(parse_args("()", Signature::NONE).is_ok());
    let optional = Signature { required: 0, kinds: &[Kind::Text, Kind::Int] };
    let (args, rest) = parse_args("(host,),lower", optional).expect("an empty optional integer");
    assert!(matches!(args[1], Arg::Absent));
    assert_eq!(rest, ",lower");
    assert_eq!(text("()"), "");
    assert_eq!(text(""), "");
}
