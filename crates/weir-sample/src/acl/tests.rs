// Expected messages: HAProxy 2.8's answers to the same lines.

use weir_types::Span;

use super::*;
use crate::expr::ParseContext;
use crate::pattern::{Files, References};
use crate::phase::Phase;
use crate::stream::{NoStream, Stream};

struct OneFile;

impl Files for OneFile {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        (name == "users").then(|| b"root:x\nbin:y\n".to_vec())
    }
}

fn with_context<T>(run: impl FnOnce(&ParseContext<'_>) -> T) -> T {
    let references = References::default();
    run(&ParseContext::new(Span::default(), &OneFile, &references))
}

#[track_caller]
fn acl_error(line: &str, expected: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let error = with_context(|cx| Acl::parse(&words, cx).map(|_| ()).expect_err("a malformed ACL"));
    assert_eq!(&*error.message, expected, "{line}");
}

#[test]
fn errors_of_acls() {
    acl_error("x", "missing fetch method in ACL expression ''");
    acl_error("x nosuch y", "unknown fetch method 'nosuch' in ACL expression 'nosuch'");
    acl_error("x hdr(host", "ACL keyword 'hdr' : expected ')'");
    acl_error("x path,nosuch x", "ACL keyword 'path' : unknown converter 'nosuch'.");
    acl_error("x path) y", "ACL keyword 'path' : missing comma after fetch keyword..");
    acl_error(
        "x req.hdr(a,-20) x",
        "invalid args in fetch method 'req.hdr' : header occurrence must be >= -10 in ACL expression 'req.hdr(a,-20)'",
    );
    acl_error("x path -m foo x", "unknown matching method 'foo' when parsing ACL expression");
    acl_error("x path -m", "unknown matching method '' when parsing ACL expression");
    acl_error(
        "x path -x x",
        "'-x' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
    );
    acl_error("x path -f /nosuch", "failed to open pattern file </nosuch>");
    acl_error("x src -f users", "'root:x' is not a valid IPv4 or IPv6 address at line 1 of file 'users'");
    acl_error("x src 1.2.3.999", "'1.2.3.999' is not a valid IPv4 or IPv6 address");
    acl_error("x int(5) foo", "'foo' is not a number");
    acl_error("x int(5) gt foo", "'foo' is neither a number nor a supported operator");
    acl_error("x int(5) 10:1", "'10:1' is not a valid number range");
    acl_error("x req.body -m bin zz", "an hex digit is expected (found 'z')");
    acl_error("x req.body -m bin 0", "an even number of hex digit is expected");
    acl_error("x method -m int 1", "matching method 'int' cannot be used with fetch keyword 'method'");
    acl_error(
        "x bin(00) 1",
        "matching method must be specified first (using '-m') when using a sample fetch of this type ('bin')",
    );
    acl_error(
        "x path -f users -m beg x",
        "'-m' must only be specified before patterns and files in parsing ACL expression",
    );
}

#[test]
fn names_of_acls() {
    let message = |name| Acl::check_name(name).expect_err("a bad name").message;
    assert_eq!(&*message("a!b"), "character '!' is not permitted in acl name 'a!b'");
    let or =
        "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition";
    assert_eq!(&*message("or"), or);
    assert!(Acl::check_name("1x").is_ok());
}

#[test]
fn a_missing_pattern_is_a_warning() {
    for (line, warnings) in
        [("x path", 1), ("x path --", 0), ("x path -i", 0), ("x always_true", 0), ("x src", 1)]
    {
        let words: Vec<&str> = line.split(' ').collect();
        let count = with_context(|cx| {
            Acl::parse(&words, cx).expect("an ACL");
            cx.warnings.borrow().len()
        });
        assert_eq!(count, warnings, "{line}");
    }
}

/// Parses, resolves and evaluates a condition on a stream that shows nothing.
fn verdict(line: &str, stream: &dyn Stream) -> Result<Verdict, String> {
    let words: Vec<&str> = line.split(' ').collect();
    with_context(|cx| {
        let condition =
            Condition::<Named>::parse(&words, &mut 0, cx).map_err(|error| error.message.to_string())?;
        let condition = condition.resolve(&mut NoNames).map_err(|error| error.message.to_string())?;
        Ok(condition.eval(stream))
    })
}

#[test]
fn conditions() {
    for (line, expected) in [
        ("if { always_true }", Verdict::Pass),
        ("unless { always_true }", Verdict::Fail),
        ("if { always_true } { always_false }", Verdict::Fail),
        ("if { always_true } { always_false } or { always_true }", Verdict::Pass),
        ("if { always_false } || ! { always_false }", Verdict::Pass),
        ("if { always_false } OR !{ always_false }", Verdict::Pass),
        ("if !! { always_true }", Verdict::Pass),
        ("if { int(5) 1:10 }", Verdict::Pass),
        ("if { int(5) lt 5 }", Verdict::Fail),
        ("if { str(abc) -m sub b }", Verdict::Pass),
        ("if { str(ABC) -i abc }", Verdict::Pass),
        ("if { src -m found }", Verdict::Fail),
        ("if { src 10.0.0.0/8 }", Verdict::Fail),
    ] {
        assert_eq!(verdict(line, &NoStream), Ok(expected), "{line}");
    }
    assert_eq!(verdict("if nosuch", &NoStream), Err("no such ACL : 'nosuch'.".into()));
    assert_eq!(verdict("if { path /x", &NoStream), Err("missing closing '}' in condition".into()));
}

/// More data may come.
struct Waiting;

impl Stream for Waiting {
    fn finished(&self) -> bool {
        false
    }
}

#[test]
fn missing_data_matter_only_where_they_decide() {
    for (line, expected) in [
        ("if { req.ssl_sni -m found }", Verdict::Unknown),
        ("unless { req.ssl_sni -m found }", Verdict::Unknown),
        ("if { req.ssl_sni a } { always_false }", Verdict::Fail),
        ("if { req.ssl_sni a } || { always_true }", Verdict::Pass),
        ("if { req.ssl_sni a } { always_true }", Verdict::Unknown),
        ("if { wait_end }", Verdict::Unknown),
    ] {
        assert_eq!(verdict(line, &Waiting), Ok(expected), "{line}");
    }
    assert_eq!(verdict("if { req.ssl_sni -m found }", &NoStream), Ok(Verdict::Fail));
}

#[test]
fn acls_in_the_wrong_place() {
    let acl = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        with_context(|cx| Acl::parse(&words, cx).expect("an ACL"))
    };
    let phases = PhaseSet::of(&[Phase::FeHttpHeader]);
    let place = Phase::FeHttpHeader.as_str();
    assert_eq!(acl("x path /").incompatible(phases), None);
    let mut status = acl("x status 200");
    let message = status.incompatible(phases).expect("no response yet").message(None, place);
    let all = "acl 'x' will never match because it only involves keywords that are incompatible with 'frontend \
               http-request header rule'";
    assert_eq!(message, all);
    status.tests.extend(acl("x path /a").tests);
    let message = status.incompatible(phases).expect("no response yet").message(None, place);
    let some =
        "acl 'x' involves keywords 'status' which is incompatible with 'frontend http-request header rule'";
    assert_eq!(message, some);
}
