//! Typed values that flow through an expression (manual 7.1, "sample types"), and what a fetch may answer.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Sample types as HAProxy lists them in `-dKsmp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    Any,
    /// The output type is the input's.
    Same,
    Bool,
    Sint,
    Addr,
    Ipv4,
    Ipv6,
    Str,
    Bin,
    Meth,
}

/// One sample. Text is borrowed from the message wherever it can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Bool(bool),
    Int(i64),
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Str(Cow<'a, [u8]>),
    Bin(Cow<'a, [u8]>),
    /// A method's name, matched as such by `method`.
    Meth(Cow<'a, [u8]>),
}

/// What a fetch found.
#[derive(Clone, Debug, PartialEq)]
pub enum Got<'a> {
    /// A value that will not change any more.
    Value(Value<'a>),
    /// A value that may still change when more data arrive (`tcp-request content` waits on it if a rule asks so).
    Unstable(Value<'a>),
    /// Nothing, for good.
    Nothing,
    /// Nothing yet; more data may bring it.
    Wait,
}
