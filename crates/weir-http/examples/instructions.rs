//! Cost of the codec on a small exchange: parses and writes one GET and its answer N times. For
//! `valgrind --tool=callgrind`; the difference between two N, divided, is the cost of one exchange.

use std::hint::black_box;

use weir_http::persistence::{Mode, towards_client, towards_server};
use weir_http::{
    Limits, Request, Response, WriteOptions, parse_request, parse_response, write_request, write_response,
};

const SMALL: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const BROWSER: &[u8] = b"GET /assets/app.js?v=3 HTTP/1.1\r\nHost: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef\r\n\
    Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 01 Jan 2034 00:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_else(|| "small".into());
    let count: u32 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let limits = Limits::default();
    let (mut request, mut response, mut out) = (Request::new(), Response::new(), Vec::with_capacity(16384));
    let input = if which == "browser" { BROWSER } else { SMALL };
    for _ in 0..count {
        request.clear();
        out.clear();
        parse_request(black_box(input), &limits, &mut request).expect("a valid request");
        let told = towards_server(&request, Mode::KeepAlive, Mode::KeepAlive, false);
        write_request(
            &request,
            &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
            &mut out,
        );
        black_box(&out);
        if which == "request" {
            continue;
        }
        response.clear();
        out.clear();
        parse_response(black_box(ANSWER), &limits, &request, &mut response).expect("a valid response");
        let told = towards_client(&request, &response, Mode::KeepAlive, false);
        write_response(
            &response,
            &WriteOptions { announce: told.announce, case_adjust: None, ..Default::default() },
            &mut out,
        );
        black_box(&out);
    }
}
