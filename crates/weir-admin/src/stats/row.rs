//! One object's values.

use super::fields::{CORE_FIELDS, FIELDS, at};
use crate::Value;

/// The place in [`super::Field::tags`]; `type` of `show stat` is [`Object::number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    Frontend = 0,
    Backend = 1,
    Server = 2,
    Listener = 3,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub object: Object,
    pub proxy_id: u32,
    /// The server's or listener's id; 0 otherwise.
    pub id: u32,
    /// As long as [`FIELDS`].
    values: Vec<Option<Value>>,
}

impl Object {
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The letter of `typed`.
    pub const fn letter(self) -> char {
        match self {
            Object::Frontend => 'F',
            Object::Backend => 'B',
            Object::Server => 'S',
            Object::Listener => 'L',
        }
    }

    pub const fn json_name(self) -> &'static str {
        match self {
            Object::Frontend => "Frontend",
            Object::Backend => "Backend",
            Object::Server => "Server",
            Object::Listener => "Listener",
        }
    }
}

impl Row {
    /// A row with its keys; the modules' counters stand at 0 where the object has them.
    pub fn new(object: Object, proxy: &str, proxy_id: u32, name: &str, id: u32) -> Self {
        let mut values = vec![None; FIELDS.len()];
        for (place, field) in FIELDS.iter().enumerate().skip(CORE_FIELDS) {
            if !field.tags[object as usize].is_empty() {
                values[place] = Some(Value::U64(0));
            }
        }
        let mut row = Self { object, proxy_id, id, values };
        row.text(at::PXNAME, proxy);
        row.text(at::SVNAME, name);
        row.small(at::PID, 1);
        row.small(at::IID, proxy_id);
        row.small(at::SID, id);
        row.small(at::TYPE, object.number());
        row
    }

    pub fn set(&mut self, place: usize, value: Value) {
        self.values[place] = Some(value);
    }

    pub fn text(&mut self, place: usize, value: impl Into<String>) {
        self.set(place, Value::Text(value.into()));
    }

    /// A 32-bit figure: gauges, rates, limits.
    pub fn small(&mut self, place: usize, value: impl TryInto<u32>) {
        self.set(place, Value::U32(value.try_into().unwrap_or(u32::MAX)));
    }

    /// A counter.
    pub fn count(&mut self, place: usize, value: u64) {
        self.set(place, Value::U64(value));
    }

    pub fn counts(&mut self, pairs: &[(usize, u64)]) {
        pairs.iter().for_each(|(place, value)| self.count(*place, *value));
    }

    pub fn value(&self, place: usize) -> Option<&Value> {
        self.values[place].as_ref()
    }

    /// A figure, 0 where there is none.
    pub fn number(&self, place: usize) -> i64 {
        self.value(place).and_then(Value::number).unwrap_or(0)
    }

    /// A text, empty where there is none.
    pub fn word(&self, place: usize) -> &str {
        match self.value(place) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    pub fn values(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.values.iter().enumerate().filter_map(|(place, value)| Some((place, value.as_ref()?)))
    }
}
