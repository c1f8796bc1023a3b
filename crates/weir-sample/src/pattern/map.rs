//! Maps: a pattern file whose keys lead to values (converters `map_*`).

use super::file::PatternFile;
use super::method::Method;
use super::set::PatternSet;
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

/// One file compiled for one match method and one output type.
#[derive(Debug)]
pub struct Map {
    pub name: Box<str>,
    pub output: MapOutput,
    set: PatternSet,
    values: Vec<OwnedValue>,
    default: Option<OwnedValue>,
}

impl Map {
    /// Compiles a file. The error is HAProxy's text.
    pub fn new(
        file: &PatternFile,
        method: Method,
        output: MapOutput,
        default: Option<&str>,
    ) -> Result<Map, String> {
        let mut set = PatternSet::new(method, false);
        let mut values = Vec::with_capacity(file.lines.len());
        for line in &file.lines {
            let text = if output == MapOutput::Key { &line.key } else { &line.value };
            let value = read(text, output).ok_or_else(|| {
                format!(
                    "unable to load map file '{}': cannot parse '{text}' at line {}",
                    file.name, line.number
                )
            })?;
            set.add(&line.key)
                .map_err(|error| format!("{error} at line {} of file '{}'", line.number, file.name))?;
            values.push(value);
        }
        let default = match default {
            None => None,
            Some(text) => {
                Some(read(text, output).ok_or_else(|| format!("cannot parse default value '{text}'"))?)
            }
        };
        Ok(Map { name: file.name.clone(), output, set, values, default })
    }

    /// The value of the key that matches, else the default.
    pub fn find(&self, key: &Value<'_>) -> Option<Value<'_>> {
        match self.set.find(key) {
            Some(entry) => self.values.get(entry as usize).map(Value::borrowed),
            None => self.default.as_ref().map(Value::borrowed),
        }
    }

    /// `map_regm`: the value with its back references replaced by the groups of the match.
    pub fn find_expanded(&self, key: &Value<'_>) -> Option<Value<'_>> {
        let (Value::Str(text) | Value::Bin(text) | Value::Meth(text)) = key else {
            return None;
        };
        let Some(entry) = self.set.find(key) else {
            return self.default.as_ref().map(Value::borrowed);
        };
        let groups = self.set.regex(entry)?.find(text, 0)?;
        let Value::Str(template) = self.values.get(entry as usize)? else {
            return None;
        };
        let mut out = Vec::new();
        Regex::expand(template, text, &groups, &mut out);
        Some(Value::Str(out.into()))
    }

    /// The type a key is cast to before the lookup.
    pub const fn input(&self) -> Type {
        self.set.method().compares()
    }
}

fn read(text: &str, output: MapOutput) -> Option<OwnedValue> {
    match output {
        MapOutput::Str | MapOutput::Key => Some(Value::Str(text.as_bytes().to_vec().into())),
        MapOutput::Int => text.parse().ok().map(Value::Int),
        MapOutput::Ip => text.parse().ok().map(Value::ip),
    }
}
