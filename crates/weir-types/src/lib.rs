//! Ids, units, addresses, diagnostics: the words every room speaks. No input is read here and nothing is resolved.

mod addr;
mod diagnostic;
mod ids;
mod mode;
mod span;
pub mod terminal;

pub use addr::{Address, AddressFamily, IpVersion, PortSpec, SocketKind};
pub use diagnostic::{Diagnostic, Diagnostics, Form, Level};
pub use ids::{ListenerId, ProxyId, ServerId, Slot, TableId, WorkerId};
pub use mode::{Mode, ProxyKind};
pub use span::{FileId, SourceFile, Sources, Span};
