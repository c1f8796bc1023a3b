//! Before and after resolution: a resolved name changes type, so an unresolved one cannot run.

use std::fmt::Debug;
use std::sync::Arc;

use weir_types::{ProxyId, ServerId, TableId};

use crate::acl::Acl;

/// What the names in expressions, conditions and actions have become.
pub trait Stage: Clone + Debug + 'static {
    type Proxy: Clone + Debug;
    type Server: Clone + Debug;
    type Table: Clone + Debug;
    type Userlist: Clone + Debug;
    /// An ACL called by its name in a condition.
    type Acl: Clone + Debug;
}

/// As parsed: every name is still the text that was written. An empty text means "the current proxy".
#[derive(Clone, Copy, Debug)]
pub struct Named;

impl Stage for Named {
    type Proxy = Box<str>;
    type Server = Box<str>;
    type Table = Box<str>;
    type Userlist = Box<str>;
    type Acl = Box<str>;
}

/// After compile: indices into the plan; an ACL is held directly and shared.
#[derive(Clone, Copy, Debug)]
pub struct Resolved;

impl Stage for Resolved {
    type Proxy = ProxyId;
    type Server = ServerId;
    type Table = TableId;
    type Userlist = u32;
    type Acl = Arc<Acl<Resolved>>;
}

/// A name that nothing in the configuration bears, with HAProxy's wording of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnresolvedName {
    pub message: Box<str>,
}

/// What the compiler knows while it resolves one proxy's expressions.
pub trait Resolve {
    fn proxy(&mut self, name: &str) -> Result<ProxyId, UnresolvedName>;
    /// `backend/server`, or `server` in the current backend.
    fn server(&mut self, name: &str) -> Result<ServerId, UnresolvedName>;
    fn table(&mut self, name: &str) -> Result<TableId, UnresolvedName>;
    fn userlist(&mut self, name: &str) -> Result<u32, UnresolvedName>;
    fn acl(&mut self, name: &str) -> Result<Arc<Acl<Resolved>>, UnresolvedName>;
}
