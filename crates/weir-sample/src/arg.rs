//! Arguments of fetches and converters: their kinds, a row's signature, and their values after parsing.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::convert::crypto::{PublicKey, TokenKey};
use crate::pattern::Map;
use crate::regexp::Regex;
use crate::stage::{Named, Resolve, Resolved, Sought, Stage, UnresolvedName};
use crate::variable::Variable;

mod parse;

pub(crate) use parse::{ArgError, parse_args};

/// What an argument must be, with the names of HAProxy's listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Ip4,
    Mask4,
    Ip6,
    Mask6,
    Frontend,
    Backend,
    Table,
    Server,
    Userlist,
    Regex,
    ProtobufField,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "string",
            Kind::Int => "integer",
            Kind::Ip4 => "IPv4 address",
            Kind::Mask4 => "IPv4 mask",
            Kind::Ip6 => "IPv6 address",
            Kind::Mask6 => "IPv6 mask",
            Kind::Frontend => "frontend",
            Kind::Backend => "backend",
            Kind::Table => "table",
            Kind::Server => "server",
            Kind::Userlist => "user list",
            Kind::Regex => "regex",
            Kind::ProtobufField => "Protocol buffers field number",
        }
    }

    /// Kinds that an empty or missing argument satisfies: text, and names that then mean the current proxy.
    pub(crate) const fn may_be_empty(self) -> bool {
        matches!(
            self,
            Kind::Text
                | Kind::Frontend
                | Kind::Backend
                | Kind::Table
                | Kind::Server
                | Kind::Userlist
                | Kind::Regex
        )
    }
}

/// How many arguments a row takes and of which kinds.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub required: u8,
    pub kinds: &'static [Kind],
}

impl Signature {
    pub const NONE: Signature = Signature { required: 0, kinds: &[] };

    /// As listed: `(integer,string[,integer])`, empty without arguments.
    pub fn listing(self) -> String {
        let mut text = String::new();
        for (index, kind) in self.kinds.iter().enumerate() {
            text.push_str(match (index == usize::from(self.required), index) {
                (true, 0) => "([",
                (true, _) => "[,",
                (false, 0) => "(",
                (false, _) => ",",
            });
            text.push_str(kind.as_str());
        }
        if self.kinds.len() > usize::from(self.required) {
            text.push(']');
        }
        if !self.kinds.is_empty() {
            text.push(')');
        }
        text
    }
}

/// One argument of a fetch or converter after parsing by its row's signature.
#[derive(Clone, Debug)]
pub enum Arg<S: Stage> {
    /// An optional argument that was left out.
    Absent,
    Str(Box<str>),
    /// Text that a row's check turned into bytes.
    Bytes(Box<[u8]>),
    Int(i64),
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Frontend(S::Proxy),
    Backend(S::Proxy),
    Server(S::Server),
    Table(S::Table),
    Userlist(S::Userlist),
    Var(Variable),
    Regex(Regex),
    Map(Arc<Map>),
    /// A public key that signatures are verified with.
    Key(PublicKey),
    /// A key that encrypted tokens are opened with.
    TokenKey(TokenKey),
    /// Where `debug` writes: a ring, `stdout` or `stderr`.
    Sink(Box<str>),
    Acl {
        negated: bool,
        acl: S::Acl,
    },
}

pub type Args<S> = Box<[Arg<S>]>;

impl<S: Stage> Arg<S> {
    /// The text of a string argument; empty if it was left out.
    pub fn str(&self) -> &str {
        match self {
            Arg::Str(text) => text,
            _ => "",
        }
    }

    pub fn int(&self) -> Option<i64> {
        match self {
            Arg::Int(value) => Some(*value),
            _ => None,
        }
    }
}

impl Arg<Named> {
    /// `place` words where the argument stands: `arg 1 of sample fetch keyword 'nbsrv'`.
    pub(crate) fn resolve(
        &self,
        place: &str,
        names: &mut dyn Resolve,
    ) -> Result<Arg<Resolved>, UnresolvedName> {
        let (sought, name, why) = match self {
            Arg::Absent => return Ok(Arg::Absent),
            Arg::Str(text) => return Ok(Arg::Str(text.clone())),
            Arg::Bytes(bytes) => return Ok(Arg::Bytes(bytes.clone())),
            Arg::Int(value) => return Ok(Arg::Int(*value)),
            Arg::Ip4(address) => return Ok(Arg::Ip4(*address)),
            Arg::Ip6(address) => return Ok(Arg::Ip6(*address)),
            Arg::Var(name) => return Ok(Arg::Var(name.clone())),
            Arg::Regex(regex) => return Ok(Arg::Regex(regex.clone())),
            Arg::Map(map) => return Ok(Arg::Map(map.clone())),
            Arg::Key(key) => return Ok(Arg::Key(key.clone())),
            Arg::TokenKey(key) => return Ok(Arg::TokenKey(key.clone())),
            Arg::Sink(name) => match names.sink(name) {
                Ok(()) => return Ok(Arg::Sink(name.clone())),
                Err(why) => (Sought::Sink, name, why),
            },
            Arg::Acl { negated, acl } => {
                let found = names.acl(acl).map_err(|_| UnresolvedName::acl(acl))?;
                return Ok(Arg::Acl { negated: *negated, acl: found });
            }
            Arg::Frontend(name) => match names.frontend(name) {
                Ok(id) => return Ok(Arg::Frontend(id)),
                Err(why) => (Sought::Frontend, name, why),
            },
            Arg::Backend(name) => match names.backend(name) {
                Ok(id) => return Ok(Arg::Backend(id)),
                Err(why) => (Sought::Backend, name, why),
            },
            Arg::Server(name) => match names.server(name) {
                Ok(id) => return Ok(Arg::Server(id)),
                Err(why) => (Sought::Server, name, why),
            },
            Arg::Table(name) => match names.table(name) {
                Ok(id) => return Ok(Arg::Table(id)),
                Err(why) => (Sought::Table, name, why),
            },
            Arg::Userlist(name) => match names.userlist(name) {
                Ok(id) => return Ok(Arg::Userlist(id)),
                Err(why) => (Sought::Userlist, name, why),
            },
        };
        Err(UnresolvedName::new(sought, name, place, why, names))
    }
}
