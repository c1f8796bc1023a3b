//! Text of a haproxy.cfg to words, with quoting, environment and conditional blocks resolved (manual section 2), and
//! the small formats words are made of: times, sizes, addresses, names. No keyword is known here; a reader of another
//! configuration language with HAProxy's word rules could use this room by itself.
//!
//! A word is a `&str`. Bytes outside UTF-8 survive as described in [`raw`].

pub mod address;
pub mod arguments;
mod capability;
pub mod condition;
mod environment;
mod load;
pub mod name;
pub mod number;
pub mod raw;
mod reader;
pub mod render;
mod section;
pub mod size;
mod snippet;
pub mod time;
mod version;

pub use capability::{Capabilities, Feature, SslLibrary};
pub use environment::Environment;
pub use load::{LoadError, load};
pub use reader::{Line, OwnedLine, Reader, Word, WordError, WordErrorKind};
pub use section::{SECTIONS, is_section};
pub use version::Version;
