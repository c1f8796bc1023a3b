//! After the last line: facts of single proxies, in the order in which HAProxy reports them.

use weir_types::Diagnostics;

use super::Parser;
use crate::model::Config;
use crate::proxy;

impl Parser<'_> {
    /// HAProxy looks at whole proxies only when every line was understood.
    pub(super) fn finish(mut self) -> (Config, Diagnostics) {
        if !self.diagnostics.has_alert() {
            proxy::whole::check(&self.config, &mut self.diagnostics);
        }
        (self.config, self.diagnostics)
    }
}
