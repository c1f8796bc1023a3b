//! One timer per stream, lazily re-armed: a stream that pushes its deadline back on every event costs a store; the heap
//! is touched only when the armed moment comes or an earlier deadline is set.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::Clock;

/// No deadline.
pub const NEVER: u64 = u64::MAX;

/// What a task is known by in [`Timers`].
#[derive(Debug)]
struct Place {
    /// When the owner wants to be woken, milliseconds of the worker's clock.
    deadline: u64,
    /// The earliest entry of this place in the heap.
    armed: u64,
    /// Tells entries of an earlier owner apart.
    generation: u32,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct Inner {
    heap: BinaryHeap<Reverse<(u64, u32, u32)>>,
    places: Vec<Place>,
    free: Vec<u32>,
}

/// The timers of one worker.
#[derive(Debug, Default)]
pub struct Timers {
    inner: RefCell<Inner>,
    /// The moment until which the driver sleeps.
    sleeps_until: Cell<u64>,
    driver: RefCell<Option<Waker>>,
}

/// A task's place; given back when dropped.
#[derive(Debug)]
pub struct Timer {
    timers: Rc<Timers>,
    place: u32,
    deadline: Cell<u64>,
}

impl Timers {
    /// A place for the task behind `waker`, without a deadline.
    pub fn register(self: &Rc<Self>, waker: &Waker) -> Timer {
        let inner = &mut *self.inner.borrow_mut();
        let place = match inner.free.pop() {
            Some(place) => {
                inner.places[place as usize].waker = Some(waker.clone());
                place
            }
            None => {
                inner.places.push(Place {
                    deadline: NEVER,
                    armed: NEVER,
                    generation: 0,
                    waker: Some(waker.clone()),
                });
                (inner.places.len() - 1) as u32
            }
        };
        Timer { timers: self.clone(), place, deadline: Cell::new(NEVER) }
    }

    /// Wakes every task that has a place: for a stop or a new plan.
    pub fn wake_all(&self) {
        let wakers: Vec<Waker> =
            self.inner.borrow().places.iter().filter_map(|place| place.waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes the tasks whose deadline has come; to be spawned once per worker.
    pub async fn drive(self: Rc<Self>, clock: Rc<Clock>) {
        loop {
            let next = self.wake_due(clock.now_ms());
            self.sleeps_until.set(next);
            let pause = next.saturating_sub(clock.now_ms()).min(60_000);
            let mut sleep = std::pin::pin!(tokio::time::sleep(Duration::from_millis(pause.max(1))));
            std::future::poll_fn(|cx: &mut Context<'_>| {
                *self.driver.borrow_mut() = Some(cx.waker().clone());
                if self.sleeps_until.get() < next {
                    return Poll::Ready(());
                }
                sleep.as_mut().poll(cx)
            })
            .await;
        }
    }

    /// Wakes what is due and returns the next moment at which something may be.
    fn wake_due(&self, now: u64) -> u64 {
        let mut due = Vec::new();
        let next = self.inner.borrow_mut().take_due(now, &mut due);
        due.into_iter().for_each(Waker::wake);
        next
    }

    fn arm(&self, place: u32, deadline: u64) {
        let inner = &mut *self.inner.borrow_mut();
        let entry = &mut inner.places[place as usize];
        entry.deadline = deadline;
        if deadline >= entry.armed {
            return;
        }
        entry.armed = deadline;
        inner.heap.push(Reverse((deadline, place, entry.generation)));
        if deadline < self.sleeps_until.get() {
            self.sleeps_until.set(deadline);
            if let Some(waker) = self.driver.borrow().as_ref() {
                waker.wake_by_ref();
            }
        }
    }
}

impl Inner {
    fn take_due(&mut self, now: u64, due: &mut Vec<Waker>) -> u64 {
        while let Some(&Reverse((when, index, generation))) = self.heap.peek() {
            if when > now {
                return when;
            }
            self.heap.pop();
            let place = &mut self.places[index as usize];
            if place.generation != generation || place.armed != when {
                continue;
            }
            place.armed = NEVER;
            if place.deadline <= now {
                due.extend(place.waker.clone());
            } else if place.deadline != NEVER {
                place.armed = place.deadline;
                self.heap.push(Reverse((place.deadline, index, generation)));
            }
        }
        NEVER
    }
}

impl Timer {
    /// The task is woken at `deadline_ms` of the worker's clock, or a little later. [`NEVER`] for no deadline.
    pub fn set(&self, deadline_ms: u64) {
        if self.deadline.replace(deadline_ms) != deadline_ms {
            self.timers.arm(self.place, deadline_ms);
        }
    }

    /// The deadline as last set, so that a deadline that passed can be armed again.
    pub fn clear(&self) {
        self.deadline.set(NEVER);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let inner = &mut *self.timers.inner.borrow_mut();
        let place = &mut inner.places[self.place as usize];
        place.generation = place.generation.wrapping_add(1);
        place.deadline = NEVER;
        place.armed = NEVER;
        place.waker = None;
        inner.free.push(self.place);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn deadline_pushed_back_wakes_once_at_the_last_one() {
        let timers = Rc::new(Timers::default());
        let count = Arc::new(Count::default());
        let timer = timers.register(&Waker::from(count.clone()));
        for deadline in 10..100 {
            timer.set(deadline);
        }
        assert_eq!(timers.inner.borrow().heap.len(), 1);
        assert_eq!(timers.wake_due(50), 99);
        assert_eq!(count.0.load(SeqCst), 0);
        assert_eq!(timers.wake_due(99), NEVER);
        assert_eq!(count.0.load(SeqCst), 1);
    }

    #[test]
    fn earlier_deadline_is_armed_at_once() {
        let timers = Rc::new(Timers::default());
        let count = Arc::new(Count::default());
        let timer = timers.register(&Waker::from(count.clone()));
        timer.set(1000);
        timer.set(20);
        assert_eq!(timers.wake_due(20), 1000);
        assert_eq!(count.0.load(SeqCst), 1);
    }

    #[test]
    fn dropped_timer_wakes_nobody() {
        let timers = Rc::new(Timers::default());
        let count = Arc::new(Count::default());
        let timer = timers.register(&Waker::from(count.clone()));
        timer.set(20);
        drop(timer);
        let other = timers.register(&Waker::from(count.clone()));
        other.set(50);
        assert_eq!(timers.wake_due(30), 50);
        assert_eq!(count.0.load(SeqCst), 0);
    }
}
