//! Options of `server` lines by their text: large configurations say the same thousands of times.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::ServerOptions;

/// Texts kept at most; beyond it all are forgotten.
const LIMIT: usize = 1024;

#[derive(Default)]
pub struct SameOptions {
    known: HashMap<Box<str>, (Arc<ServerOptions>, Arc<ServerOptions>)>,
    /// The text of the latest [`SameOptions::find`].
    text: String,
}

impl SameOptions {
    /// What these words meant before on top of the same `default-server`.
    pub fn find<'w>(
        &mut self,
        words: impl Iterator<Item = &'w str>,
        inherited: &Arc<ServerOptions>,
    ) -> Option<Arc<ServerOptions>> {
        self.text.clear();
        for word in words {
            self.text.push_str(word);
            self.text.push('\0');
        }
        let (from, options) = self.known.get(self.text.as_str())?;
        Arc::ptr_eq(from, inherited).then(|| options.clone())
    }

    /// Remembers what the words of the latest [`SameOptions::find`] mean.
    pub fn keep(&mut self, inherited: Arc<ServerOptions>, options: Arc<ServerOptions>) {
        if self.known.len() >= LIMIT {
            self.known.clear();
        }
        self.known.insert(self.text.as_str().into(), (inherited, options));
    }
}
