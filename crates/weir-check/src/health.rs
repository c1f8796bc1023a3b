//! `rise` and `fall`: how many results in a row turn a server up or down.
//!
//! `health` runs from 0 to `rise + fall - 1`; from `rise` on the server is up. A failure of a server that is up costs
//! one and below `rise` all; a success of a server that is down gains one and from `rise` on all.

use crate::status::CheckResult;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub rise: u32,
    pub fall: u32,
    /// `check_health`
    pub value: u32,
}

/// Where the last check left an up server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Down,
    Up,
    /// Conditionally passed: takes only sessions that are bound to it (`NOLB`).
    Stopping,
}

/// What a result changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    /// `health` moved but the server stays as it was (`UP 2/3`, `DOWN 1/2`).
    Health,
    WentUp,
    WentDown,
    /// Up, and now conditionally so.
    WentStopping,
    /// From conditionally up to fully up.
    LeftStopping,
}

impl Health {
    /// A server begins up, one failure from down (`UP 1/fall`).
    pub fn new(rise: u32, fall: u32) -> Self {
        Self { rise, fall, value: rise }
    }

    pub fn is_up(&self) -> bool {
        self.value >= self.rise
    }

    /// At its end: further successes (or failures) change nothing.
    pub fn is_settled(&self) -> bool {
        self.value == 0 || self.value == self.full()
    }

    const fn full(&self) -> u32 {
        self.rise + self.fall - 1
    }

    /// `set server health up`, or a check that decides at once.
    pub fn raise(&mut self) {
        self.value = self.full();
    }

    /// `set server health down`, `on-error mark-down`.
    pub fn drop_down(&mut self) {
        self.value = 0;
    }

    /// `1/3` of `UP 1/3`, `DOWN 1/3` and of the log's `status: 1/3 UP`.
    pub fn fraction(&self) -> (u32, u32) {
        if self.is_up() { (self.value - self.rise + 1, self.fall) } else { (self.value, self.rise) }
    }

    /// Counts a result. `was` is where the server stood.
    pub fn count(&mut self, result: CheckResult, was: Condition) -> Change {
        let before = *self;
        match result {
            CheckResult::Unknown | CheckResult::Neutral => return Change::None,
            CheckResult::Failed => self.count_failure(),
            // A server that is down does not come up by a conditional success.
            CheckResult::ConditionallyPassed if !self.is_up() => return Change::None,
            CheckResult::Passed | CheckResult::ConditionallyPassed => self.count_success(),
        }
        match (before.is_up(), self.is_up()) {
            (true, false) => Change::WentDown,
            (false, true) => Change::WentUp,
            (true, true) if result == CheckResult::ConditionallyPassed && was == Condition::Up => {
                Change::WentStopping
            }
            (true, true) if result == CheckResult::Passed && was == Condition::Stopping => {
                Change::LeftStopping
            }
            _ if before != *self => Change::Health,
            _ => Change::None,
        }
    }

    fn count_failure(&mut self) {
        if self.value > self.rise {
            self.value -= 1;
        } else {
            self.value = 0;
        }
    }

    fn count_success(&mut self) {
        self.value = (self.value + 1).min(self.full());
        if self.value >= self.rise {
            self.value = self.full();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `check_health` of a server with `rise 3 fall 3` as the statistics of HAProxy showed it.
    #[test]
    fn rise_and_fall_as_observed() {
        let mut health = Health::new(3, 3);
        assert_eq!((health.value, health.fraction()), (3, (1, 3)));
        let mut results = Vec::new();
        for passed in [true, false, false, false, false, true, true, true, true] {
            let result = if passed { CheckResult::Passed } else { CheckResult::Failed };
            let change = health.count(result, Condition::Up);
            results.push((health.value, health.fraction(), change));
        }
        assert_eq!(
            results,
            [
                (5, (3, 3), Change::Health),
                (4, (2, 3), Change::Health),
                (3, (1, 3), Change::Health),
                (0, (0, 3), Change::WentDown),
                (0, (0, 3), Change::None),
                (1, (1, 3), Change::Health),
                (2, (2, 3), Change::Health),
                (5, (3, 3), Change::WentUp),
                (5, (3, 3), Change::None),
            ]
        );
    }

    /// As observed: a new server that fails its first check is down at once, whatever `fall`.
    #[test]
    fn first_failure_is_enough() {
        let mut health = Health::new(2, 3);
        assert_eq!(health.count(CheckResult::Failed, Condition::Up), Change::WentDown);
        assert_eq!(health.fraction(), (0, 2));
    }

    #[test]
    fn not_found_stops_and_a_success_ends_it() {
        let mut health = Health::new(2, 3);
        assert_eq!(health.count(CheckResult::ConditionallyPassed, Condition::Up), Change::WentStopping);
        assert_eq!(health.count(CheckResult::ConditionallyPassed, Condition::Stopping), Change::None);
        assert_eq!(health.count(CheckResult::Passed, Condition::Stopping), Change::LeftStopping);
        health.drop_down();
        assert_eq!(health.count(CheckResult::ConditionallyPassed, Condition::Down), Change::None);
    }
}
