//! After the last line.

use std::sync::Arc;

use weir_types::{Diagnostic, Diagnostics, Form};

use super::Parser;
use crate::lost::Lost;
use crate::model::Config;
use crate::sections;

impl Parser<'_> {
    /// Faults come first, as HAProxy finds them; what weir alone refuses follows. Checks of the whole are made only when
    /// every line was understood; of what is referred to, all is reported that the refused lines do not explain.
    pub(super) fn finish(mut self) -> (Config, Diagnostics) {
        let list = std::mem::take(&mut self.diagnostics.list);
        let (summaries, list): (Vec<_>, Vec<_>) = list.into_iter().partition(is_summary);
        self.diagnostics.list = list;
        let lost = Lost::of(&self.diagnostics, &self.skipped, self.stopped, self.options.sources);
        let list = std::mem::take(&mut self.diagnostics.list);
        let (refusals, faults): (Vec<_>, Vec<_>) = list.into_iter().partition(|one| one.unsupported);
        self.diagnostics.list = faults;
        if self.diagnostics.has_alert() {
            let news = self.settled_references().into_iter().filter(|one| !lost.explains(one));
            self.diagnostics.list.extend(news.collect::<Vec<_>>());
        } else {
            crate::global::finish(&mut self);
            sections::whole::check(&mut self);
            let found = self.settled_references();
            self.diagnostics.list.extend(found);
            crate::states::load(&mut self);
        }
        self.config.lost = lost;
        self.config.patterns = self.references.all();
        self.config.token_certificates = Arc::new(self.tls.for_tokens());
        self.diagnostics.list.extend(refusals);
        self.diagnostics.list.extend(summaries);
        (self.config, self.diagnostics)
    }
}

/// The reader's line at the end of a file with faults: it stays behind all of them.
pub fn is_summary(diagnostic: &Diagnostic) -> bool {
    diagnostic.form == Form::Config && diagnostic.text.starts_with("Error(s) found in configuration file")
}
