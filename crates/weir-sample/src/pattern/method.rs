//! The match methods of `-m` (manual 7.1) and which sample types each accepts.

use crate::cast::castable;
use crate::value::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Found,
    Bool,
    Int,
    Ip,
    Bin,
    Len,
    Str,
    Beg,
    Sub,
    Dir,
    Dom,
    End,
    Reg,
}

impl Method {
    pub const ALL: [Method; 13] = [
        Method::Found,
        Method::Bool,
        Method::Int,
        Method::Ip,
        Method::Bin,
        Method::Len,
        Method::Str,
        Method::Beg,
        Method::Sub,
        Method::Dir,
        Method::Dom,
        Method::End,
        Method::Reg,
    ];

    pub fn parse(word: &str) -> Option<Method> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Found => "found",
            Method::Bool => "bool",
            Method::Int => "int",
            Method::Ip => "ip",
            Method::Bin => "bin",
            Method::Len => "len",
            Method::Str => "str",
            Method::Beg => "beg",
            Method::Sub => "sub",
            Method::Dir => "dir",
            Method::Dom => "dom",
            Method::End => "end",
            Method::Reg => "reg",
        }
    }

    /// The method that a sample's type implies; binary and undetermined samples need `-m`.
    pub const fn implied(output: Type) -> Option<Method> {
        match output {
            Type::Bool => Some(Method::Bool),
            Type::Sint => Some(Method::Int),
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Some(Method::Ip),
            Type::Str | Type::Meth => Some(Method::Str),
            Type::Bin | Type::Any | Type::Same => None,
        }
    }

    /// The type a sample is cast to before it is compared.
    pub const fn compares(self) -> Type {
        match self {
            Method::Found => Type::Any,
            Method::Bool => Type::Bool,
            Method::Int => Type::Sint,
            Method::Ip => Type::Addr,
            Method::Bin => Type::Bin,
            _ => Type::Str,
        }
    }

    pub const fn accepts(self, output: Type) -> bool {
        castable(output, self.compares())
    }

    /// Whether patterns are integers and ranges.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Method::Int | Method::Len)
    }
}
