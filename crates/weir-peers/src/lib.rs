//! HAProxy's peers protocol, version 2.1: how stick tables are exchanged between processes (manual 11.2,
//! `peers-v2.0.txt`). No sockets: bytes and times come in, bytes and events go out.
//!
//! | file | holds |
//! | --- | --- |
//! | [`number`] | the integers of variable length, and a reader of bytes |
//! | [`hello`] | the first lines of a session and the answer to them |
//! | [`message`] | what follows: messages, told apart |
//! | [`definition`], [`dictionary`], [`record`] | tables, names of servers and entries on the wire |
//! | [`member`] | the tables of a section, and how far each peer knows them |
//! | [`session`] | one connection once both sides have greeted each other |
//! | [`resync`] | whom a section asks for what it does not know |

pub mod definition;
pub mod dictionary;
pub mod hello;
pub mod member;
pub mod message;
pub mod number;
pub mod record;
pub mod resync;
pub mod session;

pub use hello::{Hello, Status};
pub use member::{Link, Member, TableLink};
pub use resync::Resync;
pub use session::{Event, Fault, Session};
