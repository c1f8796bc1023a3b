//! The variables a configuration sees: a copy of the process environment that `setenv` and its kin change (manual
//! 2.3). The process's own environment is never touched here.

use crate::raw;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<Box<str>, Box<str>>,
}

impl Environment {
    /// From `std::env::vars_os()`; names or values outside UTF-8 are kept as [`raw`] describes.
    pub fn from_process(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |word: OsString| raw::text(&word.into_vec()).into();
        Self { variables: variables.into_iter().map(|(name, value)| (text(name), text(value))).collect() }
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| &**value)
    }

    /// `setenv`
    pub fn set(&mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) {
        self.variables.insert(name.into(), value.into());
    }

    /// `presetenv`: an existing variable keeps its value, also an empty one.
    pub fn preset(&mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) {
        self.variables.entry(name.into()).or_insert_with(|| value.into());
    }

    /// `unsetenv`; a missing variable is no error.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// `resetenv`: all variables go but the named ones.
    pub fn reset<'k>(&mut self, keep: impl IntoIterator<Item = &'k str>) {
        let mut old = std::mem::take(&mut self.variables);
        self.variables.extend(keep.into_iter().filter_map(|name| old.remove_entry(name)));
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (&**name, &**value))
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn preset_keeps_and_reset_drops() {
        let mut environment = Environment::default();
        environment.set("A", "1");
        environment.preset("A", "2");
        environment.preset("B", "3");
        environment.set("C", "4");
        environment.reset(["A", "C", "NONE"]);
        assert_eq!(environment.iter().collect::<Vec<_>>(), [("A", "1"), ("C", "4")]);
        environment.unset("A");
        environment.unset("NONE");
        assert_eq!(environment.value("A"), None);
    }
}
