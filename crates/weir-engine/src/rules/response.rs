//! Rules of responses: `tcp-response content`, `http-response` of the backend and then of the frontend, and
//! `http-after-response` in the same order.

use std::sync::Arc;

use weir_plan::Plan;

use super::List;
use super::list::Met;
use crate::channel::Framing;
use crate::stream::{Deadlines, Phase, Step};
use crate::timers::NEVER;
use crate::turn::Turn;

/// How far a response has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseStage {
    #[default]
    Content,
    Backend,
    Frontend,
    /// The persistence cookie, captures of what rules left.
    Last,
}

impl Turn<'_, '_> {
    /// `Next` in the phase `Exchange`: the response may go out. `Wait`: a rule waits for time or data.
    pub fn response_rules(&mut self, plan: &Arc<Plan>) -> Step {
        loop {
            let (frontend, backend) = (self.stream.frontend, self.stream.backend);
            let met = match self.stream.response_stage {
                ResponseStage::Content => self.meet(plan, backend, List::ResponseContent, true),
                ResponseStage::Backend => self.meet(plan, backend, List::Response, true),
                ResponseStage::Frontend if frontend != backend => {
                    self.meet(plan, frontend, List::Response, true)
                }
                ResponseStage::Frontend => Met::All,
                ResponseStage::Last => {
                    self.stream.response_waits = false;
                    if plan.proxy(backend).settings.options.checkcache && self.is_cache_risk() {
                        return self.block_cookie(plan);
                    }
                    self.insert_cookie(plan);
                    if !self.after_response_rules(plan) {
                        return self.answer_after_failure(plan);
                    }
                    return Step::Next;
                }
            };
            match met {
                Met::All => {
                    self.stream.deadlines.phase = NEVER;
                    self.stream.response_stage = match self.stream.response_stage {
                        ResponseStage::Content => ResponseStage::Backend,
                        ResponseStage::Backend => ResponseStage::Frontend,
                        ResponseStage::Frontend | ResponseStage::Last => ResponseStage::Last,
                    };
                }
                Met::Wait => {
                    self.stream.response_waits = true;
                    // Neither side's own time runs while rules hold the response.
                    self.stream.deadlines = Deadlines { phase: self.stream.rule_deadline, ..Deadlines::NONE };
                    return Step::Wait;
                }
                Met::Leave(step) => {
                    debug_assert!(self.stream.phase != Phase::Exchange);
                    return step;
                }
            }
        }
    }

    /// `tcp-response content` of a TCP stream: `Next` in the phase `Exchange` when the data may pass.
    pub fn meet_response_content(&mut self) -> Step {
        let plan = self.client.session.plan.clone();
        let backend = self.stream.backend;
        let delay =
            plan.proxy(backend).rules.as_deref().map_or(0, |rules| u64::from(rules.response_inspect_delay));
        if self.stream.deadlines.phase == NEVER {
            self.stream.deadlines.phase = self.now_ms() + delay;
        }
        let down = &self.stream.down;
        let full = down.buffer.capacity() > 0 && down.buffer.is_full();
        let finished = full || down.eof || self.now_ms() >= self.stream.deadlines.phase;
        match self.meet(&plan, backend, List::ResponseContent, finished) {
            Met::All => {
                self.stream.deadlines.phase = NEVER;
                self.put_limits(&plan, false, false);
                self.store_stick_entries(&plan);
                self.stream.down.framing = Framing::Raw;
                // Raw framing cannot be broken.
                let _ = self.stream.down.pass();
                Step::Next
            }
            Met::Wait => Step::Wait,
            Met::Leave(step) => step,
        }
    }

    /// `http-after-response`: met by every response that goes out, weir's own included. Nothing in it can leave or wait.
    /// False: a rewrite failed for which the response must not go out; the rules are not met a second time.
    pub fn after_response_rules(&mut self, plan: &Arc<Plan>) -> bool {
        if self.stream.after_failed {
            return true;
        }
        let (frontend, backend) = (self.stream.frontend, self.stream.backend);
        let at = std::mem::take(&mut self.stream.rule_at);
        self.meet(plan, backend, List::AfterResponse, true);
        if frontend != backend && !self.stream.after_failed {
            self.stream.rule_at = 0;
            self.meet(plan, frontend, List::AfterResponse, true);
        }
        self.stream.rule_at = at;
        !self.stream.after_failed
    }
}
