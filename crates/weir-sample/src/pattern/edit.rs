//! Changes of a pattern reference at run time: what they say, whether they can be, and what they do. Every process
//! applies the same ones in the same order, so all of it must come out alike everywhere.

use std::sync::atomic::Ordering;

use super::reference::{FIRST_ADDED, Reference, State, Table, drop_aside};

/// Which entries `set` and `del` mean.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// All with this key.
    Key(Box<[u8]>),
    /// The one that `show map` lists under this name.
    Name(u32),
}

/// Key and value.
pub type Pair = (Box<[u8]>, Box<[u8]>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `add map`, `add acl`: whether there is such an entry or not. Of the version in force if none is named.
    Add { version: Option<u32>, pairs: Vec<Pair> },
    /// An entry under the name it had: from a condensed journal.
    Restore { version: u32, name: u32, key: Box<[u8]>, value: Box<[u8]> },
    /// `set-map`: the value of all entries with this key, or a new entry. It has the `name` if one is given, as in a
    /// condensed journal.
    Put { name: Option<u32>, key: Box<[u8]>, value: Box<[u8]> },
    /// `add-acl`: a new entry unless there is one.
    AddOnce { name: Option<u32>, key: Box<[u8]> },
    /// `set map`
    Set { target: Target, value: Box<[u8]> },
    /// `del map`, `del acl`, `del-map`, `del-acl`
    Delete { target: Target },
    /// `clear map`, `clear acl`
    Clear { version: Option<u32> },
    /// `prepare map`, `prepare acl`
    Prepare { version: u32 },
    /// `commit map`, `commit acl`
    Commit { version: u32 },
    /// The versions and how many entries were added so far, with nothing in them unless `keep`: from a condensed
    /// journal.
    Resume { current: u32, next: u32, added: u32, keep: bool },
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternEdit {
    /// [`Reference::id`]
    pub reference: u32,
    pub operation: Operation,
}

/// Versions count on after the highest number.
pub(super) fn is_after(version: u32, other: u32) -> bool {
    (version.wrapping_sub(other) as i32) > 0
}

impl Reference {
    /// Whether the operation can be applied. The error is HAProxy's text.
    pub fn check(&self, operation: &Operation) -> Result<(), String> {
        let (current, next) = self.versions();
        match operation {
            Operation::Add { version, pairs } => {
                if version.is_some_and(|version| is_after(version, next)) {
                    let kind = if self.is_used_by(true) { "map" } else { "acl" };
                    return Err(format!("Version number in the future, please use 'prepare {kind}' before."));
                }
                pairs.iter().try_for_each(|(key, value)| self.check_entry(Some(key), Some(value)))?;
                let bytes = pairs.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
                self.check_room(bytes)
            }
            Operation::Put { key, value, .. } => {
                self.check_entry(Some(key), Some(value))?;
                self.check_room(key.len() + value.len())
            }
            Operation::AddOnce { key, .. } => {
                self.check_entry(Some(key), None)?;
                self.check_room(key.len())
            }
            Operation::Set { target, value } => {
                if !self.has(target) {
                    return Err("entry not found.".into());
                }
                self.check_entry(None, Some(value))?;
                self.check_room(value.len())
            }
            Operation::Delete { target } if !self.has(target) => Err("Key not found.".into()),
            Operation::Commit { version } if !is_after(*version, current) || is_after(*version, next) => {
                Err("Version number out of range.".into())
            }
            _ => Ok(()),
        }
    }

    fn check_entry(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), String> {
        for expression in self.expressions() {
            if let Some(key) = key {
                expression.scheme().read(key).map(drop).map_err(|error| format!("{error}."))?;
            }
            if let (Some(value), Some(output)) = (value, expression.output) {
                output
                    .check(value)
                    .map_err(|_| format!("unable to parse '{}'.", String::from_utf8_lossy(value)))?;
            }
        }
        Ok(())
    }

    fn check_room(&self, bytes: usize) -> Result<(), String> {
        let room = match &*self.state() {
            Some(state) => state.tables.values().all(|table| table.entries.has_room(bytes)),
            None => self.entries().has_room(bytes),
        };
        if room { Ok(()) } else { Err("out of memory.".into()) }
    }

    /// Whether the version in force has such an entry.
    pub fn has(&self, target: &Target) -> bool {
        let state = self.state();
        match state.as_ref().and_then(|state| state.tables.get(&state.current)) {
            Some(table) => !table.numbers(target).is_empty(),
            None => match target {
                Target::Key(key) => self.configured(key).is_some(),
                Target::Name(name) => (*name as usize) < self.entries().len(),
            },
        }
    }

    /// Whether an entry of this key is in force and all of them have this value.
    pub fn says(&self, key: &[u8], value: &[u8]) -> bool {
        let state = self.state();
        match state.as_ref().and_then(|state| state.tables.get(&state.current)) {
            Some(table) => {
                let numbers = table.numbers(&Target::Key(key.into()));
                !numbers.is_empty() && numbers.iter().all(|number| table.entries.value(*number) == value)
            }
            // A copy is made when something changes; whether several have the key is not looked for before.
            None => false,
        }
    }

    /// `curr_ver` and `next_ver`.
    pub fn versions(&self) -> (u32, u32) {
        self.state().as_ref().map_or((0, 0), |state| (state.current, state.next))
    }

    /// A version that nobody else was given, to be prepared.
    pub fn promise(&self) -> u32 {
        let (_, next) = self.versions();
        let promised = self.promised.load(Ordering::Relaxed);
        let version = if is_after(promised, next) { promised } else { next }.wrapping_add(1);
        self.promised.store(version, Ordering::Relaxed);
        version
    }

    /// Entries of all versions.
    pub fn count(&self) -> usize {
        match &*self.state() {
            Some(state) => state.tables.values().map(|table| table.entries.len()).sum(),
            None => self.entries().len(),
        }
    }

    /// Shows every entry of a version, by default of the one in force: name, key, value.
    pub fn each(&self, version: Option<u32>, mut show: impl FnMut(u32, &[u8], &[u8])) {
        let state = self.state();
        let entries = match &*state {
            Some(state) => match state.tables.get(&version.unwrap_or(state.current)) {
                Some(table) => &table.entries,
                None => return,
            },
            None if version.unwrap_or(0) == 0 => self.entries(),
            None => return,
        };
        for number in entries.numbers() {
            show(entries.name(number), entries.key(number), entries.value(number));
        }
    }

    /// Applies an operation that was checked. One that became void since then (its version is gone) does nothing.
    pub fn apply(&self, operation: &Operation) {
        self.change(|state| match operation {
            Operation::Add { version, pairs } => {
                let version = version.unwrap_or(state.current);
                for (key, value) in pairs {
                    let name = state.next_name(None);
                    state.add(self, version, name, key, value);
                }
            }
            Operation::Restore { version, name, key, value } => {
                let table = state.tables.entry(*version).or_insert_with(|| self.empty_table());
                table.push(*name, key, value);
            }
            Operation::Put { name, key, value } => {
                let name = state.next_name(*name);
                let target = Target::Key(key.clone());
                if !state.set(&target, value) {
                    state.add(self, state.current, name, key, value);
                }
            }
            Operation::AddOnce { name, key } => {
                let name = state.next_name(*name);
                let known = state.tables.get(&state.current);
                if known.is_none_or(|table| table.numbers(&Target::Key(key.clone())).is_empty()) {
                    state.add(self, state.current, name, key, b"");
                }
            }
            Operation::Set { target, value } => drop(state.set(target, value)),
            Operation::Delete { target } => {
                if let Some(table) = state.tables.get_mut(&state.current) {
                    for number in table.numbers(target) {
                        table.remove(number);
                    }
                }
            }
            Operation::Clear { version } => {
                let version = version.unwrap_or(state.current);
                let before = match version == state.current {
                    true => state.tables.insert(version, self.empty_table()),
                    false => state.tables.remove(&version),
                };
                drop_aside(before.into_iter().collect());
            }
            Operation::Prepare { version } => {
                if is_after(*version, state.next) {
                    state.next = *version;
                }
            }
            Operation::Commit { version } => {
                if is_after(*version, state.current) && !is_after(*version, state.next) {
                    state.current = *version;
                    state.tables.entry(*version).or_insert_with(|| self.empty_table());
                    let past = |known: &u32, _: &mut Table| is_after(*version, *known);
                    drop_aside(state.tables.extract_if(.., past).map(|(_, table)| table).collect());
                }
            }
            Operation::Resume { current, next, added, keep } => {
                if !keep {
                    state.tables.clear();
                }
                (state.current, state.next, state.added) = (*current, *next, *added);
                state.tables.entry(*current).or_insert_with(|| self.empty_table());
            }
        });
    }
}

impl State {
    /// Counted whether the name is needed or not, so that those who do not know the entries can count along
    /// ([`super::condense`]).
    fn next_name(&mut self, given: Option<u32>) -> u32 {
        given.unwrap_or_else(|| {
            let name = FIRST_ADDED.wrapping_add(self.added);
            self.added = self.added.wrapping_add(1);
            name
        })
    }

    fn add(&mut self, reference: &Reference, version: u32, name: u32, key: &[u8], value: &[u8]) {
        self.tables.entry(version).or_insert_with(|| reference.empty_table()).push(name, key, value);
    }

    /// Whether there was anything to set.
    fn set(&mut self, target: &Target, value: &[u8]) -> bool {
        let Some(table) = self.tables.get_mut(&self.current) else { return false };
        let numbers = table.numbers(target);
        for number in &numbers {
            if table.entries.value(*number) != value && table.entries.has_room(value.len()) {
                table.entries.set_value(*number, value);
            }
        }
        !numbers.is_empty()
    }
}

impl Table {
    /// The entries meant, the last first.
    fn numbers(&self, target: &Target) -> Vec<u32> {
        match target {
            Target::Key(key) => self.keys.all(&self.entries, key),
            Target::Name(name) => {
                self.entries.numbers().rev().filter(|number| self.entries.name(*number) == *name).collect()
            }
        }
    }
}
