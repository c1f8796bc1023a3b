//! The HTTP/2 codec (RFC 9113), both sides, without sockets.
//!
//! Why not the crate `h2`: a proxy has to answer each malformed frame and message with the reset, the GOAWAY or the
//! status that HAProxy answers, to count glitches, to bound what one connection may hold over all its streams, and to
//! pass interim responses, trailers and extended CONNECT both ways; that crate decides most of these by itself and
//! offers one task's view of a connection where the engine has a task per stream.
//!
//! A [`Connection`] is fed received bytes and collects bytes to send. What a stream carries is seen from outside as one
//! HTTP/1 message: a request comes as the same checked [`crate::Request`] as from HTTP/1, bodies in the framing that
//! their head announces (chunks where no length was announced), and what is written to a stream is an HTTP/1 message
//! again, from which frames are made. So everything behind it works for every version alike.

mod connection;
mod credit;
mod fields;
mod frame;
pub mod hpack;
mod outgoing;
mod receive;
mod request;
mod response;
mod send;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod websocket;

pub use connection::{Config, Connection, Role};
pub use frame::{ErrorCode, PREFACE};
pub use request::Opened;
pub use send::Closing;
pub use websocket::websocket_accept;
