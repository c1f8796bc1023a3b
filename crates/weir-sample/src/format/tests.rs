// Expected values: what HAProxy 2.8 wrote for the same request and the same format.

use std::net::SocketAddr;

use weir_http::{Limits, Request, parse_request};
use weir_types::Span;

use super::*;
use crate::expr::ParseContext;
use crate::pattern::{NoFiles, References};
use crate::stream::{Stream, Timers};
use crate::value::OwnedValue;
use crate::variable::Variable;

struct Served {
    request: Request,
}

impl Served {
    fn new(head: &[u8]) -> Served {
        let mut request = Request::new();
        parse_request(head, &Limits::default(), &mut request).expect("a well-formed request");
        Served { request }
    }
}

impl Stream for Served {
    fn source(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], 50_698).into())
    }

    fn destination(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], 26_020).into())
    }

    fn request(&self) -> Option<&Request> {
        Some(&self.request)
    }

    fn status(&self) -> u16 {
        200
    }

    fn request_capture_slots(&self) -> usize {
        2
    }

    fn request_capture(&self, slot: usize) -> Option<&[u8]> {
        self.request.headers.find([&b"user-agent"[..], b"x-y"][slot])
    }

    fn response_capture_slots(&self) -> usize {
        1
    }

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        Some(match &*variable.name {
            "s" => OwnedValue::Str(b"a\"b]c\\d#e|f g".to_vec().into()),
            "b" => OwnedValue::Bin(b"\x00\xff\x41".to_vec().into()),
            "i" => OwnedValue::Int(-5),
            "raw" => OwnedValue::Bin(b"\x01AB\x80\xff\x7f]\\\"#".to_vec().into()),
            _ => return None,
        })
    }

    fn frontend_name(&self) -> Option<&str> {
        Some("fe")
    }

    fn backend_name(&self) -> Option<&str> {
        Some("be")
    }

    fn termination(&self) -> [u8; 4] {
        *b"LR--"
    }

    fn logged_bytes(&self) -> u64 {
        112
    }

    fn timers(&self) -> Timers {
        Timers { idle: 0, request: 0, active: 0, total: 0, user: 0, ..Timers::NONE }
    }

    fn accept_time(&self) -> i64 {
        1_795_394_166_535_000
    }

    fn log_connections(&self) -> [i64; 4] {
        [1, 1, 0, 0]
    }
}

const REQUEST: &[u8] =
    b"GET /a%20b?x=1&y=\"q\" HTTP/1.1\r\nHost: h\r\nUser-Agent: cu\"rl {x|y}\r\nX-Y: \xc3\xa9#\r\n\r\n";

fn written(text: &str, mode: FormatMode, head: &[u8]) -> String {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let format = Format::<Named>::parse(text, mode, &cx).expect("a well-formed format");
    let format = format.resolve(&mut crate::acl::NoNames).expect("no names in it");
    let mut out = Vec::new();
    format.write(&Served::new(head), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[track_caller]
fn logs(text: &str, expected: &str) {
    assert_eq!(written(text, FormatMode::Log, REQUEST), expected, "{text}");
}

#[test]
fn request_aliases_are_escaped() {
    logs(
        "%HM|%HP|%HPO|%HQ|%HU|%HV|%r|%ST|%B",
        "GET|/a%20b|/a%20b|?x=1&y=#22q#22|/a%20b?x=1&y=#22q#22|HTTP/1.1|GET /a%20b?x=1&y=#22q#22 HTTP/1.1|200|112",
    );
    logs("%{+Q}HM|%{+Q}HQ|%{+Q}ST|%{+Q}B", "\"GET\"|\"?x=1&y=#22q#22\"|200|112");
    logs("%{+E}HU|%{+Q,+E}r", "/a%20b?x=1&y=#22q#22|\"GET /a%20b?x=1&y=#22q#22 HTTP/1.1\"");
    let odd = b"GET /a]b\\c?d HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(written("%HU|%{+E}HU", FormatMode::Log, odd), "/a]b\\c?d|/a\\]b\\\\c?d");
}

#[test]
fn captures_in_both_styles() {
    logs("%hr|%hs|%hrl|%hsl", "{cu#22rl #7Bx#7Cy#7D|#C3#A9#23}|{}|cu#22rl #7Bx#7Cy#7D #C3#A9#23|-");
    logs(
        "%{+Q}hr|%{+Q}hs|%{+Q}hrl|%{+Q}hsl",
        "\"{cu#22rl #7Bx#7Cy#7D|#C3#A9#23}\"|\"{}\"|\"cu#22rl #7Bx#7Cy#7D\" \"#C3#A9#23\"|\"\"",
    );
    logs("%{+E}hr", "{cu#22rl #7Bx#7Cy#7D|#C3#A9#23}");
}

