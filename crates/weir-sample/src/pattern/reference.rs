//! A pattern reference: the entries of one file, or of one ACL's line, shared by every ACL and map that names it, and
//! changed at run time for all of them at once.
//!
//! As configured, entries and indexes never change, and a lookup takes no lock. The first edit makes a copy, which all
//! lookups use from then on under a lock; in a worker nobody else takes it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use weir_types::Span;

use super::entries::Entries;
use super::index::Index;
use super::keys::Scheme;
use super::map::MapOutput;
use super::method::Method;
use crate::regexp::Regex;
use crate::value::Value;

/// Entries that were added at run time are named from here on; those of the file from 0.
pub(super) const FIRST_ADDED: u32 = 1 << 31;
/// Larger tables are dropped on a thread of their own.
const LARGE: usize = 10_000;

/// Who uses a reference.
#[derive(Clone, Debug)]
pub struct Use {
    pub span: Span,
    /// By a map; else by an ACL.
    pub map: bool,
    /// The fetch of the ACL.
    pub keyword: Box<str>,
}

#[derive(Debug)]
pub struct Reference {
    /// Of a file as it is written; empty for patterns written in an ACL.
    pub name: Box<str>,
    /// Keys are followed by values.
    pub two_columns: bool,
    id: AtomicU32,
    uses: Mutex<Vec<Use>>,
    entries: Entries,
    expressions: Mutex<Vec<Arc<Expression>>>,
    edited: AtomicBool,
    state: RwLock<Option<Box<State>>>,
    /// The highest version that was promised to somebody (`prepare map`). Of use in the controller alone.
    pub(super) promised: AtomicU32,
}

/// One way in which a reference is looked up: a method, and for maps what their values are.
#[derive(Debug)]
pub struct Expression {
    number: usize,
    pub output: Option<MapOutput>,
    index: Index,
}

/// Versions of the entries, and which of them matches.
#[derive(Debug)]
pub(super) struct State {
    pub(super) current: u32,
    pub(super) next: u32,
    /// How many entries were added so far.
    pub(super) added: u32,
    pub(super) tables: BTreeMap<u32, Table>,
}

/// The entries of one version.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) entries: Entries,
    /// By the whole key as written: what `del` and `set` go by.
    pub(super) keys: Index,
    pub(super) indexes: Vec<Index>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const WHOLE: Scheme = Scheme { method: Method::Str, ignore_case: false };

impl Reference {
    pub fn new(name: &str, two_columns: bool, mut entries: Entries) -> Self {
        entries.shrink();
        Self {
            name: name.into(),
            two_columns,
            id: AtomicU32::new(u32::MAX),
            uses: Mutex::default(),
            entries,
            expressions: Mutex::default(),
            edited: AtomicBool::new(false),
            state: RwLock::new(None),
            promised: AtomicU32::new(0),
        }
    }

    /// `#ID` of the runtime commands.
    pub fn id(&self) -> u32 {
        self.id.load(Ordering::Relaxed)
    }

    pub(super) fn set_id(&self, id: u32) {
        self.id.store(id, Ordering::Relaxed);
    }

    pub fn uses(&self) -> Vec<Use> {
        lock(&self.uses).clone()
    }

    pub fn used(&self, used: Use) {
        lock(&self.uses).push(used);
    }

    /// Whether a map, or else an ACL, uses it: runtime commands of the other kind do not know it.
    pub fn is_used_by(&self, map: bool) -> bool {
        lock(&self.uses).iter().any(|used| used.map == map)
    }

    pub fn is_edited(&self) -> bool {
        self.edited.load(Ordering::Acquire)
    }

    /// As configured.
    pub(super) fn entries(&self) -> &Entries {
        &self.entries
    }

    pub fn expressions(&self) -> Vec<Arc<Expression>> {
        lock(&self.expressions).clone()
    }

    /// The way of looking up by `scheme`, made if there is none yet. The error is HAProxy's text, with the number of
    /// the entry at fault.
    pub fn expression(
        &self,
        scheme: Scheme,
        output: Option<MapOutput>,
    ) -> Result<Arc<Expression>, (u32, String)> {
        let expressions = &mut *lock(&self.expressions);
        let known = |known: &&Arc<Expression>| {
            known.index.scheme() == scheme
                && known.output.map(MapOutput::value_type) == output.map(MapOutput::value_type)
        };
        if let Some(known) = expressions.iter().find(known) {
            return Ok(known.clone());
        }
        let index = Index::of(scheme, &self.entries)?;
        if let Some(output) = output {
            for number in self.entries.numbers() {
                output.check(self.entries.value(number)).map_err(|error| (number, error))?;
            }
        }
        let expression = Arc::new(Expression { number: expressions.len(), output, index });
        expressions.push(expression.clone());
        Ok(expression)
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, Option<Box<State>>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, which is made from what is configured the first time.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        change(state.get_or_insert_with(|| self.copied()));
        self.edited.store(true, Ordering::Release);
    }

    /// Whether the first edit, which copies all entries, takes a while.
    pub fn is_heavy(&self) -> bool {
        self.entries.len() > LARGE && self.state().is_none()
    }

    /// Makes the copy, unless it is there.
    pub fn prepare(&self) {
        if self.state().is_none() {
            let made = self.copied();
            self.state.write().unwrap_or_else(PoisonError::into_inner).get_or_insert(made);
        }
    }

