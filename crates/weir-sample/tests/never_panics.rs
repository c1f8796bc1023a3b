//! Whatever the configuration says and the client sends: an answer or an error, never a panic. Words are put together
//! from pieces of the grammar, so that many of them get past the parser and are evaluated too.

use std::net::SocketAddr;
use std::sync::Arc;

use proptest::prelude::*;
use weir_http::{Limits, Request, parse_request};
use weir_sample::acl::{Acl, predefined};
use weir_sample::stream::Body;
use weir_sample::{
    Condition, Expr, Format, FormatMode, Missing, Named, NoFiles, OwnedValue, ParseContext, References,
    Resolve, Resolved, Stream, Variable, convert, fetch,
};
use weir_types::{ProxyId, ServerId, Span, TableId};

#[derive(Debug)]
struct Anything {
    request: Option<Request>,
    bytes: Vec<u8>,
}

impl Stream for Anything {
    fn source(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], 1).into())
    }

    fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    fn request_bytes(&self) -> Option<&[u8]> {
        Some(&self.bytes)
    }

    fn request_body(&self) -> Option<Body<'_>> {
        Some(Body { data: &self.bytes, complete: true, announced: None })
    }

    fn variable(&self, _: &Variable) -> Option<OwnedValue> {
        Some(OwnedValue::Bin(self.bytes.clone().into()))
    }
}

struct AnyName;

impl Resolve for AnyName {
    fn frontend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Ok(ProxyId(0))
    }

    fn backend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Ok(ProxyId(0))
    }

    fn server(&mut self, _: &str) -> Result<ServerId, Missing> {
        Ok(ServerId(0))
    }

    fn table(&mut self, _: &str) -> Result<TableId, Missing> {
        Ok(TableId(0))
    }

    fn userlist(&mut self, _: &str) -> Result<u32, Missing> {
        Ok(0)
    }

    fn acl(&mut self, name: &str) -> Result<Arc<Acl<Resolved>>, Missing> {
        predefined(name).ok_or(Missing::Unknown)
    }

    fn proxy_name(&self) -> &str {
        "p"
    }
}

fn name(names: Vec<&'static str>) -> impl Strategy<Value = String> {
    proptest::sample::select(names).prop_map(str::to_owned)
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (-12i64..70).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        proptest::sample::select(vec![
            "txn.x", "a", "/", "\\.", "\"a,b\"", "'", "x*", "sha256", "$.a[1]", "%s%9N", "us", "é", "g",
            "1.2"
        ])
        .prop_map(str::to_owned),
    ]
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        5 => proptest::collection::vec(argument(), 0..4).prop_map(|list| format!("({})", list.join(","))),
        1 => Just("(".to_owned()),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let converter = (name(convert::names().collect()), arguments()).prop_map(|(name, args)| name + &args);
    (name(fetch::names().collect()), arguments(), proptest::collection::vec(converter, 0..3)).prop_map(
        |(fetch, args, converters)| {
            let mut text = fetch + &args;
            for converter in converters {
                text.push(',');
                text.push_str(&converter);
            }
            text
        },
    )
}

fn stream() -> impl Strategy<Value = Anything> {
    let line = "[ -~]{0,20}";
    (line, line, proptest::collection::vec(any::<u8>(), 0..80)).prop_map(|(target, value, bytes)| {
        let target: String = target.replace(' ', "");
        let head = format!("GET /{target} HTTP/1.1\r\nHost: h\r\nX: {value}\r\nCookie: {value}\r\n\r\n");
        let mut request = Request::new();
        let complete = matches!(
            parse_request(head.as_bytes(), &Limits::default(), &mut request),
            Ok(weir_http::Status::Complete { .. })
        );
        Anything { request: complete.then_some(request), bytes }
    })
}

fn with_context<T>(run: impl FnOnce(&ParseContext<'_>) -> T) -> T {
    let references = References::default();
    run(&ParseContext::new(Span::default(), &NoFiles, &references))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn expressions(text in expression(), stream in stream()) {
        let parsed = with_context(|cx| Expr::<Named>::parse(&[&text], &mut 0, cx));
        if let Ok(Ok(expr)) = parsed.map(|expr| expr.resolve(&mut AnyName)) {
            let _ = expr.eval(&stream);
            expr.scan(&stream, &mut |value| value.into_text().is_empty());
        }
    }

    #[test]
    fn conditions(text in expression(), pattern in argument(), flag in "(-i|-m (str|beg|reg|ip|int|len|bin)|--)?", stream in stream()) {
        let line = format!("if {{ {text} {flag} {pattern} }} || ! TRUE");
        let words: Vec<&str> = line.split(' ').collect();
        let parsed = with_context(|cx| Condition::<Named>::parse(&words, &mut 0, cx));
        if let Ok(Ok(condition)) = parsed.map(|condition| condition.resolve(&mut AnyName)) {
            condition.eval(&stream);
        }
    }

    #[test]
    fn formats(text in expression(), around in "[ %a-z{}+QXE()\\[\\]é]{0,12}", stream in stream()) {
        for text in [format!("{around}%[{text}] %{around}"), format!("%{{+Q,+E}}o %[{text}] %r%{around}")] {
            let parsed = with_context(|cx| Format::<Named>::parse(&text, FormatMode::Log, cx));
            if let Ok(Ok(format)) = parsed.map(|format| format.resolve(&mut AnyName)) {
                format.write(&stream, &mut Vec::new());
            }
        }
    }

    /// Whatever comes in, no more than a buffer comes out of any converter, however many follow each other.
    #[test]
    fn converters_stay_within_a_buffer(
        converters in proptest::collection::vec(
            (name(convert::names().collect()), arguments()).prop_map(|(name, args)| name + &args),
            1..4,
        ),
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            proptest::collection::vec(any::<u8>(), 6_000..16_384),
            (any::<u8>(), 0..16_384usize).prop_map(|(byte, count)| vec![byte; count]),
        ],
    ) {
        let text = format!("var(txn.x),{}", converters.join(","));
        let parsed = with_context(|cx| Expr::<Named>::parse(&[&text], &mut 0, cx));
        if let Ok(Ok(expr)) = parsed.map(|expr| expr.resolve(&mut AnyName)) {
            let stream = Anything { request: None, bytes };
            let length = expr.eval(&stream).value().map_or(0, |value| value.into_text().len());
            prop_assert!(length <= stream.buffer_bytes(), "{text}: {length} bytes");
        }
    }
}
