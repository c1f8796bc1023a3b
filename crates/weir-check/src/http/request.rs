//! The request of a check.

use weir_sample::{Format, Resolved};

/// `option httpchk` and `http-check send`.
#[derive(Clone, Debug)]
pub struct HttpSend {
    /// `OPTIONS` unless configured.
    pub method: Box<str>,
    pub uri: Uri,
    /// `HTTP/1.0` unless configured.
    pub version: Box<str>,
    pub headers: Vec<(Box<str>, Format<Resolved>)>,
    pub body: Option<Uri>,
}

/// A text as it stands or a format: `uri` and `uri-lf`, `body` and `body-lf`.
#[derive(Clone, Debug)]
pub enum Uri {
    Fixed(Box<str>),
    Format(Format<Resolved>),
}

impl Default for HttpSend {
    fn default() -> Self {
        Self {
            method: "OPTIONS".into(),
            uri: Uri::Fixed("/".into()),
            version: "HTTP/1.0".into(),
            headers: Vec::new(),
            body: None,
        }
    }
}

/// The value of `X-Haproxy-Server-State` (`http-check send-state`).
#[derive(Clone, Debug)]
pub struct ServerStateHeader<'a> {
    /// `UP`, `UP 1/3`, `DOWN 1/2`, `NOLB`... as in the statistics.
    pub state: &'a str,
    pub address: &'a str,
    pub port: u16,
    pub backend: &'a str,
    pub server: &'a str,
    pub node: &'a str,
    pub weight: u32,
    pub total_weight: u32,
    pub server_sessions: u32,
    pub backend_sessions: u32,
    pub queued: u32,
}

impl ServerStateHeader<'_> {
    pub fn value(&self) -> String {
        format!(
            "{}; address={}; port={}; name={}/{}; node={}; weight={}/{}; scur={}/{}; qcur={}",
            self.state,
            self.address,
            self.port,
            self.backend,
            self.server,
            self.node,
            self.weight,
            self.total_weight,
            self.server_sessions,
            self.backend_sessions,
            self.queued
        )
    }
}

impl HttpSend {
    /// The bytes to send. `state`: the value for `http-check send-state`.
    pub(crate) fn bytes(&self, state: Option<&str>, write: &dyn Fn(&Format<Resolved>) -> Vec<u8>) -> Vec<u8> {
        let text = |text: &Uri| match text {
            Uri::Fixed(text) => text.as_bytes().to_vec(),
            Uri::Format(format) => write(format),
        };
        let body = self.body.as_ref().map(text).unwrap_or_default();
        let headers: Vec<(String, Vec<u8>)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), write(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let host = headers.iter().find(|(name, _)| name == "host").map(|(_, value)| &value[..]);
        let target = with_host(text(&self.uri), host);
        let mut out =
            [self.method.as_bytes(), b" ", &target, b" ", self.version.as_bytes(), b"\r\n"].concat();
        let mut line = |name: &str, value: &[u8]| {
            out.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        let connection = headers.iter().find(|(name, _)| name == "connection").map(|(_, value)| &value[..]);
        let persists = connection.is_some_and(|value| value.eq_ignore_ascii_case(b"keep-alive"));
        let closes = connection.is_none_or(|value| value.eq_ignore_ascii_case(b"close"));
        for (name, value) in &headers {
            // The length is the check's own business, and what `connection` says of persistence stands last.
            let left_out = match &**name {
                "content-length" | "transfer-encoding" => true,
                "connection" => persists || closes,
                _ => false,
            };
            if !left_out {
                line(name, value);
            }
        }
        if let Some(state) = state {
            line("x-haproxy-server-state", state.as_bytes());
        }
        let without_body = ["GET", "HEAD", "DELETE", "OPTIONS"].contains(&&*self.method);
        if !body.is_empty() || !without_body {
            line("content-length", body.len().to_string().as_bytes());
        }
        match self.version.eq_ignore_ascii_case("HTTP/1.1") {
            true if closes => line("connection", b"close"),
            false if persists => line("connection", b"keep-alive"),
            _ => {}
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&body);
        out
    }
}

/// The `host` header names the authority of an absolute target too.
fn with_host(target: Vec<u8>, host: Option<&[u8]>) -> Vec<u8> {
    let Some(host) = host else { return target };
    let scheme = target.windows(3).position(|text| text == b"://");
    let Some(start) = scheme.filter(|_| !target.starts_with(b"/")).map(|at| at + 3) else { return target };
    let end = target[start..].iter().position(|byte| *byte == b'/').map_or(target.len(), |at| start + at);
    [&target[..start], host, &target[end..]].concat()
}
