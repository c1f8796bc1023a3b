//! Processes killed and stopped while they hold locks and move waiters; the others go on.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::process::{Child, ChildStdout, Command, Stdio};

use weir_shm::{Kind, Shm};
use weir_sys::descriptor::{set_close_on_exec, take_inherited};
use weir_sys::process;
use weir_types::WorkerId;

const VARIABLE: &str = "SHM_TEST_CHILD";
const SIGKILL: i32 = 9;
const SIGSTOP: i32 = 19;
const SIGCONT: i32 = 18;

fn shared() -> Shm {
    let shm = Shm::private(4);
    shm.find_or_add(Kind::Backend, "b").unwrap();
    shm.find_or_add(Kind::Server, "b/s").unwrap();
    shm
}

/// The same test again in another process, with the memory of this one.
fn child(shm: Shm, worker: u16) -> (Child, BufReader<ChildStdout>) {
    let segment: BorrowedFd<'_> = shm.descriptors().next().unwrap();
    let copy = segment.as_fd().try_clone_to_owned().unwrap();
    set_close_on_exec(copy.as_fd(), false).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, format!("{worker}:{}", copy.as_raw_fd()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// In a child: its memory and its place.
fn role() -> Option<(Shm, WorkerId)> {
    let value = std::env::var(VARIABLE).ok()?;
    let (worker, number) = value.split_once(':')?;
    process::set_parent_death_signal(SIGKILL).unwrap();
    let memory = take_inherited(number.parse().ok()?).unwrap();
    Some((Shm::attach(vec![memory]).unwrap(), WorkerId(worker.parse().ok()?)))
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("{text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn wait_for(out: &mut BufReader<ChildStdout>, text: &str) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.trim_end().ends_with(text) {
            return;
        }
        line.clear();
    }
    panic!("the child said no {text:?}");
}

#[test]
fn a_lock_is_taken_from_a_killed_and_from_a_stopped_owner() {
    if let Some((shm, worker)) = role() {
        let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
        let _balance = backend.balance(worker);
        say("held");
        loop {
            std::thread::park();
        }
    }
    let shm = shared();
    let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
    for first_signal in [SIGKILL, SIGSTOP] {
        let (mut child, mut out) = child(shm, 1);
        wait_for(&mut out, "held");
        process::kill(child.id(), first_signal).unwrap();
        let waiter = std::thread::spawn(move || backend.balance(WorkerId(0)).recovered());
        // What the supervisor does with a process that died or was stopped.
        process::kill(child.id(), SIGKILL).unwrap();
        child.wait().unwrap();
        shm.recover(WorkerId(1));
        assert!(waiter.join().unwrap());
        assert!(!backend.balance(WorkerId(0)).recovered());
    }
}

#[test]
fn queues_stay_whole_whenever_a_worker_dies() {
    if let Some((shm, worker)) = role() {
        say("begun");
        churn(shm, worker);
    }
    let shm = shared();
    let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
    let server = shm.find(Kind::Server, "b/s").unwrap();
    let mut children: Vec<_> = (0..3).map(|worker| child(shm, worker)).collect();
    for round in 0..90usize {
        let place = round % 3;
        let (victim, out) = &mut children[place];
        wait_for(out, "begun");
        // The moment of death varies with the round.
        for _ in 0..round * 500 {
            std::hint::spin_loop();
        }
        if round % 2 == 1 {
            // Stopped and let go on, then stopped for good: the others meet what it holds at two moments.
            for signal in [SIGSTOP, SIGCONT, SIGSTOP] {
                process::kill(victim.id(), signal).unwrap();
                std::thread::yield_now();
            }
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        shm.recover(WorkerId(place as u16));
        let counters = shm.server(server).counters(WorkerId(place as u16));
        assert_eq!(counters.served.value(), 0);
        children[place] = child(shm, place as u16);
    }
    for (place, (child, _)) in children.iter_mut().enumerate() {
        child.kill().unwrap();
        child.wait().unwrap();
        shm.recover(WorkerId(place as u16));
    }
    let balance = backend.balance(WorkerId(0));
    assert_eq!((balance.queued(None), balance.queued(Some(server)), balance.served(server)), (0, 0, 0));
    for token in 0..10 {
        balance.enqueue(WorkerId(0), Some(server), 0, token).unwrap();
    }
    while balance.grant(server, 0, true).is_some() {}
    drop(balance);
    let tokens: Vec<u64> = shm.take_grants(WorkerId(0)).iter().map(|grant| grant.token).collect();
    assert_eq!(tokens, (0..10).collect::<Vec<_>>());
}

/// Queues, cancels, grants and releases until it is killed.
fn churn(shm: Shm, worker: WorkerId) -> ! {
    let backend = shm.backend(shm.find(Kind::Backend, "b").unwrap());
    let server = shm.find(Kind::Server, "b/s").unwrap();
    let mut token = 0u64;
    loop {
        let balance = backend.balance(worker);
        token += 1;
        let target = token.is_multiple_of(2).then_some(server);
        let waiter = balance.enqueue(worker, target, token % 3, token);
        if let Some(waiter) = waiter.filter(|_| token.is_multiple_of(5)) {
            balance.cancel(waiter);
        }
        balance.grant(server, 8, true);
        drop(balance);
        for _ in shm.take_grants(worker) {
            backend.balance(worker).release(worker, server);
        }
    }
}
