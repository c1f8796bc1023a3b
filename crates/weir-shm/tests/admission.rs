//! Every interleaving of workers that claim, count, end, give back and park under one `maxconn` (`admission.rs`).
//!
//! What is explored is a model written here, step by step as in the code. Memory is that of processors with store buffers:
//! what a worker writes, others see at any later moment, in the order of its writes, and a fence waits until all is seen.
//! Each worker has one connection to serve, which ends or stays for good. Listener, frontend and process are one limit here, since they are counted
//! side by side and checked alike.

use std::collections::HashMap;

const WORKERS: usize = 3;
/// Writes that a worker may have under way: more are never made between two fences.
const BUFFER: usize = 4;

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Raise,
    ClaimFence,
    /// Reads the gauge of this worker; so many were counted before.
    Sum(usize, u8),
    Count,
    Settle,
    SettleFence,
    Serve,
    EndFence,
    /// Looks whether this worker is parked. True: its own connection has ended.
    Wake(usize, bool),
    GiveBack,
    Park,
    ParkFence,
    Look(usize, u8),
    Asleep,
    Unpark,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Write {
    Gauge(u8),
    Parked(bool),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Worker {
    step: Step,
    /// What it wrote itself, and what others see of that.
    own_gauge: u8,
    gauge: u8,
    parked: bool,
    buffer: [Option<Write>; BUFFER],
    event: bool,
}

/// Mistakes that the model must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mistake {
    None,
    NoFenceBehindClaim,
    NoLastLook,
    NoFenceBehindEnd,
    NobodyIsWokenBySettling,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Model {
    workers: [Worker; WORKERS],
    limit: u8,
    /// No connection ends.
    lasting: bool,
    mistake: Mistake,
}

impl Worker {
    fn new() -> Self {
        let (own_gauge, gauge, parked) = (0, 0, false);
        Self { step: Step::Raise, own_gauge, gauge, parked, buffer: [None; BUFFER], event: false }
    }

    fn write(&mut self, write: Write) {
        if let Write::Gauge(value) = write {
            self.own_gauge = value;
        }
        let free = self.buffer.iter_mut().find(|place| place.is_none());
        *free.expect("the buffer is long enough") = Some(write);
    }

    /// The oldest write is seen by others.
    fn drain(&mut self) -> bool {
        match self.buffer[0].take() {
            None => return false,
            Some(Write::Gauge(value)) => self.gauge = value,
            Some(Write::Parked(parked)) => self.parked = parked,
        }
        self.buffer.rotate_left(1);
        true
    }

    /// Whether a connection of its own was let in and has not ended.
    fn serves(&self) -> bool {
        matches!(
            self.step,
            Step::Count | Step::Settle | Step::SettleFence | Step::Wake(_, false) | Step::Serve
        )
    }
}

impl Model {
    fn new(limit: u8, lasting: bool, mistake: Mistake) -> Self {
        Self { workers: std::array::from_fn(|_| Worker::new()), limit, lasting, mistake }
    }

    fn next(&self) -> Vec<Self> {
        let mut states = Vec::new();
        for number in 0..WORKERS {
            let mut drained = self.clone();
            if drained.workers[number].drain() {
                states.push(drained);
            }
            states.extend(self.step(number));
        }
        states
    }

    fn gauge_seen_by(&self, reader: usize, of: usize) -> u8 {
        if reader == of { self.workers[of].own_gauge } else { self.workers[of].gauge }
    }

    fn step(&self, number: usize) -> Option<Self> {
        let mut state = self.clone();
        let (limit, mistake) = (self.limit, self.mistake);
        let gauge = self.workers[number].own_gauge;
        let fenced = self.workers[number].buffer[0].is_none();
        let step = match self.workers[number].step {
            Step::Raise => state.write(number, Write::Gauge(gauge + 1), Step::ClaimFence),
            Step::ClaimFence if fenced || mistake == Mistake::NoFenceBehindClaim => Step::Sum(0, 0),
            Step::Sum(WORKERS, sum) if sum <= limit => Step::Count,
            Step::Sum(WORKERS, _) => Step::GiveBack,
            Step::Sum(of, sum) => Step::Sum(of + 1, sum + self.gauge_seen_by(number, of)),
            // The connection is counted before its claim goes: for a moment it takes two places.
            Step::Count => state.write(number, Write::Gauge(gauge + 1), Step::Settle),
            Step::Settle => state.write(number, Write::Gauge(gauge - 1), Step::SettleFence),
            Step::SettleFence if mistake == Mistake::NobodyIsWokenBySettling => Step::Serve,
            Step::SettleFence if fenced => Step::Wake(0, false),
            Step::Serve if !self.lasting => state.write(number, Write::Gauge(gauge - 1), Step::EndFence),
            Step::EndFence if fenced || mistake == Mistake::NoFenceBehindEnd => Step::Wake(0, true),
            Step::Wake(WORKERS, ended) => {
                if ended {
                    Step::Done
                } else {
                    Step::Serve
                }
            }
            Step::Wake(of, ended) => {
                state.workers[of].event |= of != number && self.workers[of].parked;
                Step::Wake(of + 1, ended)
            }
            Step::GiveBack => state.write(number, Write::Gauge(gauge - 1), Step::Park),
            Step::Park => state.write(number, Write::Parked(true), Step::ParkFence),
            Step::ParkFence if mistake == Mistake::NoLastLook => Step::Asleep,
            Step::ParkFence if fenced => Step::Look(0, 0),
            Step::Look(WORKERS, sum) if sum < limit => Step::Unpark,
            Step::Look(WORKERS, _) => Step::Asleep,
            Step::Look(of, sum) => Step::Look(of + 1, sum + self.gauge_seen_by(number, of)),
            Step::Asleep if self.workers[number].event => {
                state.workers[number].event = false;
                Step::Unpark
            }
            Step::Unpark => state.write(number, Write::Parked(false), Step::Raise),
            Step::ClaimFence | Step::SettleFence | Step::EndFence | Step::ParkFence => return None,
            Step::Serve | Step::Asleep | Step::Done => return None,
        };
        state.workers[number].step = step;
        Some(state)
    }

    fn write(&mut self, number: usize, write: Write, then: Step) -> Step {
        self.workers[number].write(write);
        then
    }

    fn served(&self) -> usize {
        self.workers.iter().filter(|worker| worker.serves()).count()
    }

    /// All were served, or as many as may be are.
    fn is_done(&self) -> bool {
        let all = self.workers.iter().all(|worker| worker.step == Step::Done);
        all || self.lasting && self.served() == self.limit.into()
    }
}

/// Visits every reachable state; from each of them all connections can still be served. Returns how many there are.
fn explore(start: Model) -> usize {
    let mut numbers = HashMap::from([(start.clone(), 0usize)]);
    let mut came_from: Vec<Vec<usize>> = vec![Vec::new()];
    let mut done = Vec::new();
    let mut open = vec![(start, 0)];
    while let Some((state, number)) = open.pop() {
        let within = state.served() <= state.limit.into();
        assert!(within, "more connections than the limit: {state:?}");
        let next = state.next();
        if state.is_done() {
            done.push(number);
        }
        assert!(!next.is_empty() || state.is_done(), "a worker sleeps beside a free place: {state:?}");
        for state in next {
            let fresh = numbers.len();
            let target = *numbers.entry(state.clone()).or_insert(fresh);
            if target == fresh {
                came_from.push(Vec::new());
                open.push((state, fresh));
            }
            came_from[target].push(number);
        }
    }
    let mut finishes = vec![false; numbers.len()];
    while let Some(number) = done.pop() {
        if !std::mem::replace(&mut finishes[number], true) {
            done.extend(&came_from[number]);
        }
    }
    assert!(finishes.iter().all(|finishes| *finishes), "somebody is never served");
    numbers.len()
}

#[test]
fn no_more_than_the_limit_and_nobody_forgotten() {
    let states = explore(Model::new(1, false, Mistake::None));
    assert!(states > 1000, "{states} states");
}

#[test]
fn every_place_is_used() {
    for limit in [1, 2] {
        let states = explore(Model::new(limit, true, Mistake::None));
        assert!(states > 1000, "{states} states under a limit of {limit}");
    }
}

#[test]
#[should_panic(expected = "more connections than the limit")]
fn the_fence_behind_a_claim_matters() {
    explore(Model::new(1, false, Mistake::NoFenceBehindClaim));
}

#[test]
#[should_panic(expected = "sleeps beside a free place")]
fn the_last_look_matters() {
    explore(Model::new(1, false, Mistake::NoLastLook));
}

#[test]
#[should_panic(expected = "sleeps beside a free place")]
fn the_fence_behind_an_end_matters() {
    explore(Model::new(1, false, Mistake::NoFenceBehindEnd));
}

#[test]
#[should_panic(expected = "sleeps beside a free place")]
fn the_wake_up_behind_a_count_matters() {
    // While a connection was counted twice, another worker was refused.
    explore(Model::new(2, true, Mistake::NobodyIsWokenBySettling));
}
