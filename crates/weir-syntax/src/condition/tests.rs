//! Expected truths and messages are HAProxy 2.8.25's, but for the version.

use super::{evaluate, evaluate_command_line};
use crate::{Capabilities, Environment, SslLibrary};

fn environment() -> Environment {
    let mut environment = Environment::default();
    environment.set("HOME", "/root");
    environment
}

fn capabilities() -> Capabilities {
    let ssl =
        SslLibrary { name: "OpenSSL 3.0.15 3 Sep 2024".into(), version: "3.0.15".into(), awslc_api: None };
    Capabilities { ssl: Some(ssl), ..Capabilities::default() }
}

fn truth(text: &str) -> bool {
    evaluate(text, &environment(), &capabilities()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_holds() {
    for text in [
        "1",
        "01",
        "-1",
        "+1",
        "0x1",
        "2147483648",
        "99999999999999999999",
        "!!1",
        "(1)",
        "((1))",
        "( 1 )",
        "1&&1",
        "1 && 1",
        "1 || 0",
        "1 || 0 && 0",
        "0 && 0 || 1",
        "defined(HOME)",
        "defined(HOME) && 1",
        "streq(a,a)",
        "streq(,)",
        "streq(\"a b\",a b)",
        "streq('a',a)",
        "streq(\"a\" ,\"a \")",
        "streq(a\\ b,'a b')",
        "strneq(a,b)",
        "strstr(abc,b)",
        "strstr(abc,)",
        "strstr(,)",
        "version_atleast(3.4)",
        "version_atleast(2.4-dev19)",
        "version_atleast()",
        "version_atleast(x)",
        "version_before(3.5)",
        "version_before(3.4.1)",
        "enabled(EPOLL)",
        "feature(EPOLL)",
        "openssl_version_atleast(1.1.1)",
        "openssl_version_atleast(1.1.1a)",
        "openssl_version_atleast(3.0.0-alpha1)",
        "openssl_version_atleast(3.0.15)",
        "openssl_version_before(3.0.16)",
        "ssllib_name_startswith(OpenSSL) && openssl_version_atleast(1.1.1)",
        "ssllib_name_startswith()",
        "streq(a,a) && (streq(b,c) || !0)",
    ] {
        assert!(truth(text), "{text}");
        assert!(!truth(&format!("!({text})")), "{text}");
    }
}

#[test]
fn what_does_not_hold() {
    for text in [
        "",
        "0",
        "00",
        "!1",
        "! 1",
        "!(1)",
        "1&&0",
        "0||0",
        "(1 || 0) && 0",
        "defined",
        "defined()",
        "defined( HOME)",
        "defined(a b)",
        "streq(a,b)",
        "streq(a,)",
        "streq(0, 0)",
        "version_before(3.4)",
        "version_before(x)",
        "version_before(2.8-dev1)",
        "version_atleast(3.4.1)",
        "version_atleast(3.4.0-1)",
        "enabled(epoll)",
        "enabled(KQUEUE)",
        "enabled()",
        "feature(epoll)",
        "feature(EPOL)",
        "feature(+EPOLL)",
        "feature()",
        "openssl_version_atleast(3.0.16)",
        "openssl_version_before(3.0.15)",
        "ssllib_name_startswith(x)",
        "awslc_api_atleast(1)",
    ] {
        assert!(!truth(text), "{text}");
    }
}

#[test]
fn faults_and_their_places() {
    let missing = |predicate: &str| {
        format!(
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate '{predicate}' used in conditional expression"
        )
    };
    let unclosed = |before: &str, predicate: &str| {
        format!(
            "expected ')'{before} in argument 1 of predicate '{predicate}' used in conditional expression"
        )
    };
    let unparsable = |text: &str| format!("unparsable conditional expression '{text}'");
    let end = |character: char, text: &str| {
        format!("unexpected character '{character}' at the end of conditional expression '{text}'")
    };
    for (text, message, position) in [
        ("foo", unparsable("foo"), 1),
        ("foo(a)", unparsable("foo(a)"), 1),
        ("!foo", unparsable("!foo"), 1),
        ("!(foo)", unparsable("foo)"), 3),
        ("(foo)", unparsable("foo)"), 2),
        ("()", unparsable(")"), 2),
        ("!", unparsable("!"), 1),
        ("!!", unparsable("!!"), 1),
        ("-", unparsable("-"), 1),
        ("1 &&", unparsable("&&"), 3),
        ("&& 1", unparsable("&& 1"), 1),
        ("1||", unparsable("1||"), 2),
        ("1||)", unparsable(")"), 4),
        ("1 || foo", unparsable("foo"), 6),
        ("0 && foo", unparsable("foo"), 6),
        ("0 && (", unparsable("("), 6),
        ("1 &&& 1", unparsable("& 1"), 5),
        ("1 && && 1", unparsable("&& 1"), 6),
        ("(1", "expected ')' after conditional expression '(1'".into(), 1),
        ("(0 && 1", "expected ')' after conditional expression '(0 && 1'".into(), 1),
        ("1 1", end('1', "1 1"), 3),
        ("1)", end(')', "1)"), 2),
        ("1a", end('a', "1a"), 2),
        ("1 & 1", end('&', "1 & 1"), 3),
        ("(1) (1)", end('(', "(1) (1)"), 5),
        ("streq(a,a)x", end('x', "streq(a,a)x"), 11),
        ("defined (HOME)", end('(', "defined (HOME)"), 9),
        ("0 || 0 foo", end('f', "0 || 0 foo"), 8),
        ("streq", missing("streq"), 6),
        ("streq()", missing("streq"), 7),
        ("streq(a", missing("streq"), 8),
        ("streq(a)", missing("streq"), 8),
        ("streq((a),b)", missing("streq"), 9),
        ("streq(\"a,x)", missing("streq"), 12),
        ("strstr(a)", missing("strstr"), 9),
        ("defined(", unclosed("", "defined"), 9),
        ("defined('a)", unclosed("", "defined"), 12),
        ("streq(a,b", unclosed("", "streq"), 10),
        ("defined(,)", unclosed(" before ',)'", "defined"), 9),
        ("streq(a,b,c)", unclosed(" before ',c)'", "streq"), 10),
        (
            "streq(a,b\\",
            "failed to parse '\\' after 'b' as type 'string' at position 2 in argument 1 of predicate 'streq' used in \
             conditional expression"
                .into(),
            10,
        ),
        (
            "openssl_version_atleast(x)",
            "invalid argument to conditional expression predicate 'openssl_version_atleast': 'x'".into(),
            27,
        ),
    ] {
        let error = evaluate(text, &environment(), &capabilities()).expect_err(text);
        assert_eq!((error.to_string(), error.position), (message, position), "{text}");
    }
}

#[test]
fn nesting_has_an_end() {
    let deep = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(truth(&deep(100)));
    assert!(evaluate(&deep(100_000), &environment(), &capabilities()).is_err());
}

#[test]
fn the_command_line_cuts_words_first() {
    let ask = |text: &str| {
        evaluate_command_line(text, &environment(), &capabilities()).map_err(|error| error.to_string())
    };
    assert_eq!(ask("streq(\"$HOME\",/root)"), Ok(true));
    assert_eq!(ask(""), Ok(false));
    for (text, message) in [
        ("\"", "Syntax Error in condition: Unmatched quote."),
        ("\\xz", "Syntax Error in condition: Truncated or invalid hexadecimal sequence."),
        ("foo", "Failed to evaluate condition: unparsable conditional expression 'foo'"),
        ("#1", "Failed to evaluate condition: unparsable conditional expression '#1'"),
        (
            "1 x",
            "Failed to evaluate condition: unexpected character 'x' at the end of conditional expression '1 x'",
        ),
    ] {
        assert_eq!(ask(text), Err(message.to_owned()), "{text}");
    }
}
