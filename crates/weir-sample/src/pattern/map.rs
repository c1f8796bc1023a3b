//! Maps: a pattern reference whose keys lead to values (converters `map_*`).

use std::sync::Arc;

use super::keys::Scheme;
use super::method::Method;
use super::reference::{Pattern, Reference};
use crate::regexp::Regex;
use crate::value::{OwnedValue, Type, Value};

/// What a `map_*` converter answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOutput {
    Str,
    Int,
    Ip,
    /// The key that matched.
    Key,
}

impl MapOutput {
    /// The type of values, as `get map` shows it. Those of a map that answers with its keys are read as text.
    pub const fn value_type(self) -> Type {
        match self {
            MapOutput::Str | MapOutput::Key => Type::Str,
            MapOutput::Int => Type::Sint,
            MapOutput::Ip => Type::Addr,
        }
    }

    /// The type of this very value.
    pub fn type_of(self, value: &[u8]) -> Type {
        self.read(value).map_or(self.value_type(), |value| value.kind())
    }

    /// Whether a value can be read.
    pub fn check(self, value: &[u8]) -> Result<(), String> {
        match self.read(value) {
            Some(_) => Ok(()),
            None => Err(format!("cannot parse '{}'", String::from_utf8_lossy(value))),
        }
    }

    fn read(self, text: &[u8]) -> Option<Value<'_>> {
        let word = || std::str::from_utf8(text).ok();
        match self {
            MapOutput::Str | MapOutput::Key => Some(Value::text(text)),
            MapOutput::Int => word()?.parse().ok().map(Value::Int),
            MapOutput::Ip => word()?.parse().ok().map(Value::ip),
        }
    }
}

/// A reference looked up by one match method for one type of answer.
#[derive(Debug)]
pub struct Map {
    pub output: MapOutput,
    pattern: Pattern,
    default: Option<OwnedValue>,
}

impl Map {
    /// The error is HAProxy's text; a number names the entry at fault.
    pub fn new(
        reference: &Arc<Reference>,
        method: Method,
        output: MapOutput,
        default: Option<&str>,
    ) -> Result<Map, (Option<u32>, String)> {
        let scheme = Scheme { method, ignore_case: false };
        let expression =
            reference.expression(scheme, Some(output)).map_err(|(number, error)| (Some(number), error))?;
        let unreadable = |text: &str| (None, format!("cannot parse default value '{text}'"));
        let read = |text: &str| match output.read(text.as_bytes()) {
            Some(value) => Ok(value.into_owned()),
            None => Err(unreadable(text)),
        };
        let default = default.map(read).transpose()?;
        Ok(Map { output, pattern: Pattern { reference: reference.clone(), expression }, default })
    }

    pub fn reference(&self) -> &Arc<Reference> {
        &self.pattern.reference
    }

    /// The value of the key that matches, else the default.
    pub fn find(&self, key: &Value<'_>) -> Option<Value<'_>> {
        let output = self.output;
        let found = match output {
            MapOutput::Key => self.pattern.find(key, |key, _| Some(Value::text(key))),
            _ => self.pattern.find(key, |_, value| output.read(value)),
        };
        match found {
            Some(value) => value,
            None => self.default.as_ref().map(Value::borrowed),
        }
    }

    /// `map_regm`: the value with its back references replaced by the groups of the match.
    pub fn find_expanded(&self, key: &Value<'_>) -> Option<Value<'_>> {
        let (Value::Str(text) | Value::Bin(text) | Value::Meth(text)) = key else {
            return None;
        };
        let Some((regex, template)) = self.pattern.find_regex(key) else {
            return self.default.as_ref().map(Value::borrowed);
        };
        let groups = regex.find(text, 0)?;
        let mut out = Vec::new();
        Regex::expand(&template, text, &groups, &mut out);
        Some(Value::Str(out.into()))
    }

    /// The type a key is cast to before the lookup.
    pub fn input(&self) -> Type {
        self.pattern.expression.scheme().method.compares()
    }
}
