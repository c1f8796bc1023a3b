//! After the last line.

use weir_types::Diagnostics;

use super::Parser;
use crate::model::Config;

impl Parser<'_> {
    pub(super) fn finish(self) -> (Config, Diagnostics) {
        (self.config, self.diagnostics)
    }
}
