//! Many pattern edits in few of the same effect. What the configuration holds is not known here, so what was done to
//! its entries is kept, the last of it for each key; entries that were added at run time are kept as they ended.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::edit::{Operation, PatternEdit, Target, is_after};
use super::reference::FIRST_ADDED;

/// The same edits, fewer. Entries keep their names.
pub fn condense(edits: Vec<PatternEdit>) -> Vec<PatternEdit> {
    let mut references: BTreeMap<u32, Sum> = BTreeMap::new();
    for PatternEdit { reference, operation } in edits {
        references.entry(reference).or_default().take(operation);
    }
    let mut out = Vec::new();
    for (reference, sum) in references {
        out.extend(sum.operations().into_iter().map(|operation| PatternEdit { reference, operation }));
    }
    out
}

type Bytes = Box<[u8]>;

/// What became of one reference.
#[derive(Default)]
struct Sum {
    current: u32,
    next: u32,
    added: u32,
    /// The configured entries are in force: nothing was committed or cleared.
    configured: bool,
    began: bool,
    /// What was done to configured entries, in order.
    done: Vec<Option<Operation>>,
    /// Where in `done` each key was last meant, since an entry was last meant by its name, and whether an entry of the
    /// key is certain to be there.
    last: HashMap<Bytes, (usize, bool)>,
    /// Entries added, by version and name.
    entries: BTreeMap<(u32, u32), (Bytes, Bytes)>,
    /// Names of those in force, by key.
    names: HashMap<Bytes, Vec<u32>>,
}

impl Sum {
    fn take(&mut self, operation: Operation) {
        if !std::mem::replace(&mut self.began, true) {
            self.configured = true;
        }
        match operation {
            Operation::Add { version, pairs } => {
                for (key, value) in pairs {
                    let name = self.next_name(None);
                    self.insert(version.unwrap_or(self.current), name, key, value);
                }
            }
            Operation::Restore { version, name, key, value } => self.insert(version, name, key, value),
            Operation::Put { name, key, value } => self.put(name, key, value),
            Operation::AddOnce { name, key } => self.add_once(name, key),
            Operation::Set { target: Target::Key(key), value } => self.set(key, value),
            Operation::Set { target: Target::Name(name), value } => self.set_named(name, value),
            Operation::Delete { target: Target::Key(key) } => self.delete(key),
            Operation::Delete { target: Target::Name(name) } => self.delete_named(name),
            Operation::Clear { version } => {
                let version = version.unwrap_or(self.current);
                self.entries.retain(|(known, _), _| *known != version);
                if version == self.current {
                    self.forget_configured();
                }
            }
            Operation::Prepare { version } => {
                if is_after(version, self.next) {
                    self.next = version;
                }
            }
            Operation::Commit { version } => {
                self.forget_configured();
                self.current = version;
                self.entries.retain(|(known, _), _| !is_after(version, *known));
                for ((_, name), (key, _)) in self.entries.range((version, 0)..=(version, u32::MAX)) {
                    self.names.entry(key.clone()).or_default().push(*name);
                }
            }
            Operation::Resume { current, next, added, keep } => {
                if !keep {
                    self.forget_configured();
                    self.entries.clear();
                }
                (self.current, self.next, self.added) = (current, next, added);
            }
        }
    }

    fn put(&mut self, name: Option<u32>, key: Bytes, value: Bytes) {
        let name = self.next_name(name);
        match self.known(&key) {
            Known::There => self.set(key, value),
            Known::Absent => self.insert(self.current, name, key, value),
            Known::Perhaps => {
                // It says what a `set` before it said.
                if let Some((place, _)) = self.last.get(&key)
                    && matches!(self.done[*place], Some(Operation::Set { .. }))
                {
                    self.done[*place] = None;
                }
                self.note(&key.clone(), true, Operation::Put { name: Some(name), key, value });
            }
        }
    }

    fn add_once(&mut self, name: Option<u32>, key: Bytes) {
        let name = self.next_name(name);
        match self.known(&key) {
            Known::There => {}
            Known::Absent => self.insert(self.current, name, key, Bytes::default()),
            Known::Perhaps => {
                self.note(&key.clone(), true, Operation::AddOnce { name: Some(name), key });
            }
        }
    }

