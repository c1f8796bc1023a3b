//! One list: its conditions, its actions, and where it stands when it has to wait.

use std::sync::Arc;

use weir_plan::{Plan, Rules};
use weir_rules::{Action, Rule};
use weir_sample::{Resolved, Verdict};
use weir_types::ProxyId;

use super::List;
use crate::stream::Step;
use crate::timers::NEVER;
use crate::turn::Turn;

/// What an action did to the list it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Next,
    /// `allow`, `accept`: the rest of this list is not met.
    Stop,
    /// The action is met again when more data came or its time is over.
    Wait,
    /// The stream goes elsewhere.
    Leave(Step),
}

/// How the evaluation of a list ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    All,
    Wait,
    Leave(Step),
}

fn rules_of(rules: &Rules, list: List) -> &[Rule<Resolved>] {
    match list {
        // Met before there is a stream, in a way of their own.
        List::Connection | List::Session => &[],
        List::Content => &rules.tcp_request_content,
        List::Http => &rules.http_request,
        List::Redirect => &rules.redirect,
        List::StatsPage => &rules.stats_http_request,
        List::ResponseContent => &rules.tcp_response_content,
        List::Response => &rules.http_response,
        List::AfterResponse => &rules.http_after_response,
    }
}

impl Turn<'_, '_> {
    /// Meets the rules of `list` in `proxy`, from where it stood before. `finished`: missing data will not come.
    pub fn meet(&mut self, plan: &Arc<Plan>, proxy: ProxyId, list: List, finished: bool) -> Met {
        let Some(rules) = plan.proxy(proxy).rules.as_deref() else { return Met::All };
        let rules = rules_of(rules, list);
        if self.stream.rule_at == 0 {
            self.stream.lenient = false;
        }
        while let Some(rule) = rules.get(self.stream.rule_at as usize) {
            // A rule that changes the plan has begun already, and what it changes may be what it was met for.
            let begun = self.stream.edited.as_ref().is_some_and(|(at, _)| *at == self.stream.rule_at);
            // Hints make one response as long as nothing is decided between them.
            if rule.condition.is_some() || !matches!(rule.action, Action::EarlyHint { .. }) {
                self.send_early_hints();
            }
            if let Some(condition) = rule.condition.as_ref().filter(|_| !begun) {
                match condition.eval(&self.view(finished)) {
                    Verdict::Pass => {}
                    Verdict::Fail => {
                        self.next_rule();
                        continue;
                    }
                    Verdict::Unknown if finished => {
                        self.next_rule();
                        continue;
                    }
                    Verdict::Unknown => {
                        self.stream.waiting_rule = Some(rule.span);
                        return Met::Wait;
                    }
                }
            }
            let flow = self.apply(plan, proxy, list, &rule.action, finished);
            if matches!(flow, Flow::Stop | Flow::Leave(_))
                && !matches!(list, List::Redirect | List::StatsPage)
            {
                self.stream.last_rule = Some(rule.span);
            }
            match flow {
                Flow::Next => self.next_rule(),
                Flow::Stop => {
                    self.stream.waiting_rule = None;
                    break;
                }
                Flow::Wait => {
                    self.stream.waiting_rule = Some(rule.span);
                    return Met::Wait;
                }
                Flow::Leave(step) => return Met::Leave(step),
            }
            self.take_captures();
        }
        if !rules.is_empty() {
            self.send_early_hints();
        }
        self.stream.rule_at = 0;
        Met::All
    }

    fn next_rule(&mut self) {
        self.stream.rule_at += 1;
        self.stream.waiting_rule = None;
        self.stream.rule_deadline = NEVER;
    }

    /// Puts what converters captured where the log finds it.
    fn take_captures(&mut self) {
        for (response, slot, text) in self.stream.pending_captures.take() {
            self.stream.record.capture(response, slot, text);
        }
    }
}
