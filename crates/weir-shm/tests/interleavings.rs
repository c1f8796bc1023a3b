//! Every interleaving of the steps by which a place is granted from one process to a stream of another
//! (`queue.rs`, `wake.rs`), also when a granter dies between any two of them.
//!
//! What is explored is a model written here, step by step as in the code, because the real cells lie in mapped memory
//! that no model checker can replace. Its limits: steps happen in one order that all see (the code uses acquire and
//! release or stronger on every cell concerned), one taker, two granters, and the lists themselves are not modelled:
//! they are changed under a lock, which `deaths.rs` tests with real processes.

use std::collections::HashSet;

const WAITERS: usize = 2;

/// A waiter's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Entry {
    Waiting,
    Granted,
    Taken,
}

/// Where a granter stands: each variant is what it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Granter {
    Grant,
    Mark,
    Summarise,
    Announce,
    Wake,
    Done,
    Dead,
}

/// Where the taker stands in `take_grants`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Taker {
    /// Sleeps until the event is there.
    Asleep,
    Clear,
    ReadSummary,
    ReadMarks,
    /// These marks were read.
    Take(u8),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Model {
    entries: [Entry; WAITERS],
    marks: u8,
    summary: bool,
    awake: bool,
    event: bool,
    granters: [Granter; WAITERS],
    taker: Taker,
    /// A death has still to be recovered from.
    unrecovered: bool,
    may_die: bool,
    /// The mistake that the model must find: wake-ups are welcome again only once the marks were read.
    clears_late: bool,
}

impl Model {
    fn new(may_die: bool) -> Self {
        Self {
            entries: [Entry::Waiting; WAITERS],
            marks: 0,
            summary: false,
            awake: false,
            event: false,
            granters: [Granter::Grant; WAITERS],
            taker: Taker::Asleep,
            unrecovered: false,
            may_die,
            clears_late: false,
        }
    }

    /// Every state that one step of anybody leads to.
    fn next(&self) -> Vec<Self> {
        let mut states = Vec::new();
        for number in 0..WAITERS {
            states.extend(self.granter_step(number));
            if self.may_die && !matches!(self.granters[number], Granter::Done | Granter::Dead) {
                let mut state = self.clone();
                state.granters[number] = Granter::Dead;
                (state.may_die, state.unrecovered) = (false, true);
                states.push(state);
            }
        }
        states.extend(self.taker_step());
        if self.unrecovered {
            states.push(self.recovered());
        }
        states
    }

    fn granter_step(&self, number: usize) -> Option<Self> {
        let mut state = self.clone();
        state.granters[number] = match self.granters[number] {
            Granter::Grant => {
                state.entries[number] = Entry::Granted;
                Granter::Mark
            }
            Granter::Mark => {
                state.marks |= 1 << number;
                Granter::Summarise
            }
            Granter::Summarise => {
                state.summary = true;
                Granter::Announce
            }
            Granter::Announce => {
                // Only who finds no wake-up announced sends one.
                let first = !std::mem::replace(&mut state.awake, true);
                if first { Granter::Wake } else { Granter::Done }
            }
            Granter::Wake => {
                state.event = true;
                Granter::Done
            }
            Granter::Done | Granter::Dead => return None,
        };
        Some(state)
    }

    fn taker_step(&self) -> Option<Self> {
        let mut state = self.clone();
        state.taker = match self.taker {
            Taker::Asleep if !self.event => return None,
            Taker::Asleep => {
                state.event = false;
                if self.clears_late { Taker::ReadSummary } else { Taker::Clear }
            }
            Taker::Clear if self.clears_late => {
                state.awake = false;
                Taker::Asleep
            }
            Taker::Clear => {
                state.awake = false;
                Taker::ReadSummary
            }
            Taker::ReadSummary => {
                let any = std::mem::replace(&mut state.summary, false);
                match any {
                    true => Taker::ReadMarks,
                    false if self.clears_late => Taker::Clear,
                    false => Taker::Asleep,
                }
            }
            Taker::ReadMarks => Taker::Take(std::mem::take(&mut state.marks)),
            Taker::Take(marks) => {
                for (number, entry) in state.entries.iter_mut().enumerate() {
                    if marks & 1 << number != 0 && *entry == Entry::Granted {
                        *entry = Entry::Taken;
                    }
                }
                if self.clears_late { Taker::Clear } else { Taker::Asleep }
            }
        };
        Some(state)
    }

    /// What `Shm::recover` and `Wakers::wake_all` do: grants are marked again, everybody is woken.
    fn recovered(&self) -> Self {
        let mut state = self.clone();
        state.unrecovered = false;
        for (number, entry) in self.entries.iter().enumerate() {
            if *entry == Entry::Granted {
                state.marks |= 1 << number;
                state.summary = true;
            }
        }
        (state.awake, state.event) = (true, true);
        state
    }

    /// Nobody can do anything any more.
    fn check_end(&self) {
        for (number, entry) in self.entries.iter().enumerate() {
            let lost = *entry == Entry::Granted;
            assert!(!lost, "waiter {number} was granted a place and never told: {self:?}");
        }
    }
}

/// Visits every reachable state; returns how many there are.
fn explore(start: Model) -> usize {
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        let next = state.next();
        if next.is_empty() {
            state.check_end();
        }
        open.extend(next.into_iter().filter(|state| seen.insert(state.clone())));
    }
    seen.len()
}

#[test]
fn no_grant_is_lost() {
    let states = explore(Model::new(false));
    assert!(states > 100, "{states} states");
}

#[test]
fn no_grant_is_lost_when_a_granter_dies_anywhere() {
    let states = explore(Model::new(true));
    assert!(states > 300, "{states} states");
}

#[test]
#[should_panic(expected = "granted a place and never told")]
fn the_order_of_the_taker_matters() {
    explore(Model { clears_late: true, ..Model::new(false) });
}
