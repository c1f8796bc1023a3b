//! Rewrites that fail or change what the stream is: `strict-mode`, `normalize-uri`, `switch-mode`.

use std::sync::Arc;

use weir_plan::Plan;
use weir_rules::action::Normalizer;

use super::action::is_response;
use super::list::Flow;
use super::{List, RequestStage, uri};
use crate::record::Cause;
use crate::stream::{Phase, Step};
use crate::turn::Turn;

impl Turn<'_, '_> {
    /// A rewrite for which the head has no room: an internal error, unless `strict-mode off` was met in this list.
    pub fn rewrite_failed(&mut self, list: List) -> Flow {
        self.client.session.frontend_counters.wrew.increment();
        self.count_backend(|counters| counters.wrew.increment());
        if is_response(list)
            && let Some(assigned) = &self.stream.assigned
        {
            assigned.counters.wrew.increment();
        }
        if self.stream.lenient {
            return Flow::Next;
        }
        self.stream.record.untimed |= !is_response(list);
        let stage = self.stage_of(list);
        self.stream.record.end(Cause::Proxy, stage);
        self.count_internal_error();
        if list == List::AfterResponse {
            // Whoever met the list puts the error in the response's place.
            self.stream.after_failed = true;
            return Flow::Stop;
        }
        Flow::Leave(self.answer_error(500))
    }

    fn count_internal_error(&self) {
        self.client.session.frontend_counters.eint.increment();
        self.count_backend(|counters| counters.eint.increment());
    }

    /// `http-after-response` could not do its work: 500, to which its rules are not applied.
    pub fn answer_after_failure(&mut self, plan: &Arc<Plan>) -> Step {
        match self.error_reply(plan, 500) {
            Some(reply) => {
                let step = self.answer(plan, reply);
                self.stream.record.status = 500;
                step
            }
            None => self.close_with(crate::stream::Ending::Close),
        }
    }

    pub fn normalize(&mut self, list: List, normalizer: Normalizer) -> Flow {
        match uri::normalize(&mut self.stream.request, normalizer) {
            Ok(()) => Flow::Next,
            Err(uri::Failure::NoRoom) => self.rewrite_failed(list),
            Err(uri::Failure::Invalid) => {
                self.stream.record.untimed = true;
                let stage = self.stage_of(list);
                self.stream.record.end(Cause::Proxy, stage);
                self.client.session.frontend_counters.ereq.increment();
                Flow::Leave(self.answer_error(400))
            }
        }
    }

    /// `switch-mode http`: what was received is the beginning of a request. The rules behind it are not met, nor are
    /// they for the connection's later requests.
    pub fn switch_mode(&mut self) -> Flow {
        if self.stream.http {
            return Flow::Stop;
        }
        self.stream.stage = RequestStage::FrontendBody;
        Flow::Leave(self.upgrade_to_http())
    }

    /// A TCP connection goes on as an HTTP one, from the stage that is set.
    pub fn upgrade_to_http(&mut self) -> Step {
        self.client.session.upgraded = true;
        let stream = &mut *self.stream;
        stream.http = true;
        stream.tunnel = false;
        stream.rule_at = 0;
        stream.deadlines.phase = crate::timers::NEVER;
        if !stream.up.buffer.is_empty() && stream.record.first_byte_us == 0 {
            stream.record.first_byte_us = self.worker.clock.now_us();
        }
        self.go(Phase::RequestHead)
    }
}