#[test]
fn names_addresses_and_what_is_missing() {
    logs(
        "%ci:%cp|%fi:%fp|%f|%ft|%b|%s|%bi:%bp|%si:%sp",
        "127.0.0.1:50698|127.0.0.1:26020|fe|fe|be|<NOSRV>|-:-|-:-",
    );
    logs(
        "%{+Q}ci %{+Q}cp %{+Q}ft %{+Q}s %{+Q}bi %{+Q}bp",
        "\"127.0.0.1\" 50698 \"fe\" \"<NOSRV>\" \"\" \"\"",
    );
    logs("%{+X}ci %{+X}cp %{+X}fp %{+X}Ts %{+X}rt %{+X}ST", "7F000001 C60A 65A4 6B038A76 0000 200");
    logs("%ts|%tsc|%{+Q}ts|%rc|%ac/%fc/%bc/%sc/%sq/%bq|%sslc|%{+Q}sslv", "LR|LR--|LR|0|1/1/0/0/0/0|-|\"\"");
    logs("%CC|%{+Q}CS", "-|\"\"");
    logs("%Th/%Ti/%TR/%Tq/%Tw/%Tc/%Tr/%Td/%Ta/%Tt/%Tu", "0/0/0/0/-1/-1/-1/-1/0/0/0");
}

#[test]
fn dates() {
    logs(
        "%t|%T|%Tl|%tr|%trg|%trl|%Ts|%ms",
        "23/Nov/2026:00:36:06.535|23/Nov/2026:00:36:06 +0000|23/Nov/2026:00:36:06 +0000|23/Nov/2026:00:36:06.535|\
         23/Nov/2026:00:36:06 +0000|23/Nov/2026:00:36:06 +0000|1795394166|535",
    );
}

#[test]
fn expressions() {
    logs("%[var(txn.s)]|%{+Q}[var(txn.s)]", "a\"b]c\\d#e|f g|\"a\"b]c\\d#e|f g\"");
    logs("%{+E}[var(txn.s)]|%{+Q,+E}[var(txn.s)]", "a\\\"b\\]c\\\\d#e|f g|\"a\\\"b\\]c\\\\d#e|f g\"");
    logs("%[var(txn.b)]|%[var(txn.i)]|%{+Q}[var(txn.i)]|%{+X}[var(txn.i)]|%[bool(1)]", "-|-5|\"-5\"|-5|1");
    logs("%[var(txn.no)]|%{+Q}[var(txn.no)]|%[str()]|%[var(txn.no),lower]", "-|\"\"|-|-");
    logs("%{+X}[src]|%{+Q}[src]", "127.0.0.1|\"127.0.0.1\"");
}

#[test]
fn spaces_are_merged_in_logs_only() {
    logs("a  b   %ci    c  ", "a b 127.0.0.1 c ");
    logs("  %{+Q}o %ST %HM  x", "200 \"GET\" x");
    logs("x %{+Q}o y  %{-Q}o  z %HM", "x y z GET");
    assert_eq!(written("  a  b %[src]  ", FormatMode::Http, REQUEST), "  a  b 127.0.0.1  ");
}

#[test]
fn header_values_escape_what_headers_forbid() {
    let text = "%[var(txn.raw)]|%[var(txn.no)]|%{+Q}[var(txn.no)]|%{+E}[var(txn.raw)]|%ci|%{+X}ci|%s|%bi";
    let expected =
        "%01AB\u{fffd}\u{fffd}%7F]\\\"#|||%01AB\u{fffd}\u{fffd}%7F\\]\\\\\\\"#|127.0.0.1|7F000001|<NOSRV>|";
    assert_eq!(written(text, FormatMode::Http, REQUEST), expected);
}

#[test]
fn variables_keep_bytes_and_unique_ids_merge_spaces() {
    let text = "%{+Q}[src]|%[var(txn.no)]|%{+Q}[var(txn.no)]|%ci  x|%{+Q}o %HM|%{+Q}[var(txn.s)]";
    let expected = "\"127.0.0.1\"||\"\"|127.0.0.1  x| \"GET\"|\"a\"b]c\\d#e|f g\"";
    assert_eq!(written(text, FormatMode::Tcp, REQUEST), expected);
    let text = "a  b %[var(txn.no)] %{+Q}[src] %HU %ci  ";
    let expected = "a b  127.0.0.1 /a%20b?x=1&y=#22q#22 127.0.0.1 ";
    assert_eq!(written(text, FormatMode::UniqueId, REQUEST), expected);
}

#[test]
fn errors_are_worded_as_haproxy() {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    for (text, expected) in [
        ("%[src", "missing ']' after 'src'"),
        ("%[nosuch]", "failed to parse sample expression <nosuch]> : unknown fetch method 'nosuch'"),
        ("%[src,nosuch]", "failed to parse sample expression <src,nosuch]> : unknown converter 'nosuch'"),
        ("%[nosuch] %ci", "failed to parse sample expression <nosuch] %ci> : unknown fetch method 'nosuch'"),
        ("%[src,lower ]", "expected ']' after 'src,lower', but found ' '"),
        ("%ci%", "truncated line after '%'"),
        ("%{+Q", "truncated line after '+Q'"),
        (
            "% ci",
            "unexpected variable name near ' ' at position 1 line : '% ci'. Maybe you want to write a single '%', \
             use the syntax '%%'",
        ),
    ] {
        let error = Format::<Named>::parse(text, FormatMode::Log, &cx).expect_err("a malformed format");
        assert_eq!(&*error.message, expected);
    }
}

#[test]
fn haproxys_own_formats_are_well_formed() {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    for text in [
        DEFAULT_LOG_TCP,
        DEFAULT_LOG_HTTP,
        TCP_LOG,
        TCP_CLF_LOG,
        HTTP_LOG,
        HTTPS_LOG,
        HTTP_CLF_LOG,
        ERROR_LOG,
    ] {
        assert!(Format::<Named>::parse(text, FormatMode::Log, &cx).is_ok(), "{text}");
    }
}
