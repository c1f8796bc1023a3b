//! Prints how long shared memory for 10,000 backends of 5 servers takes to set up, and how much of it is touched.

use std::time::Instant;

use weir_shm::{Capacity, Kind, Shm};
use weir_types::WorkerId;

fn main() {
    let mut names = vec![(Kind::Frontend, "fe".to_string()), (Kind::Listener, "fe/1".to_string())];
    for backend in 0..10_000 {
        names.push((Kind::Backend, format!("backend{backend}")));
        names.extend((0..5).map(|server| (Kind::Server, format!("backend{backend}/server{server}"))));
    }
    let listed = || names.iter().map(|(kind, name)| (*kind, name.as_str()));
    let start = Instant::now();
    let shm = Shm::create(2, Capacity::of(listed()).with_slack()).expect("memory");
    shm.reserve(listed(), 0).expect("room");
    println!("set up in {:?}, touched {} kB", start.elapsed(), touched());
    let start = Instant::now();
    let slots: Vec<_> =
        listed().map(|(kind, name)| (kind, shm.find(kind, name).expect("reserved"))).collect();
    println!("found in {:?}", start.elapsed());
    for (kind, slot) in &slots {
        if *kind == Kind::Server {
            shm.server(*slot).state.begin();
        }
    }
    println!("servers initialised: touched {} kB", touched());
    for (kind, slot) in &slots {
        if *kind == Kind::Server {
            shm.server(*slot).counters(WorkerId(0)).stot.increment();
        }
    }
    println!("one worker counted everywhere: touched {} kB", touched());
    let sum = slots.iter().filter(|(kind, _)| *kind == Kind::Server);
    let start = Instant::now();
    let total: u64 = sum.map(|(_, slot)| shm.server(*slot).sum(|counters| counters.stot.value())).sum();
    println!("summed {total} in {:?}, touched {} kB", start.elapsed(), touched());
}

fn touched() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssShmem:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
