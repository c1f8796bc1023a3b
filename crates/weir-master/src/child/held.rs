//! Which plans a child still holds: the one in force, and older ones for as long as a stream that began with them lives.
//! The supervisor gives the places in shared memory of nobody's plan to new names.

use std::sync::{Arc, Weak};

use weir_plan::Plan;
use weir_shm::WorkerInfo;

pub struct Held {
    place: &'static WorkerInfo,
    plans: Vec<(u64, Weak<()>)>,
}

impl Held {
    pub fn new(place: &'static WorkerInfo, plan: &Arc<Plan>) -> Self {
        let mut held = Self { place, plans: Vec::new() };
        held.note(plan);
        held
    }

    /// Older plans were held when it was last looked.
    pub fn waits(&self) -> bool {
        self.plans.len() > 1
    }

    /// After anything that may have changed the plan in force, and now and then while older ones are held. True: some
    /// have ended. What was known of them lay in the middle of their memory, which can go back to the system only now.
    pub fn note(&mut self, current: &Arc<Plan>) -> bool {
        let before = self.plans.len();
        self.plans.retain(|(_, life)| life.strong_count() > 0);
        let ended = self.plans.len() < before;
        if !self.plans.iter().any(|(_, life)| std::ptr::eq(life.as_ptr(), Arc::as_ptr(&current.life))) {
            self.plans.push((current.generation, Arc::downgrade(&current.life)));
        }
        let oldest = self.plans.iter().map(|(generation, _)| *generation).min();
        self.place.oldest_plan.set(oldest.unwrap_or(current.generation));
        ended
    }
}

#[cfg(test)]
mod tests {
    use weir_shm::Shm;
    use weir_types::WorkerId;

    use super::*;

    #[test]
    fn a_plan_counts_until_its_last_stream_ends() {
        let place = Shm::private(1).worker(WorkerId(0));
        let plan = |generation| Arc::new(Plan { generation, ..Plan::default() });
        let (first, second, third) = (plan(3), plan(4), plan(5));
        let mut held = Held::new(place, &first);
        assert_eq!(place.oldest_plan.value(), 3);
        let stream = first.clone();
        drop(first);
        held.note(&second);
        assert_eq!(place.oldest_plan.value(), 3);
        drop(stream);
        held.note(&third);
        assert_eq!(place.oldest_plan.value(), 4, "the test still holds it");
        drop(second);
        held.note(&third);
        assert_eq!(place.oldest_plan.value(), 5);
    }
}
