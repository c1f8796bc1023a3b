//! Variables (manual 2.8): names with their scope, and the store that one scope keeps.

use std::fmt;
use std::sync::Arc;

use crate::value::{OwnedValue, Type, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Process,
    Session,
    Transaction,
    Request,
    Response,
    Check,
}

impl Scope {
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Process => "proc",
            Scope::Session => "sess",
            Scope::Transaction => "txn",
            Scope::Request => "req",
            Scope::Response => "res",
            Scope::Check => "check",
        }
    }
}

/// A variable's scope and name (manual 2.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    pub scope: Scope,
    /// Without the scope.
    pub name: Arc<str>,
}

impl Variable {
    /// Reads `txn.name`. The error is HAProxy's text.
    pub fn parse(text: &str) -> Result<Variable, String> {
        if text.is_empty() {
            return Err("Empty variable name cannot be accepted".into());
        }
        let (scope, name) = match text.split_once('.') {
            Some(("proc", name)) => (Scope::Process, name),
            Some(("sess", name)) => (Scope::Session, name),
            Some(("txn", name)) => (Scope::Transaction, name),
            Some(("req", name)) => (Scope::Request, name),
            Some(("res", name)) => (Scope::Response, name),
            Some(("check", name)) => (Scope::Check, name),
            Some(("psess" | "ptxn" | "preq" | "pres", _)) => {
                return Err(format!("variable '{text}' of the parent stream is not supported by weir yet"));
            }
            _ => {
                return Err(format!(
                    "invalid variable name '{text}'. A variable name must start with its scope. The scope can be \
                     'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'"
                ));
            }
        };
        let allowed = |byte: &char| byte.is_ascii_alphanumeric() || matches!(byte, '_' | '.');
        if let Some(bad) = name.chars().find(|byte| !allowed(byte)) {
            return Err(format!("invalid syntax at char '{bad}'"));
        }
        Ok(Variable { scope, name: name.into() })
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.scope.as_str(), self.name)
    }
}

/// When `set-var` may write (manual 4.4, `set-var` conditions `ifexists`, `ifnotexists`, `ifempty`...).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetCondition {
    IfExists,
    IfNotExists,
    IfEmpty,
    IfNotEmpty,
    IfSet,
    IfNotSet,
    IfGreater,
    IfLess,
}

impl SetCondition {
    /// The condition of this name, for `set-var(NAME,CONDITION)`.
    pub fn parse(word: &str) -> Option<SetCondition> {
        Some(match word {
            "ifexists" => SetCondition::IfExists,
            "ifnotexists" => SetCondition::IfNotExists,
            "ifempty" => SetCondition::IfEmpty,
            "ifnotempty" => SetCondition::IfNotEmpty,
            "ifset" => SetCondition::IfSet,
            "ifnotset" => SetCondition::IfNotSet,
            "ifgt" => SetCondition::IfGreater,
            "iflt" => SetCondition::IfLess,
            _ => return None,
        })
    }
}

impl SetCondition {
    /// As [`SetCondition::allows`], for a variable of this scope: those of the process exist from the start, set or not.
    pub fn allows_in(self, scope: Scope, old: Option<&OwnedValue>, new: &Value<'_>) -> bool {
        match (scope, self) {
            (Scope::Process, SetCondition::IfExists) => true,
            (Scope::Process, SetCondition::IfNotExists) => false,
            _ => self.allows(old, new),
        }
    }

    /// Whether a variable that holds `old` may become `new`.
    pub fn allows(self, old: Option<&OwnedValue>, new: &Value<'_>) -> bool {
        let empty = |value: &Value<'_>| match value {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => text.is_empty(),
            _ => false,
        };
        let int = |value: Value<'_>| match value.cast(Type::Sint) {
            Some(Value::Int(value)) => Some(value),
            _ => None,
        };
        match self {
            SetCondition::IfExists => old.is_some(),
            SetCondition::IfNotExists => old.is_none(),
            SetCondition::IfEmpty => empty(new),
            SetCondition::IfNotEmpty => !empty(new),
            SetCondition::IfSet => old.is_some(),
            SetCondition::IfNotSet => old.is_none(),
            SetCondition::IfGreater | SetCondition::IfLess => {
                let Some(old) = old.and_then(|old| int(old.borrowed())) else { return true };
                let Some(new) = int(new.borrowed()) else { return true };
                if self == SetCondition::IfGreater { old > new } else { old < new }
            }
        }
    }
}

/// The variables of one scope. A few names at most: a list is faster than a map.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    list: Vec<(Arc<str>, OwnedValue)>,
    /// As `tune.vars.*` count them.
    bytes: u64,
}

/// What a variable takes by itself, as seen in HAProxy 2.8.
const EACH_BYTES: u64 = 80;

fn bytes_of(value: &Value<'_>) -> u64 {
    EACH_BYTES
        + match value {
            Value::Str(text) | Value::Bin(text) | Value::Meth(text) => text.len() as u64,
            _ => 0,
        }
}

impl Variables {
    pub fn find(&self, name: &str) -> Option<&OwnedValue> {
        self.list.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    pub fn set(&mut self, name: &Arc<str>, value: OwnedValue) {
        self.bytes = self.bytes_with(name, &value);
        match self.list.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.list.push((name.clone(), value)),
        }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What all take once this one is set.
    pub fn bytes_with(&self, name: &str, value: &Value<'_>) -> u64 {
        self.bytes - self.find(name).map_or(0, bytes_of) + bytes_of(value)
    }

    /// Returns whether the variable was there.
    pub fn unset(&mut self, name: &str) -> bool {
        let Some(place) = self.list.iter().position(|(known, _)| &**known == name) else { return false };
        self.bytes -= bytes_of(&self.list.remove(place).1);
        true
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.list.iter().map(|(name, value)| (&**name, value.borrowed()))
    }

    pub fn clear(&mut self) {
        self.list.clear();
        self.bytes = 0;
    }
}
