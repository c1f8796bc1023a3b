//! What `connection:` says on either side, and whether a connection outlives its message.
//!
//! `close` and `keep-alive` concern one hop: the parser takes them out of the received header and remembers them in
//! [`ConnectionOptions`]; the writer adds what this hop needs. Other options stay where they were. Manual 4, "option
//! http-keep-alive", "option http-server-close", "option httpclose"; RFC 9112 section 9.

use crate::{BodyKind, Request, Response, Version};

/// Options found in the received `connection` header lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    pub close: bool,
    pub keep_alive: bool,
    /// `upgrade` is named and an `upgrade` header is left in the message.
    pub upgrade: bool,
}

/// Connection mode of a proxy; the strongest option set in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// `option http-keep-alive`, the default.
    #[default]
    KeepAlive,
    /// `option http-server-close`.
    ServerClose,
    /// `option httpclose`.
    Close,
}

/// The line that the writer appends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Announce {
    #[default]
    Nothing,
    /// `connection: close`
    Close,
    /// `connection: keep-alive`
    KeepAlive,
}

/// Whether one side's connection may carry another message, and what its peer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    pub persistent: bool,
    pub announce: Announce,
}

/// What the server is told with `request`. The frontend's `httpclose` concerns the client alone; its
/// `http-server-close` and any closing mode of the backend concern the server.
pub fn towards_server(
    request: &Request,
    frontend: Mode,
    backend: Mode,
    pretend_keepalive: bool,
) -> Persistence {
    let persistent = frontend != Mode::ServerClose && backend == Mode::KeepAlive;
    let said = persistent || pretend_keepalive;
    let announce = if request.connection.upgrade {
        Announce::Nothing
    } else if request.version() >= Version::HTTP_11 {
        if said { Announce::Nothing } else { Announce::Close }
    } else if said && (pretend_keepalive || request.body != BodyKind::Chunked) {
        Announce::KeepAlive
    } else {
        Announce::Nothing
    };
    Persistence { persistent, announce }
}

/// What the client is told with the final `response` to `request`, and whether its connection stays. `must_close`
/// stands for what the messages do not tell: an answer sent before the request body was read, a soft stop.
pub fn towards_client(
    request: &Request,
    response: &Response,
    frontend: Mode,
    must_close: bool,
) -> Persistence {
    let allowed = frontend != Mode::Close && !must_close;
    let persistent = allowed && request_persists(request) && response_persists(response);
    Persistence { persistent, announce: client_announce(request, response, persistent) }
}

/// True if the server connection that gave `response` may be used again, as far as the messages tell.
pub fn server_connection_reusable(response: &Response) -> bool {
    let asked = match response.version() >= Version::HTTP_11 {
        true => !response.connection.close,
        false => response.connection.keep_alive && !response.connection.close,
    };
    asked && !response.insecure_framing && response_persists(response)
}

fn request_persists(request: &Request) -> bool {
    let options = request.connection;
    let asked = if request.version() >= Version::HTTP_11 {
        !options.close
    } else {
        options.keep_alive && !options.close && request.body != BodyKind::Chunked
    };
    asked && !request.insecure_framing
}

/// A body that ends with the connection, or chunks from a server that knows none, end the client's connection too.
fn response_persists(response: &Response) -> bool {
    let unknown_chunks = response.body == BodyKind::Chunked && response.version() < Version::HTTP_11;
    !unknown_chunks && !matches!(response.body, BodyKind::UntilClose | BodyKind::Tunnel)
}

fn client_announce(request: &Request, response: &Response, persistent: bool) -> Announce {
    if response.is_interim() || response.connection.upgrade || response.body == BodyKind::Tunnel {
        return Announce::Nothing;
    }
    match (persistent, response.version() >= Version::HTTP_11) {
        (false, true) => Announce::Close,
        (false, false) => Announce::Nothing,
        (true, true) if request.version() >= Version::HTTP_11 => Announce::Nothing,
        (true, _) => Announce::KeepAlive,
    }
}
