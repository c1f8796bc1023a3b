//! After the last line.

use std::sync::Arc;

use weir_types::{Diagnostic, Diagnostics, Form, Level};

use super::{Parser, Reference, Wanted};
use crate::model::Config;
use crate::sections;

impl Parser<'_> {
    /// Faults come first, as HAProxy finds them; what weir alone refuses follows. References that were put off are
    /// looked at only when every line was understood; else the keyword itself is refused.
    pub(super) fn finish(mut self) -> (Config, Diagnostics) {
        let list = std::mem::take(&mut self.diagnostics.list);
        let (summaries, list): (Vec<_>, Vec<_>) = list.into_iter().partition(is_summary);
        let (refusals, faults): (Vec<_>, Vec<_>) = list.into_iter().partition(|one| one.unsupported);
        self.diagnostics.list = faults;
        if !self.diagnostics.has_alert() {
            crate::global::finish(&mut self);
            sections::whole::check(&mut self);
            self.settle_references();
            crate::states::load(&mut self);
        }
        let refused = |reference: &Reference| reference.wanted != Wanted::HttpErrors;
        for reference in std::mem::take(&mut self.references_to_come).into_iter().filter(refused) {
            let text = format!("'{}' is not supported by weir yet", reference.keyword);
            let refusal = Diagnostic::new(Level::Alert, Form::Parsing, Some(reference.span), text);
            self.push(refusal.as_unsupported());
        }
        self.config.patterns = self.references.all();
        self.config.token_certificates = Arc::new(self.tls.for_tokens());
        self.diagnostics.list.extend(refusals);
        self.diagnostics.list.extend(summaries);
        (self.config, self.diagnostics)
    }
}

/// The reader's line at the end of a file with faults: it stays behind all of them.
fn is_summary(diagnostic: &Diagnostic) -> bool {
    diagnostic.form == Form::Config && diagnostic.text.starts_with("Error(s) found in configuration file")
}
