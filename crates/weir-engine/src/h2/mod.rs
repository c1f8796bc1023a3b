//! HTTP/2 on sockets. The protocol itself is in [`weir_http::h2`]; here are the tasks.
//!
//! A connection is a [`Mux`]: the protocol's state, shared by one task that owns the socket and by the streams, each of
//! which holds an [`End`]. Towards the rest of the engine an end is a socket: what it carries is one HTTP/1 message each
//! way. A client's streams are tasks of their own ([`task`]), so that each has its timers, its wake-ups and its panics;
//! they write into the connection's output, and the task that owns the socket ([`frontend`], [`backend`]) sends what all
//! of them wrote with one call.

mod backend;
mod config;
mod end;
mod frontend;
mod mux;
mod ping;
mod task;
mod websocket;

pub use backend::{Opening, open};
pub use end::End;
pub use frontend::Frontend;
pub use mux::Mux;
pub use websocket::{accept_of, new_key};