    fn set(&mut self, key: Bytes, new: Bytes) {
        for name in self.names.get(&key).into_iter().flatten() {
            if let Some((_, value)) = self.entries.get_mut(&(self.current, *name)) {
                value.clone_from(&new);
            }
        }
        if !self.configured {
            return;
        }
        match self.last.get(&key).and_then(|(place, _)| self.done[*place].as_mut()) {
            Some(Operation::Put { value, .. } | Operation::Set { value, .. }) => *value = new,
            // None of the configured ones is left.
            Some(Operation::Delete { .. }) => {}
            _ => {
                let there = self.last.get(&key).is_some_and(|(_, there)| *there);
                self.note(&key.clone(), there, Operation::Set { target: Target::Key(key), value: new });
            }
        }
    }

    fn delete(&mut self, key: Bytes) {
        for name in self.names.remove(&key).unwrap_or_default() {
            self.entries.remove(&(self.current, name));
        }
        if !self.configured {
            return;
        }
        for operation in &mut self.done {
            // Only while no entry was meant by its name since is it certain which are meant.
            let same = |known: &Bytes| *known == key && self.last.contains_key(&key);
            let about = match operation {
                Some(Operation::Put { key, .. } | Operation::AddOnce { key, .. }) => same(key),
                Some(
                    Operation::Set { target: Target::Key(key), .. }
                    | Operation::Delete { target: Target::Key(key) },
                ) => same(key),
                _ => false,
            };
            if about {
                *operation = None;
            }
        }
        self.note(&key.clone(), false, Operation::Delete { target: Target::Key(key) });
    }

    fn set_named(&mut self, name: u32, new: Bytes) {
        if let Some((key, value)) = self.entries.get_mut(&(self.current, name)) {
            *value = new;
            // From here on entries of this key differ.
            self.last.remove(key);
            return;
        }
        self.note_named(Operation::Set { target: Target::Name(name), value: new });
    }

    fn delete_named(&mut self, name: u32) {
        if let Some((key, _)) = self.entries.remove(&(self.current, name)) {
            if let Some(names) = self.names.get_mut(&key) {
                names.retain(|known| *known != name);
            }
            self.last.remove(&key);
            return;
        }
        self.note_named(Operation::Delete { target: Target::Name(name) });
    }

    /// Whether an entry of this key is in force.
    fn known(&self, key: &Bytes) -> Known {
        if self.names.get(key).is_some_and(|names| !names.is_empty()) {
            return Known::There;
        }
        if !self.configured {
            return Known::Absent;
        }
        match self.last.get(key) {
            Some((_, true)) => Known::There,
            Some((place, _)) if matches!(self.done[*place], Some(Operation::Delete { .. })) => Known::Absent,
            _ => Known::Perhaps,
        }
    }

    fn note(&mut self, key: &Bytes, there: bool, operation: Operation) {
        self.last.insert(key.clone(), (self.done.len(), there));
        self.done.push(Some(operation));
    }

    /// Which key the entry has is not known here, so nothing is certain of any key any more.
    fn note_named(&mut self, operation: Operation) {
        self.last.clear();
        self.done.push(Some(operation));
    }

    /// Every operation that may add an entry takes a name, whether it needs it or not.
    fn next_name(&mut self, given: Option<u32>) -> u32 {
        given.unwrap_or_else(|| {
            let name = FIRST_ADDED.wrapping_add(self.added);
            self.added = self.added.wrapping_add(1);
            name
        })
    }

    fn insert(&mut self, version: u32, name: u32, key: Bytes, value: Bytes) {
        if version == self.current {
            self.names.entry(key.clone()).or_default().push(name);
        }
        self.entries.insert((version, name), (key, value));
    }

    fn forget_configured(&mut self) {
        self.configured = false;
        self.done.clear();
        self.last.clear();
        self.names.clear();
    }

    fn operations(self) -> Vec<Operation> {
        let Self { current, next, added, configured, done, entries, .. } = self;
        let resume = Operation::Resume { current, next, added, keep: configured };
        let restore = |((version, name), (key, value))| Operation::Restore { version, name, key, value };
        let mut out = Vec::new();
        if !configured {
            out.push(resume);
            out.extend(entries.into_iter().map(restore));
            return out;
        }
        let (now, later): (BTreeMap<_, _>, BTreeMap<_, _>) =
            entries.into_iter().partition(|((version, _), _)| *version == current);
        let mut now = now.into_iter().peekable();
        let mut early = Vec::new();
        let set: HashSet<Bytes> = done.iter().flatten().filter_map(Operation::key).cloned().collect();
        for operation in done.into_iter().flatten() {
            // Entries stand in the order they were added in.
            if let Operation::Put { name: Some(name), .. } | Operation::AddOnce { name: Some(name), .. } =
                &operation
            {
                while let Some(before) = now.next_if(|((_, known), _)| known < name) {
                    let ((_, name), (key, value)) = &before;
                    if set.contains(key) {
                        early.push(Operation::Set { target: Target::Name(*name), value: value.clone() });
                    }
                    out.push(restore(before));
                }
            }
            out.push(operation);
        }
        out.extend(now.map(restore));
        // What was meant for configured entries reached these too.
        out.extend(early);
        out.push(resume);
        out.extend(later.into_iter().map(restore));
        out
    }
}

