//! HTTP messages and the HTTP/1 codec. Owns no socket: it takes bytes and returns messages, ranges and bytes.
//!
//! One message type serves every protocol version: [`Request`] and [`Response`] over one [`Headers`] block, whose
//! names are lower case from the moment they are parsed, so that rules see exactly what is forwarded.
//!
//! A message's life: [`parse_request`] or [`parse_response`] fills a message that the caller reuses; rules edit it;
//! [`write_request`] or [`write_response`] serialises it in one pass. The body is described by [`BodyKind`]; chunked
//! bodies are checked by [`ChunkedDecoder`]. What goes into `connection:` on either side is decided in
//! [`persistence`].

pub mod cache_control;
pub mod coding;
pub mod error;
pub mod error_page;
mod h1;
pub mod h2;
mod headers;
mod known;
mod limits;
pub mod list;
mod method;
pub mod normalize;
pub mod persistence;
mod reply;
mod request;
mod response;
mod status;
pub mod uri;
mod version;

pub use error::{ParseError, Reason};
pub use h1::chunk::{
    ChunkError, ChunkReason, ChunkedDecoder, LAST_CHUNK, Pass, Step, Then, begins_well, write_chunk,
    write_chunk_size,
};
pub use h1::request::parse_request;
pub use h1::response::parse_response;
pub use h1::write::{CaseAdjust, WriteOptions, write_request, write_response, write_trailers};
pub use headers::{Header, Headers, NoRoom};
pub use known::Known;
pub use limits::Limits;
pub use method::Method;
pub use persistence::{ConnectionOptions, Mode};
pub use reply::Reply;
pub use request::Request;
pub use response::Response;
pub use status::default_reason;
pub use version::Version;

/// Outcome of one call of a head parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The head is not complete: call again with the same bytes and more behind them.
    Partial,
    /// The head is complete and took `consumed` bytes of the input, empty lines before it included.
    Complete { consumed: usize },
    /// The input begins with the HTTP/2 connection preface (24 bytes); nothing was consumed.
    Http2Preface,
}

/// How the end of a message body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyKind {
    /// No body follows the head.
    #[default]
    None,
    /// Exactly this many bytes follow.
    Length(u64),
    /// The body is in chunks; see [`ChunkedDecoder`].
    Chunked,
    /// The body ends with the connection (responses only).
    UntilClose,
    /// What follows is no longer HTTP: CONNECT accepted, or 101.
    Tunnel,
}
