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

/// A name that nothing in the configuration bears, with HAProxy's wording of it, to be printed after
/// `parsing [file:line]: ` (names in arguments) or after the rule's own prefix (ACL names).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnresolvedName {
    pub message: Box<str>,
    pub name: Box<str>,
    /// Whether an ACL's name is meant: HAProxy words these while it parses the rule.
    pub acl: bool,
}

/// Why a name in an argument could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing bears the name.
    Unknown,
    /// `backend/server`: the backend is not there.
    UnknownProxy,
    /// No name was written and there is no current object to stand for it.
    NotNamed,
    /// The proxy is there without the half that is wanted.
    NoCapability,
}

/// What the compiler knows while it resolves one proxy's expressions. An empty name means the current proxy.
pub trait Resolve {
    fn frontend(&mut self, name: &str) -> Result<ProxyId, Missing>;
    fn backend(&mut self, name: &str) -> Result<ProxyId, Missing>;
    /// `backend/server`, or `server` in the current backend.
    fn server(&mut self, name: &str) -> Result<ServerId, Missing>;
    fn table(&mut self, name: &str) -> Result<TableId, Missing>;
    fn userlist(&mut self, name: &str) -> Result<u32, Missing>;
    /// The index of a cache.
    fn cache(&mut self, _name: &str) -> Result<u32, Missing> {
        Err(Missing::Unknown)
    }
    /// Whether events can be written to a ring or stream of this name.
    fn sink(&mut self, _name: &str) -> Result<(), Missing> {
        Err(Missing::Unknown)
    }
    /// The ACL of this name in the current proxy; predefined ones (manual 7.4) come from
    /// [`crate::acl::predefined`] when the proxy declares none of the name.
    fn acl(&mut self, name: &str) -> Result<Arc<Acl<Resolved>>, Missing>;
    /// The current proxy's name, for messages.
    fn proxy_name(&self) -> &str;
    /// Where the expression stands, in HAProxy's words: `in http-request expression`, `in tcp-request expression`,
    /// `in stick rule`, `in log-format expression`... Empty where HAProxy says nothing (ACLs).
    fn place(&self) -> &str {
        ""
    }
}

/// What a name is looked up as; carries the wording of the failure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sought {
    Frontend,
    Backend,
    Server,
    Table,
    Userlist,
    Sink,
}

impl UnresolvedName {
    /// `argument` is `arg 1 of sample fetch keyword 'nbsrv'`.
    pub(crate) fn new(sought: Sought, name: &str, argument: &str, why: Missing, names: &dyn Resolve) -> Self {
        let proxy = names.proxy_name();
        let place = match names.place() {
            "" => format!("in proxy '{proxy}'"),
            place => format!("{place} in proxy '{proxy}'"),
        };
        let noun = match sought {
            Sought::Frontend => "frontend",
            Sought::Backend => "backend",
            Sought::Server => "server",
            Sought::Table => "table",
            Sought::Userlist => "userlist",
            Sought::Sink => "sink",
        };
        let shown = if name.is_empty() { proxy } else { name };
        let message = match (sought, why) {
            // HAProxy's words, which it says while it reads the rule.
            (Sought::Sink, _) => format!("invalid args in converter 'debug' : No such sink '{name}'."),
            (_, Missing::NotNamed) => format!("missing {noun} name in {argument} {place}."),
            (_, Missing::NoCapability) => {
                format!("proxy '{shown}', referenced in {argument} {place}, has not {noun} capability.")
            }
            (Sought::Server, Missing::UnknownProxy) => {
                let backend = name.split('/').next().unwrap_or(name);
                format!("unable to find proxy '{backend}' referenced in {argument} {place}.")
            }
            (Sought::Server, _) => {
                let (backend, server) = name.split_once('/').unwrap_or((proxy, name));
                format!(
                    "unable to find server '{server}' in proxy '{backend}', referenced in {argument} {place}."
                )
            }
            _ => format!("unable to find {noun} '{shown}' referenced in {argument} {place}."),
        };
        Self { message: message.into(), name: shown.into(), acl: false }
    }

    pub(crate) fn acl(name: &str) -> Self {
        Self { message: format!("no such ACL : '{name}'.").into(), name: name.into(), acl: true }
    }
}
