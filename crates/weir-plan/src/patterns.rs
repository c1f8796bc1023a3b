//! The pattern references of a configuration, as runtime commands and rules find them.

use std::collections::HashMap;
use std::sync::Arc;

use weir_sample::{PatternEdit, Reference};

use crate::edit::Change;

#[derive(Clone, Debug, Default)]
pub struct Patterns {
    /// By their ids.
    list: Vec<Arc<Reference>>,
    by_name: HashMap<Box<str>, usize>,
}

impl Patterns {
    pub fn new(mut list: Vec<Arc<Reference>>) -> Self {
        list.sort_by_key(|reference| reference.id());
        let named = list.iter().enumerate().filter(|(_, reference)| !reference.name.is_empty());
        let by_name = named.map(|(place, reference)| (reference.name.clone(), place)).collect();
        Self { list, by_name }
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Reference>> {
        self.list.iter()
    }

    pub fn by_id(&self, id: u32) -> Option<&Arc<Reference>> {
        let place = self.list.binary_search_by_key(&id, |reference| reference.id()).ok()?;
        self.list.get(place)
    }

    /// The reference of a file.
    pub fn named(&self, name: &str) -> Option<&Arc<Reference>> {
        self.by_name.get(name).map(|place| &self.list[*place])
    }

    fn read(&self, bytes: &[u8]) -> Result<(&Arc<Reference>, PatternEdit), String> {
        let edit = PatternEdit::decode(bytes).ok_or("malformed edit")?;
        let reference = self.by_id(edit.reference).ok_or("unknown reference")?;
        Ok((reference, edit))
    }

    /// Reads, checks and prepares an edit of [`crate::EditKind::Patterns`].
    pub fn prepare(&self, bytes: &[u8]) -> Result<Change, String> {
        let (reference, edit) = self.read(bytes)?;
        reference.check(&edit.operation)?;
        reference.prepare();
        let reference = reference.clone();
        Ok(Change::Inside(Box::new(move || reference.apply(&edit.operation))))
    }

    /// Whether [`Patterns::prepare`] takes a while.
    pub fn is_heavy(&self, bytes: &[u8]) -> bool {
        self.read(bytes).is_ok_and(|(reference, _)| reference.is_heavy())
    }
}
