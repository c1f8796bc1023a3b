//! HAProxy's built-in messages, for proxies without `errorfile` (manual 1.4 and "errorfile").
//!
//! Text, header order and lengths are those that HAProxy 2.8 and 3.4 send; 414 and 431, which 2.8 does not have, are
//! worded after RFC 9110 and RFC 6585 in the same form.

use crate::Version;

/// One built-in message. Statuses 400 and 408 close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    pub status: u16,
    pub reason: &'static str,
    text: &'static str,
}

const fn page(status: u16, reason: &'static str, text: &'static str) -> ErrorPage {
    ErrorPage { status, reason, text }
}

/// Every built-in message, by status.
pub static PAGES: &[ErrorPage] = &[
    page(200, "OK", "Service ready."),
    page(400, "Bad request", "Your browser sent an invalid request."),
    page(401, "Unauthorized", "You need a valid user and password to access this content."),
    page(403, "Forbidden", "Request forbidden by administrative rules."),
    page(404, "Not Found", "The resource could not be found."),
    page(
        405,
        "Method Not Allowed",
        "A request was made of a resource using a request method not supported by that resource.",
    ),
    page(407, "Unauthorized", "You need a valid user and password to access this content."),
    page(408, "Request Time-out", "Your browser didn't send a complete request in time."),
    page(410, "Gone", "The resource is no longer available and will not be available again."),
    page(413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
    page(414, "URI Too Long", "The request target is too long."),
    page(421, "Misdirected Request", "Request sent to a non-authoritative server."),
    page(422, "Unprocessable Content", "The server cannot process the contained instructions."),
    page(425, "Too Early", "Your browser sent early data."),
    page(429, "Too Many Requests", "You have sent too many requests in a given amount of time."),
    page(431, "Request Header Fields Too Large", "The request header fields are too large."),
    page(500, "Internal Server Error", "An internal server error occurred."),
    page(
        501,
        "Not Implemented",
        "The server does not support the functionality required to fulfill the request.",
    ),
    page(502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    page(503, "Service Unavailable", "No server is available to handle this request."),
    page(504, "Gateway Time-out", "The server didn't respond in time."),
];

/// The built-in message of a status.
pub fn find(status: u16) -> Option<&'static ErrorPage> {
    PAGES.iter().find(|page| page.status == status)
}

impl ErrorPage {
    /// The connection is closed behind this message.
    pub fn closes(&self) -> bool {
        matches!(self.status, 400 | 408)
    }

    /// The HTML document, line feed included.
    pub fn body(&self) -> String {
        format!("<html><body><h1>{} {}</h1>\n{}\n</body></html>\n", self.status, self.reason, self.text)
    }

    /// The whole answer as HAProxy sends it before a request was understood: parse errors and their time-out.
    pub fn early_answer(&self) -> Vec<u8> {
        let body = self.body();
        let close = if self.closes() { "Connection: close\r\n" } else { "" };
        let (version, length) = (Version::HTTP_11, body.len());
        format!(
            "{version} {} {}\r\nContent-length: {length}\r\nCache-Control: no-cache\r\n{close}\
             Content-Type: text/html\r\n\r\n{body}",
            self.status, self.reason
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_answers_are_haproxys() {
        // Read from HAProxy 2.8 after `GET  HTTP/1.1`, and after a GET with a body in HTTP/1.0.
        let early = |status| String::from_utf8(find(status).expect("a page").early_answer()).expect("text");
        assert_eq!(
            early(400),
            "HTTP/1.1 400 Bad request\r\nContent-length: 90\r\nCache-Control: no-cache\r\nConnection: close\r\n\
             Content-Type: text/html\r\n\r\n<html><body><h1>400 Bad request</h1>\n\
             Your browser sent an invalid request.\n</body></html>\n"
        );
        assert_eq!(
            early(413),
            "HTTP/1.1 413 Payload Too Large\r\nContent-length: 106\r\nCache-Control: no-cache\r\n\
             Content-Type: text/html\r\n\r\n<html><body><h1>413 Payload Too Large</h1>\n\
             The request entity exceeds the maximum allowed.\n</body></html>\n"
        );
    }

    #[test]
    fn lengths_are_those_that_haproxy_announced() {
        for (status, length) in [
            (200, 58),
            (400, 90),
            (401, 112),
            (403, 93),
            (404, 83),
            (405, 147),
            (407, 112),
            (408, 110),
            (410, 114),
            (413, 106),
            (421, 104),
            (422, 116),
            (425, 80),
            (429, 117),
            (500, 97),
            (501, 135),
            (502, 107),
            (503, 107),
            (504, 92),
        ] {
            assert_eq!(find(status).expect("a page").body().len(), length, "{status}");
        }
    }
}
