//! Typed values that flow through an expression (manual 7.1, "sample types"), and what a fetch may answer.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

impl Type {
    /// The word of the `-dK` listings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Type::Any => "any",
            Type::Same => "same",
            Type::Bool => "bool",
            Type::Sint => "sint",
            Type::Addr => "addr",
            Type::Ipv4 => "ipv4",
            Type::Ipv6 => "ipv6",
            Type::Str => "str",
            Type::Bin => "bin",
            Type::Meth => "meth",
        }
    }
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

/// A value that borrows nothing: what variables and stick tables keep.
pub type OwnedValue = Value<'static>;

impl<'a> Value<'a> {
    /// A borrowed string.
    pub const fn text(text: &'a [u8]) -> Self {
        Value::Str(Cow::Borrowed(text))
    }

    /// A borrowed block of bytes.
    pub const fn bytes(bytes: &'a [u8]) -> Self {
        Value::Bin(Cow::Borrowed(bytes))
    }

    pub const fn ip(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Value::Ip4(address),
            IpAddr::V6(address) => Value::Ip6(address),
        }
    }

    /// The type of this very value: never `Any`, `Same` or `Addr`.
    pub const fn kind(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Sint,
            Value::Ip4(_) => Type::Ipv4,
            Value::Ip6(_) => Type::Ipv6,
            Value::Str(_) => Type::Str,
            Value::Bin(_) => Type::Bin,
            Value::Meth(_) => Type::Meth,
        }
    }

    /// What a converter made is no longer than a buffer: the rest is cut off, as in HAProxy.
    pub(crate) fn limit(&mut self, most: impl FnOnce() -> usize) {
        if let Value::Str(Cow::Owned(text)) | Value::Bin(Cow::Owned(text)) | Value::Meth(Cow::Owned(text)) =
            self
        {
            text.truncate(most());
        }
    }

    pub fn into_owned(self) -> OwnedValue {
        match self {
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Ip4(value) => Value::Ip4(value),
            Value::Ip6(value) => Value::Ip6(value),
            Value::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
            Value::Bin(bytes) => Value::Bin(Cow::Owned(bytes.into_owned())),
            Value::Meth(name) => Value::Meth(Cow::Owned(name.into_owned())),
        }
    }

    /// The same value, borrowing from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::Str(text) => Value::Str(Cow::Borrowed(text)),
            Value::Bin(bytes) => Value::Bin(Cow::Borrowed(bytes)),
            Value::Meth(name) => Value::Meth(Cow::Borrowed(name)),
            Value::Bool(value) => Value::Bool(*value),
            Value::Int(value) => Value::Int(*value),
            Value::Ip4(value) => Value::Ip4(*value),
            Value::Ip6(value) => Value::Ip6(*value),
        }
    }
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

impl<'a> Got<'a> {
    /// The value, whether it may change or not.
    pub fn value(self) -> Option<Value<'a>> {
        match self {
            Got::Value(value) | Got::Unstable(value) => Some(value),
            Got::Nothing | Got::Wait => None,
        }
    }
}

impl<'a> From<Option<Value<'a>>> for Got<'a> {
    fn from(value: Option<Value<'a>>) -> Self {
        value.map_or(Got::Nothing, Got::Value)
    }
}
