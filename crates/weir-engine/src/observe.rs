//! What a stream tells of its server (`observe`): errors that count, and what ends a row of them.

use weir_check::Observed;
use weir_plan::settings::Observe;

use crate::turn::Turn;

impl Turn<'_, '_> {
    /// The server failed this stream.
    pub fn observe_error(&self, error: Observed) {
        if let Some(assigned) = &self.stream.assigned {
            crate::checks::failure(self.worker, assigned.plan.server(assigned.server), error);
        }
    }

    pub fn observe_connection(&self) {
        if let Some(assigned) = &self.stream.assigned {
            let server = assigned.plan.server(assigned.server);
            crate::checks::success(self.worker.shm, server, Observe::Layer4);
        }
    }

    /// The head of the response is there.
    pub fn observe_status(&self) {
        match Observed::is_bad_status(self.stream.response.status()) {
            true => self.observe_error(Observed::Status),
            false => {
                if let Some(assigned) = &self.stream.assigned {
                    let server = assigned.plan.server(assigned.server);
                    crate::checks::success(self.worker.shm, server, Observe::Layer7);
                }
            }
        }
    }
}
