//! Variables of the process scope: the same in all workers. A change is an ordered edit ([`VariableEdit`]) that every
//! process applies to its copy; whoever made it sees it at once.

use std::sync::{Arc, PoisonError, RwLock};

use crate::value::{OwnedValue, Value};
use crate::variable::Variables;

/// This process's copy.
#[derive(Debug, Default)]
pub struct ProcessVariables {
    inner: RwLock<Variables>,
    /// `tune.vars.proc-max-size`, or `global-max-size` if that is less; 0: none.
    pub limit: u64,
}

/// A variable's new value, or its end.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableEdit {
    /// Without the scope.
    pub name: Arc<str>,
    pub value: Option<OwnedValue>,
}

impl ProcessVariables {
    pub fn new(configured: impl Iterator<Item = (Arc<str>, OwnedValue)>, limit: u64) -> Self {
        let variables = Self { inner: RwLock::default(), limit };
        configured.for_each(|(name, value)| variables.apply(&VariableEdit { name, value: Some(value) }));
        variables
    }

    pub fn find(&self, name: &str) -> Option<OwnedValue> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).find(name).cloned()
    }

    /// Whether the edit changes anything here.
    pub fn would_change(&self, edit: &VariableEdit) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.find(&edit.name) != edit.value.as_ref()
    }

    /// Whether there is room for it.
    pub fn has_room(&self, edit: &VariableEdit) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let Some(value) = &edit.value else { return true };
        self.limit == 0 || inner.bytes_with(&edit.name, value) <= self.limit
    }

    pub fn apply(&self, edit: &VariableEdit) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        match &edit.value {
            Some(value) => inner.set(&edit.name, value.clone()),
            None => drop(inner.unset(&edit.name)),
        }
    }

    /// Shows every variable, in the order they were first set.
    pub fn each(&self, mut show: impl FnMut(&str, &Value<'_>)) {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.iter().for_each(|(name, value)| show(name, &value));
    }
}

impl VariableEdit {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = (self.name.len() as u32).to_ne_bytes().to_vec();
        out.extend_from_slice(self.name.as_bytes());
        let (tag, bytes): (u8, &[u8]) = match &self.value {
            None => (0, b""),
            Some(Value::Bool(truth)) => (1, &[u8::from(*truth)]),
            Some(Value::Int(number)) => (2, &number.to_ne_bytes()),
            Some(Value::Ip4(address)) => (3, &address.octets()),
            Some(Value::Ip6(address)) => (4, &address.octets()),
            Some(Value::Str(text)) => (5, text),
            Some(Value::Bin(bytes)) => (6, bytes),
            Some(Value::Meth(name)) => (7, name),
        };
        out.push(tag);
        out.extend_from_slice(bytes);
        out
    }

    /// `None`: bytes that [`VariableEdit::encode`] did not make.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
        let (tag, bytes) = rest.split_first()?;
        let value = match tag {
            0 => None,
            1 => Some(Value::Bool(*bytes.first()? != 0)),
            2 => Some(Value::Int(i64::from_ne_bytes(bytes.try_into().ok()?))),
            3 => Some(Value::Ip4(<[u8; 4]>::try_from(bytes).ok()?.into())),
            4 => Some(Value::Ip6(<[u8; 16]>::try_from(bytes).ok()?.into())),
            5 => Some(Value::Str(bytes.to_vec().into())),
            6 => Some(Value::Bin(bytes.to_vec().into())),
            7 => Some(Value::Meth(bytes.to_vec().into())),
            _ => return None,
        };
        Some(Self { name: std::str::from_utf8(name).ok()?.into(), value })
    }

    /// The same edits, fewer: the last for each name.
    pub fn condense(edits: Vec<VariableEdit>) -> Vec<VariableEdit> {
        let mut kept: Vec<VariableEdit> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for edit in edits {
            match places.get(&edit.name) {
                Some(place) => {
                    let known: &mut VariableEdit = &mut kept[*place];
                    known.value = edit.value;
                }
                None => {
                    places.insert(edit.name.clone(), kept.len());
                    kept.push(edit);
                }
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type_come_out_as_they_went_in() {
        let values: [OwnedValue; 7] = [
            Value::Bool(true),
            Value::Int(-5),
            Value::Ip4([1, 2, 3, 4].into()),
            Value::Ip6([7; 16].into()),
            Value::Str(b"text\xff".to_vec().into()),
            Value::Bin(Vec::new().into()),
            Value::Meth(b"GET".to_vec().into()),
        ];
        for value in values.into_iter().map(Some).chain([None]) {
            let edit = VariableEdit { name: "a.b".into(), value };
            assert_eq!(VariableEdit::decode(&edit.encode()), Some(edit));
        }
        assert_eq!(VariableEdit::decode(&[9]), None);
    }

    // The sizes at which HAProxy 2.8 begins to store an integer, three letters and ten letters.
    #[test]
    fn a_variable_takes_80_bytes_and_its_text() {
        for (value, bytes) in [
            (Value::Int(5), 80),
            (Value::Str(b"abc".to_vec().into()), 83),
            (Value::Str(b"abcdefghij".to_vec().into()), 90),
        ] {
            for limit in [bytes - 1, bytes] {
                let variables = ProcessVariables::new(std::iter::empty(), limit);
                let edit = VariableEdit { name: "a".into(), value: Some(value.clone()) };
                assert_eq!(variables.has_room(&edit), limit == bytes);
            }
        }
    }
}
