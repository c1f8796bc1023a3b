//! One exchange with a responder (RFC 6960 appendix A).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_check::answer::{Reading, read};
use weir_tls::ocsp;

/// A responder that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// More is no OCSP response.
const LARGEST: usize = 64 << 10;

/// From this length on a request is a body (RFC 6960 appendix A.1).
const IN_TARGET: usize = 255;

pub enum Fault {
    Http,
    /// The answer says that it is something else.
    NotOcsp,
}

struct Uri<'u> {
    authority: &'u str,
}

impl<'u> Uri<'u> {
    /// Plain HTTP alone: a response is signed, and responders serve it so.
    fn parse(uri: &'u str) -> Option<Self> {
        let rest = uri.strip_prefix("http://")?;
        let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
        let plain = rest.bytes().all(|byte| byte.is_ascii_graphic());
        (!authority.is_empty() && plain).then_some(Self { authority })
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let with_port = match self.authority.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => self.authority.to_owned(),
            _ => format!("{}:80", self.authority),
        };
        TcpStream::connect(with_port).await
    }
}

/// A request in base64 as it stands in a target.
fn in_target(id: &[u8]) -> String {
    let text = openssl::base64::encode_block(&ocsp::request(id));
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Method and target of the request.
pub fn request_line(uri: &str, id: &[u8]) -> String {
    let encoded = in_target(id);
    match uri.len() + 1 + encoded.len() < IN_TARGET {
        true => format!("GET {}/{encoded}", uri.trim_end_matches('/')),
        false => format!("POST {uri}"),
    }
}

/// Asks for the response about one certificate.
pub async fn response(uri: &str, id: &[u8], proxy: Option<SocketAddr>) -> Result<Vec<u8>, Fault> {
    let target = Uri::parse(uri).ok_or(Fault::Http)?;
    let exchange = async {
        let mut stream = match proxy {
            Some(proxy) => TcpStream::connect(proxy).await?,
            None => target.connect().await?,
        };
        stream.write_all(&message(uri, &target, id, proxy.is_some())).await?;
        answer(&mut stream).await
    };
    let answer = tokio::time::timeout(TIMEOUT, exchange).await;
    let (status, kind, body) = answer.ok().and_then(Result::ok).ok_or(Fault::Http)?;
    match kind.as_deref() {
        _ if status != 200 => Err(Fault::Http),
        Some(b"application/ocsp-response") => Ok(body),
        _ => Err(Fault::NotOcsp),
    }
}

fn message(uri: &str, target: &Uri<'_>, id: &[u8], absolute: bool) -> Vec<u8> {
    let line = request_line(uri, id);
    let (method, whole) = line.split_once(' ').unwrap_or_default();
    let whole = match absolute {
        true => whole,
        false => &whole["http://".len() + target.authority.len()..],
    };
    let whole = if whole.is_empty() { "/" } else { whole };
    let mut message = format!(
        "{method} {whole} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\nuser-agent: HAProxy\r\nconnection: close\r\n",
        target.authority
    )
    .into_bytes();
    if method == "POST" {
        let body = ocsp::request(id);
        let fields =
            format!("content-type: application/ocsp-request\r\ncontent-length: {}\r\n\r\n", body.len());
        message.extend_from_slice(fields.as_bytes());
        message.extend_from_slice(&body);
    } else {
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// Status, type and body.
type Answered = (u16, Option<Vec<u8>>, Vec<u8>);

async fn answer(stream: &mut TcpStream) -> io::Result<Answered> {
    let mut bytes = Vec::new();
    loop {
        let closed = stream.read_buf(&mut bytes).await? == 0;
        match read(&bytes, closed, "GET") {
            Reading::Head(answer) if answer.complete => {
                let kind = answer.response.headers.find(b"content-type").map(<[u8]>::to_vec);
                return Ok((answer.status, kind, answer.body));
            }
            Reading::Head(_) | Reading::More if !closed && bytes.len() < LARGEST => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_requests_in_the_target_long_ones_behind() {
        let uri = "http://127.0.0.1:80/ocsp";
        assert!(request_line(uri, &[0x30; 79]).starts_with("GET http://127.0.0.1:80/ocsp/MF"));
        let long = format!("http://127.0.0.1/{}", "x".repeat(200));
        assert_eq!(request_line(&long, &[0x30; 79]), format!("POST {long}"));
    }

    #[test]
    fn targets_are_relative_but_through_a_proxy() {
        let head = |uri: &str, absolute| {
            let target = Uri::parse(uri).expect("plain HTTP");
            let message = message(uri, &target, &[0x30; 10], absolute);
            String::from_utf8(message).unwrap().lines().next().unwrap().to_owned()
        };
        let request = in_target(&[0x30; 10]);
        assert_eq!(head("http://a.test/o/", false), format!("GET /o/{request} HTTP/1.1"));
        assert_eq!(head("http://a.test", false), format!("GET /{request} HTTP/1.1"));
        assert_eq!(
            head("http://a.test:8080/o", true),
            format!("GET http://a.test:8080/o/{request} HTTP/1.1")
        );
        assert!(Uri::parse("https://a.test/").is_none());
        assert!(Uri::parse("http:///x").is_none());
    }
}
