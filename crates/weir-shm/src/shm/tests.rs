use std::os::fd::AsFd;

use super::*;

fn shm_with(names: &[(Kind, &str)]) -> Shm {
    let shm = Shm::private(2);
    shm.reserve(names.iter().copied(), 0).unwrap();
    shm
}

fn attach_again(shm: Shm) -> Shm {
    Shm::attach(shm.descriptors().map(|fd| fd.as_fd().try_clone_to_owned().unwrap()).collect()).unwrap()
}

#[test]
fn halves_of_a_listen_section_have_slots_of_their_own() {
    let shm = shm_with(&[(Kind::Frontend, "web"), (Kind::Backend, "web"), (Kind::Server, "web/s1")]);
    assert!(shm.find(Kind::Frontend, "web").is_some());
    assert!(shm.find(Kind::Backend, "web").is_some());
    assert_eq!(shm.find(Kind::Server, "web"), None);
    assert_eq!(shm.find(Kind::Listener, "web"), None);
}

#[test]
fn growth_keeps_slots_and_counts() {
    let shm = Shm::create(1, Capacity::of([(Kind::Server, "b/s0")].into_iter())).unwrap();
    let first = shm.find_or_add(Kind::Server, "b/s0").unwrap();
    shm.server(first).counters(WorkerId(0)).stot.add(7);
    let names: Vec<String> = (0..1000).map(|number| format!("b/s{number}")).collect();
    shm.reserve(names.iter().map(|name| (Kind::Server, name.as_str())), 0).unwrap();
    assert!(shm.segment_count() > 1);
    assert_eq!(shm.find(Kind::Server, "b/s0"), Some(first));
    assert_eq!(shm.server(first).sum(|counters| counters.stot.value()), 7);
    let slots: std::collections::HashSet<_> =
        names.iter().map(|name| shm.find(Kind::Server, name).unwrap()).collect();
    assert_eq!(slots.len(), 1000);
    assert_eq!(shm.names().count(), 1000);
}

#[test]
fn another_mapping_sees_the_same() {
    let shm = shm_with(&[(Kind::Server, "b/s")]);
    let other = attach_again(shm);
    let slot = other.find(Kind::Server, "b/s").unwrap();
    shm.server(slot).counters(WorkerId(1)).bin.add(100);
    other.server(slot).counters(WorkerId(0)).bin.add(11);
    assert_eq!(shm.server(slot).sum(|counters| counters.bin.value()), 111);
    shm.server(slot).text().check.set("Layer4 connection problem");
    assert_eq!(other.server(slot).text().check.value(), "Layer4 connection problem");
}

#[test]
fn another_layout_is_refused() {
    let copy = nix::sys::memfd::memfd_create(c"bad", nix::sys::memfd::MFdFlags::empty()).unwrap();
    nix::unistd::write(&copy, &[0u8; 4096]).unwrap();
    assert!(matches!(Shm::attach(vec![copy]), Err(ShmError::Layout { .. })));
}

#[test]
fn recovery_clears_gauges_and_keeps_totals() {
    let shm = shm_with(&[(Kind::Frontend, "f")]);
    let frontend = shm.frontend(shm.find(Kind::Frontend, "f").unwrap());
    for worker in [WorkerId(0), WorkerId(1)] {
        frontend.counters(worker).scur.increment();
        frontend.counters(worker).stot.increment();
    }
    shm.recover(WorkerId(0));
    assert_eq!(frontend.sum(|counters| counters.scur.value()), 1);
    assert_eq!(frontend.sum(|counters| counters.stot.value()), 2);
    assert!(shm.take_kick(WorkerId(1)));
    assert!(!shm.take_kick(WorkerId(1)));
}

#[test]
fn the_longest_waiter_of_any_worker_is_served_first() {
    let shm = shm_with(&[(Kind::Backend, "b"), (Kind::Server, "b/s")]);
    let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
    let server = shm.find(Kind::Server, "b/s").unwrap();
    let balance = backend.balance(WorkerId(0));
    assert!(balance.acquire(WorkerId(0), server, 1));
    assert!(!balance.acquire(WorkerId(1), server, 1));
    let late = balance.enqueue(WorkerId(1), Some(server), 5, 10).unwrap();
    balance.enqueue(WorkerId(0), None, 5, 20).unwrap();
    balance.enqueue(WorkerId(1), None, 1, 30).unwrap();
    assert_eq!(balance.grant(server, 1, true), None);
    balance.release(WorkerId(0), server);
    assert_eq!(balance.grant(server, 1, true), Some(WorkerId(1)));
    assert!(balance.cancel(late));
    assert_eq!(balance.queued(Some(server)), 0);
    assert_eq!(balance.grant(server, 0, false), None);
    assert_eq!(balance.grant(server, 0, true), Some(WorkerId(0)));
    drop(balance);
    let tokens = |worker| shm.take_grants(worker).iter().map(|grant| grant.token).collect::<Vec<_>>();
    assert_eq!(tokens(WorkerId(1)), [30]);
    assert_eq!(tokens(WorkerId(0)), [20]);
    assert_eq!(tokens(WorkerId(0)), []);
}

