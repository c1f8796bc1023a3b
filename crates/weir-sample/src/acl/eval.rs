//! Evaluation of ACLs and conditions. A term whose data are missing makes the answer `Unknown` only where it matters.

use super::{Acl, AclTest, Condition, Term};
use crate::expr::Scan;
use crate::pattern::Method;
use crate::stage::Resolved;
use crate::stream::Stream;
use crate::value::{Got, Value};

/// A condition's answer; `Unknown` means data are still missing and the rule list must wait. Ordered, so that "all of"
/// is the least and "any of" the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Fail,
    Unknown,
    Pass,
}

impl Verdict {
    pub const fn negated_if(self, negated: bool) -> Verdict {
        match (self, negated) {
            (Verdict::Pass, true) => Verdict::Fail,
            (Verdict::Fail, true) => Verdict::Pass,
            (verdict, _) => verdict,
        }
    }

    pub const fn passes(self) -> bool {
        matches!(self, Verdict::Pass)
    }
}

impl From<bool> for Verdict {
    fn from(pass: bool) -> Self {
        if pass { Verdict::Pass } else { Verdict::Fail }
    }
}

impl Condition<Resolved> {
    /// Whether the rule applies: `unless` is already taken into account.
    pub fn eval(&self, stream: &dyn Stream) -> Verdict {
        let mut best = Verdict::Fail;
        for group in &self.any {
            best = best.max(all(group, stream));
            if best == Verdict::Pass {
                break;
            }
        }
        best.negated_if(self.negated)
    }
}

fn all(group: &[Term<Resolved>], stream: &dyn Stream) -> Verdict {
    let mut worst = Verdict::Pass;
    for term in group {
        let verdict = match term {
            Term::Named { negated, acl } | Term::Anonymous { negated, acl } => {
                acl.eval(stream).negated_if(*negated)
            }
        };
        worst = worst.min(verdict);
        if worst == Verdict::Fail {
            break;
        }
    }
    worst
}

impl Acl<Resolved> {
    pub fn eval(&self, stream: &dyn Stream) -> Verdict {
        let mut best = Verdict::Fail;
        for test in &self.tests {
            best = best.max(test.eval(stream));
            if best == Verdict::Pass {
                break;
            }
        }
        best
    }
}

impl AclTest<Resolved> {
    fn eval(&self, stream: &dyn Stream) -> Verdict {
        if self.method == Method::Found {
            return match self.expr.eval(stream) {
                Got::Value(_) | Got::Unstable(_) => Verdict::Pass,
                Got::Wait if !stream.finished() => Verdict::Unknown,
                Got::Nothing | Got::Wait => Verdict::Fail,
            };
        }
        match self.expr.scan(stream, &mut |value| self.matches(value, stream)) {
            Scan::Hit => Verdict::Pass,
            Scan::Miss => Verdict::Fail,
            Scan::Wait => Verdict::Unknown,
        }
    }

    fn matches(&self, value: Value<'_>, stream: &dyn Stream) -> bool {
        let Some(value) = value.cast(self.method.compares()) else {
            return false;
        };
        if !self.groups.is_empty() {
            return self.in_group(&value, stream);
        }
        match (self.method, &value) {
            (Method::Bool, Value::Bool(truth)) => *truth,
            _ => self.patterns.iter().any(|pattern| pattern.matches(&value)),
        }
    }

    fn in_group(&self, value: &Value<'_>, stream: &dyn Stream) -> bool {
        let (Some(crate::arg::Arg::Userlist(list)), Value::Str(user)) = (self.expr.args.first(), value)
        else {
            return false;
        };
        self.groups.iter().any(|group| stream.user_in_group(*list, user, group))
    }
}