impl Operation {
    /// Of operations that change values.
    fn key(&self) -> Option<&Bytes> {
        match self {
            Operation::Put { key, .. } | Operation::Set { target: Target::Key(key), .. } => Some(key),
            _ => None,
        }
    }
}

enum Known {
    There,
    Absent,
    Perhaps,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Entries, Method, Reference, Scheme};
    use super::*;

    fn reference() -> Reference {
        let mut entries = Entries::default();
        for (name, key) in ["a", "b", "c", "a"].into_iter().enumerate() {
            entries.push(name as u32, key.as_bytes(), b"as configured");
        }
        let reference = Reference::new("m", true, entries);
        for method in [Method::Str, Method::Sub] {
            reference.expression(Scheme { method, ignore_case: false }, None).expect("texts");
        }
        reference
    }

    fn shown(reference: &Reference) -> Vec<String> {
        let (current, next) = reference.versions();
        let mut out = vec![format!("{current} {next}")];
        for version in 0..8 {
            reference.each(Some(version), |name, key, value| {
                out.push(format!(
                    "@{version} {name:x} {} {}",
                    String::from_utf8_lossy(key),
                    String::from_utf8_lossy(value)
                ));
            });
        }
        out
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let key = || {
            proptest::sample::select(vec!["a", "b", "c", "d", "e"])
                .prop_map(|key| Bytes::from(key.as_bytes()))
        };
        let value = || (0u8..20).prop_map(|value| Bytes::from(value.to_string().as_bytes()));
        let version = || proptest::option::of(0u32..4);
        let name = || prop_oneof![(0u32..4), (FIRST_ADDED..FIRST_ADDED + 12)];
        let target =
            move || prop_oneof![3 => key().prop_map(Target::Key), 1 => name().prop_map(Target::Name)];
        prop_oneof![
            3 => (version(), key(), value())
                .prop_map(|(version, key, value)| Operation::Add { version, pairs: vec![(key, value)] }),
            4 => (key(), value()).prop_map(|(key, value)| Operation::Put { name: None, key, value }),
            2 => key().prop_map(|key| Operation::AddOnce { name: None, key }),
            3 => (target(), value()).prop_map(|(target, value)| Operation::Set { target, value }),
            3 => target().prop_map(|target| Operation::Delete { target }),
            1 => version().prop_map(|version| Operation::Clear { version }),
            1 => (1u32..4).prop_map(|version| Operation::Prepare { version }),
            1 => (1u32..4).prop_map(|version| Operation::Commit { version }),
        ]
    }

    proptest! {
        #[test]
        fn fewer_edits_have_the_same_effect(steps in proptest::collection::vec(operation(), 0..80)) {
            let mut journal = Vec::new();
            let whole = reference();
            for (number, operation) in steps.into_iter().enumerate() {
                // As in a child: what does not fit is refused.
                if whole.check(&operation).is_err() {
                    continue;
                }
                whole.apply(&operation);
                let edit = PatternEdit { reference: 0, operation };
                prop_assert_eq!(PatternEdit::decode(&edit.encode()), Some(edit.clone()));
                journal.push(edit);
                if number % 17 == 16 {
                    journal = condense(journal);
                }
            }
            let condensed = condense(journal.clone());
            let replayed = reference();
            condensed.iter().for_each(|edit| replayed.apply(&edit.operation));
            prop_assert_eq!(shown(&replayed), shown(&whole), "{:?} from {:?}", condensed, journal);
        }
    }

    #[test]
    fn a_journal_is_as_large_as_what_it_leaves() {
        let put = |number: u32| PatternEdit {
            reference: 3,
            operation: Operation::Put {
                name: None,
                key: format!("k{}", number % 100).as_bytes().into(),
                value: number.to_string().as_bytes().into(),
            },
        };
        let journal = condense((0..100_000).map(put).collect());
        assert!(journal.len() <= 101, "{}", journal.len());
    }
}
