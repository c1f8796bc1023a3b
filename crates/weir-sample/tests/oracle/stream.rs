//! A stream as the recorder's configuration made it: frontend `fe` on port 9701, backend `be` with server `s1`.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;

use weir_http::{BodyKind, Limits, Request, parse_request};
use weir_sample::acl::{Acl, predefined};
use weir_sample::stream::{BackendFigure, Body, ServerFigure, Side, TimeoutName};
use weir_sample::{Missing, OwnedValue, Resolve, Resolved, Scope, Stream, Variable, Variables};
use weir_types::{ProxyId, ServerId, TableId};

#[derive(Default)]
pub struct Recorded {
    pub request: Option<Request>,
    pub body: Vec<u8>,
    pub variables: RefCell<Variables>,
}

/// What a request's bytes became.
pub enum Parsed {
    Stream(Box<Recorded>),
    /// Refused before the rules.
    BadRequest,
}

/// Reads one line of `requests.tsv`; `x_n` is the value of the header that the recorder appended.
pub fn parse(line: &str, x_n: &str) -> Parsed {
    let (head, body) = line.split_once("BODY:").unwrap_or((line, ""));
    let head = format!("{}X-N: {x_n}\r\n\r\n", head.replace("\\r\\n", "\r\n"));
    let body = body.replace("\\r\\n", "\r\n");
    let mut request = Request::new();
    match parse_request(head.as_bytes(), &Limits::default(), &mut request) {
        Ok(weir_http::Status::Complete { .. }) => {}
        _ => return Parsed::BadRequest,
    }
    let body = match request.body {
        BodyKind::Chunked => unchunk(&body),
        _ => body.into_bytes(),
    };
    Parsed::Stream(Box::new(Recorded { request: Some(request), body, ..Recorded::default() }))
}

fn unchunk(mut text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk size");
        body.extend_from_slice(&rest.as_bytes()[..size]);
        text = rest[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    body
}

impl Stream for Recorded {
    fn source(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], 40_000).into())
    }

    fn destination(&self) -> Option<SocketAddr> {
        Some(([127, 0, 0, 1], 9701).into())
    }

    fn http_major(&self, side: Side) -> Option<i64> {
        (side == Side::Client).then_some(1)
    }

    fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    fn request_body(&self) -> Option<Body<'_>> {
        let announced = match self.request.as_ref()?.body {
            BodyKind::Length(length) => Some(length),
            _ => None,
        };
        Some(Body { data: &self.body, complete: true, announced })
    }

    fn request_capture_slots(&self) -> usize {
        1
    }

    fn request_capture(&self, slot: usize) -> Option<&[u8]> {
        if slot > 0 {
            return None;
        }
        self.request.as_ref()?.headers.find(b"host")
    }

    fn authenticates(&self, _userlist: u32, user: &[u8], password: &[u8]) -> bool {
        matches!((user, password), (b"bob", b"secret") | (b"eve", b"x"))
    }

    fn user_in_group(&self, _userlist: u32, user: &[u8], group: &str) -> bool {
        user == b"bob" && group == "admins"
    }

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        match (variable.scope, &*variable.name) {
            (Scope::Transaction, "sv") => Some(OwnedValue::Str(b"abc".to_vec().into())),
            (Scope::Transaction, "nv") => Some(OwnedValue::Int(12)),
            _ => self.variables.borrow().find(&variable.name).cloned(),
        }
    }

    fn set_variable(&self, variable: &Variable, value: OwnedValue) -> bool {
        self.variables.borrow_mut().set(&variable.name, value);
        true
    }

    fn unset_variable(&self, variable: &Variable) {
        self.variables.borrow_mut().unset(&variable.name);
    }

    fn frontend_name(&self) -> Option<&str> {
        Some("fe")
    }

    fn frontend_id(&self) -> Option<i64> {
        Some(2)
    }

    fn default_backend_name(&self) -> Option<&str> {
        Some("be")
    }

    fn listener_id(&self) -> Option<i64> {
        Some(1)
    }

    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        (name == b"be").then_some(ProxyId(1))
    }

    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        (name == b"fe").then_some(ProxyId(0))
    }

    fn find_server(&self, name: &[u8]) -> Option<ServerId> {
        (name == b"be/s1").then_some(ServerId(0))
    }

    fn backend_figure(&self, _proxy: ProxyId, figure: BackendFigure) -> i64 {
        match figure {
            BackendFigure::UsableServers => 1,
            BackendFigure::Slots | BackendFigure::FreeConnections => -1,
            _ => 0,
        }
    }

    fn server_figure(&self, _server: ServerId, figure: ServerFigure) -> i64 {
        match figure {
            ServerFigure::IsUp | ServerFigure::Weight => 1,
            _ => 0,
        }
    }

    fn timeout(&self, name: TimeoutName) -> Option<i64> {
        (name == TimeoutName::FrontendClient).then_some(20_000)
    }

    fn hostname(&self) -> &str {
        // The recorder's name had two letters.
        "vm"
    }

    fn unique_id(&self) -> Option<String> {
        // `unique-id-format` was not recorded, only that it gave twelve characters.
        Some("0123456789ab".into())
    }
}

/// Resolves the recorder's names.
pub struct Names;

impl Resolve for Names {
    fn frontend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Ok(ProxyId(0))
    }

    fn backend(&mut self, name: &str) -> Result<ProxyId, Missing> {
        if name == "be" { Ok(ProxyId(1)) } else { Err(Missing::Unknown) }
    }

    fn server(&mut self, _: &str) -> Result<ServerId, Missing> {
        Ok(ServerId(0))
    }

    fn table(&mut self, _: &str) -> Result<TableId, Missing> {
        Err(Missing::Unknown)
    }

    fn userlist(&mut self, _: &str) -> Result<u32, Missing> {
        Ok(0)
    }

    fn acl(&mut self, name: &str) -> Result<Arc<Acl<Resolved>>, Missing> {
        predefined(name).ok_or(Missing::Unknown)
    }

    fn proxy_name(&self) -> &str {
        "fe"
    }
}
