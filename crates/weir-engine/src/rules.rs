//! `RequestRules`: the rule lists a request or connection meets, the choice of its backend, and what options add.

use std::sync::Arc;

use weir_plan::{BackendChoice, Plan};
use weir_sample::Verdict;
use weir_types::ProxyId;

use crate::record::{Cause, Stage};
use crate::stream::{Phase, Step};
use crate::turn::Turn;
use crate::view::View;

impl Turn<'_, '_> {
    pub fn request_rules(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        let Some(backend) = self.choose_backend(&plan) else {
            self.stream.record.end(Cause::Server, Stage::Connect);
            return self.answer_error(503);
        };
        self.set_backend(backend);
        if self.stream.http {
            self.add_option_headers(&plan);
        }
        self.go(Phase::Queue)
    }

    pub fn rules_late(&mut self, _now_ms: u64) -> Step {
        Step::Next
    }

    /// `use_backend` in order, then `default_backend`, then the proxy's own servers.
    fn choose_backend(&mut self, plan: &Plan) -> Option<ProxyId> {
        let proxy = plan.proxy(self.stream.frontend);
        let frontend = proxy.frontend.as_deref()?;
        for rule in &frontend.use_backend {
            let view = self.view(true);
            if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
                continue;
            }
            match &rule.to {
                BackendChoice::Proxy(backend) => return Some(*backend),
                BackendChoice::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&view, &mut name);
                    let name = std::str::from_utf8(&name).unwrap_or_default();
                    if let Some(backend) = plan.backends_by_name.get(name) {
                        return Some(*backend);
                    }
                }
            }
        }
        let own = || proxy.backend.is_some().then_some(proxy.index);
        frontend.default_backend.or_else(own)
    }

    pub fn view(&self, finished: bool) -> View<'_> {
        View { worker: self.worker, client: self.client, stream: self.stream, finished, early: false }
    }

    pub fn response_rules(&mut self, _plan: &Arc<Plan>) -> Step {
        Step::Next
    }

    pub fn after_response_rules(&mut self, _plan: &Arc<Plan>) {}
}