    fn copied(&self) -> Box<State> {
        let indexes: Vec<Index> =
            lock(&self.expressions).iter().map(|expression| expression.index.clone()).collect();
        let whole = indexes.iter().find(|index| index.scheme() == WHOLE).cloned();
        let whole = whole.or_else(|| Index::of(WHOLE, &self.entries).ok()).unwrap_or(Index::new(WHOLE));
        let table = Table { entries: self.entries.clone(), keys: whole, indexes };
        Box::new(State { current: 0, next: 0, added: 0, tables: BTreeMap::from([(0, table)]) })
    }

    /// As configured: the first entry with this very key.
    pub(super) fn configured(&self, key: &[u8]) -> Option<u32> {
        let expressions = lock(&self.expressions);
        match expressions.iter().find(|expression| expression.scheme() == WHOLE) {
            Some(expression) => expression.index.find(&self.entries, &Value::text(key)),
            None => self.entries.numbers().find(|number| self.entries.key(*number) == key),
        }
    }

    pub(super) fn empty_table(&self) -> Table {
        let expressions = lock(&self.expressions);
        Table {
            entries: Entries::default(),
            keys: Index::new(WHOLE),
            indexes: expressions.iter().map(|expression| Index::new(expression.scheme())).collect(),
        }
    }

    /// Lets `look` see the entries in force and the entry that matches.
    fn find<R>(
        &self,
        expression: &Expression,
        value: &Value<'_>,
        look: impl FnOnce(&Entries, &Index, u32) -> R,
    ) -> Option<R> {
        let state = self.state();
        let table = state.as_ref()?.matched()?;
        let index = table.indexes.get(expression.number)?;
        let number = index.find(&table.entries, value)?;
        Some(look(&table.entries, index, number))
    }
}

impl State {
    fn matched(&self) -> Option<&Table> {
        self.tables.get(&self.current)
    }
}

impl Expression {
    pub fn scheme(&self) -> Scheme {
        self.index.scheme()
    }
}

impl Table {
    pub(super) fn push(&mut self, name: u32, key: &[u8], value: &[u8]) {
        if !self.entries.has_room(key.len() + value.len()) {
            return;
        }
        let number = self.entries.push(name, key, value);
        for index in std::iter::once(&mut self.keys).chain(&mut self.indexes) {
            // Keys are checked before they come here.
            let _ = index.add(&self.entries, number);
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        for index in std::iter::once(&mut self.keys).chain(&mut self.indexes) {
            index.remove(&self.entries, number);
        }
        self.entries.remove(number);
        if self.entries.is_sparse() {
            self.entries = self.entries.renumbered();
            for index in std::iter::once(&mut self.keys).chain(&mut self.indexes) {
                if let Ok(anew) = Index::of(index.scheme(), &self.entries) {
                    *index = anew;
                }
            }
        }
    }
}

/// Drops what may be large away from the event loop.
pub(super) fn drop_aside(tables: Vec<Table>) {
    if tables.iter().map(|table| table.entries.len()).sum::<usize>() > LARGE {
        // Without a thread they are dropped here.
        let _ = std::thread::Builder::new().name("drop-map".into()).spawn(move || drop(tables));
    }
}

/// The patterns of one run of words, or of one file, that an ACL compares with.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub reference: Arc<Reference>,
    pub expression: Arc<Expression>,
}

impl Pattern {
    pub fn matches(&self, value: &Value<'_>) -> bool {
        let Self { reference, expression } = self;
        if !reference.is_edited() {
            return expression.index.find(&reference.entries, value).is_some();
        }
        reference.find(expression, value, |_, _, _| ()).is_some()
    }

    /// Key and value of the entry that matches.
    pub fn entry(&self, value: &Value<'_>) -> Option<(Vec<u8>, Vec<u8>)> {
        let Self { reference, expression } = self;
        if !reference.is_edited() {
            let (entries, number) = (&reference.entries, expression.index.find(&reference.entries, value)?);
            return Some((entries.key(number).to_vec(), entries.value(number).to_vec()));
        }
        let take = |entries: &Entries, _: &Index, number: u32| {
            (entries.key(number).to_vec(), entries.value(number).to_vec())
        };
        reference.find(expression, value, take)
    }

    /// What the entry that matches says, as `read` takes it from key and value. A text that was changed at run time
    /// cannot be borrowed and is copied.
    pub(super) fn find<'a>(
        &'a self,
        value: &Value<'_>,
        read: impl for<'b> FnOnce(&'b [u8], &'b [u8]) -> Option<Value<'b>>,
    ) -> Option<Option<Value<'a>>> {
        let Self { reference, expression } = self;
        if !reference.is_edited() {
            let number = expression.index.find(&reference.entries, value)?;
            return Some(read(reference.entries.key(number), reference.entries.value(number)));
        }
        reference.find(expression, value, |entries, _, number| {
            read(entries.key(number), entries.value(number)).map(Value::into_owned)
        })
    }

    /// The regular expression of the entry that matches, and its value.
    pub(super) fn find_regex(&self, value: &Value<'_>) -> Option<(Regex, Vec<u8>)> {
        let Self { reference, expression } = self;
        let take = |entries: &Entries, index: &Index, number: u32| {
            Some((index.regex(number)?.clone(), entries.value(number).to_vec()))
        };
        if !reference.is_edited() {
            let number = expression.index.find(&reference.entries, value)?;
            return take(&reference.entries, &expression.index, number);
        }
        reference.find(expression, value, take)?
    }
}