#[test]
fn lists_torn_by_a_death_are_linked_anew() {
    let shm = shm_with(&[(Kind::Backend, "b"), (Kind::Server, "b/s")]);
    let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
    let server = shm.find(Kind::Server, "b/s").unwrap();
    backend.with_balance(WorkerId(1), |balance| {
        for token in 0..5 {
            balance.enqueue(WorkerId((token % 2) as u16), Some(server), 0, token).unwrap();
        }
    });
    let torn = backend.balance(WorkerId(1));
    for waiter in shm.waiters().iter().take(3) {
        waiter.tear();
    }
    std::mem::forget(torn);
    shm.recover(WorkerId(1));
    let balance = backend.balance(WorkerId(0));
    assert!(balance.recovered());
    assert_eq!(balance.queued(Some(server)), 3);
    for _ in 0..3 {
        assert_eq!(balance.grant(server, 0, true), Some(WorkerId(0)));
    }
    assert_eq!(balance.grant(server, 0, true), None);
    drop(balance);
    assert_eq!(shm.take_grants(WorkerId(0)).iter().map(|grant| grant.token).collect::<Vec<_>>(), [0, 2, 4]);
}

#[test]
fn a_full_pool_refuses() {
    let shm = Shm::create(1, Capacity { objects: [1; 4], name_bytes: 64, waiters: 2 }).unwrap();
    let backend = shm.backend(shm.find_or_add(Kind::Backend, "b").unwrap());
    let balance = backend.balance(WorkerId(0));
    let first = balance.enqueue(WorkerId(0), None, 0, 1).unwrap();
    assert!(balance.enqueue(WorkerId(0), None, 0, 2).is_some());
    assert!(balance.enqueue(WorkerId(0), None, 0, 3).is_none());
    assert!(balance.cancel(first));
    assert!(balance.enqueue(WorkerId(0), None, 0, 3).is_some());
}

/// A plan of one frontend and `count` servers that no other generation has.
fn plan_names(generation: u64, count: usize) -> Vec<(Kind, String)> {
    let servers = (0..count).map(|number| (Kind::Server, format!("b/pod-{generation:06}-{number}")));
    std::iter::once((Kind::Frontend, "web".to_string())).chain(servers).collect()
}

fn reserve(shm: Shm, names: &[(Kind, String)], generation: u64) {
    shm.reserve(names.iter().map(|(kind, name)| (*kind, name.as_str())), generation).unwrap();
}

#[test]
fn names_that_come_and_go_do_not_pile_up() {
    let shm = Shm::create(1, Capacity::of([(Kind::Frontend, "web")].into_iter()).with_slack()).unwrap();
    let worker = shm.worker(WorkerId(0));
    worker.set_phase(WorkerPhase::Running);
    reserve(shm, &plan_names(0, 100), 0);
    let web = shm.find(Kind::Frontend, "web").unwrap();
    shm.frontend(web).counters(WorkerId(0)).stot.add(5);
    let segments = shm.segment_count() + 1;
    for generation in 1..100 {
        // The process still holds the plan before the last.
        worker.oldest_plan.set(generation - 1);
        let names = plan_names(generation, 100);
        reserve(shm, &names, generation);
        let slots: std::collections::HashSet<_> =
            names[1..].iter().map(|(kind, name)| shm.find(*kind, name).unwrap()).collect();
        assert_eq!(slots.len(), 100);
        for slot in slots {
            let counters = shm.server(slot).counters(WorkerId(0));
            assert_eq!(counters.stot.value(), 0, "a place with a new name begins anew");
            counters.stot.add(1);
        }
        let (kind, held) = &plan_names(generation - 1, 1)[1];
        let held = shm.find(*kind, held).expect("a plan that a process holds keeps its names");
        assert_eq!(shm.server(held).sum(|counters| counters.stot.value()), u64::from(generation > 1));
        assert!(shm.segment_count() <= segments + 1, "{}", shm.segment_count());
    }
    assert_eq!(shm.find(Kind::Frontend, "web"), Some(web));
    assert_eq!(shm.frontend(web).sum(|counters| counters.stot.value()), 5);
}

#[test]
fn a_process_that_says_nothing_of_its_plans_keeps_all_names() {
    let shm = Shm::create(1, Capacity::of([(Kind::Frontend, "web")].into_iter())).unwrap();
    shm.worker(WorkerId(0)).set_phase(WorkerPhase::Running);
    for generation in 0..20 {
        reserve(shm, &plan_names(generation, 50), generation);
    }
    for generation in 0..20 {
        assert!(plan_names(generation, 50).iter().all(|(kind, name)| shm.find(*kind, name).is_some()));
    }
}
