//! After the last line.

use weir_types::{Diagnostic, Diagnostics, Form, Level};

use super::{Parser, Reference, Wanted};
use crate::model::Config;
use crate::sections;

impl Parser<'_> {
    /// References that were put off are reported. A fault that ended the reading may have hidden what they name, so
    /// then the keyword itself is refused.
    pub(super) fn finish(mut self) -> (Config, Diagnostics) {
        if !self.diagnostics.has_alert() {
            crate::global::finish(&mut self);
            sections::whole::check(&mut self);
            self.settle_references();
        }
        let refused = |reference: &Reference| reference.wanted != Wanted::HttpErrors;
        for reference in std::mem::take(&mut self.references_to_come).into_iter().filter(refused) {
            let text = format!("'{}' is not supported by weir yet", reference.keyword);
            self.push(Diagnostic::new(Level::Alert, Form::Parsing, Some(reference.span), text));
        }
        (self.config, self.diagnostics)
    }
}
