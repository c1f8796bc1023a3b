//! Processes killed while they count in a table: no lock stays held, nobody's holds stay, no increment of the others
//! is lost.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, ChildStdout, Command, Stdio};

use weir_shm::{DataType, Key, KeyType, Position, Shm, Stored, Table, TableSpec};
use weir_sys::descriptor::{set_close_on_exec, take_inherited};
use weir_sys::process;
use weir_types::WorkerId;

const VARIABLE: &str = "SHM_TABLE_CHILD";
const SIGKILL: i32 = 9;
const SIZE: u32 = 64;
const COUNTED: u64 = 400_000;

fn spec() -> TableSpec {
    TableSpec {
        name: "t".into(),
        key: KeyType::Integer,
        key_len: 4,
        size: SIZE,
        stored: vec![
            Stored::new(DataType::ConnCnt),
            Stored::new(DataType::ConnCur),
            Stored::rate(DataType::ConnRate, 3_600_000),
        ],
        brates_factor: 1,
    }
}

fn table(shm: Shm, worker: WorkerId) -> Table {
    shm.table(shm.find_table(&spec()).unwrap(), worker)
}

/// The same test again in another process, with the memory of this one.
fn child(shm: Shm, worker: u16, work: &str) -> (Child, BufReader<ChildStdout>) {
    let memory: Vec<_> = shm.descriptors().map(|one| one.as_fd().try_clone_to_owned().unwrap()).collect();
    memory.iter().for_each(|one| set_close_on_exec(one.as_fd(), false).unwrap());
    let numbers: Vec<_> = memory.iter().map(|one| one.as_raw_fd().to_string()).collect();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, format!("{worker}:{work}:{}", numbers.join(",")))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

fn role() -> Option<(Table, WorkerId, String)> {
    let value = std::env::var(VARIABLE).ok()?;
    let mut parts = value.split(':');
    let (worker, work, numbers) = (parts.next()?, parts.next()?, parts.next()?);
    process::set_parent_death_signal(SIGKILL).unwrap();
    let memory = numbers.split(',').map(|number| take_inherited(number.parse().unwrap()).unwrap()).collect();
    let worker = WorkerId(worker.parse().ok()?);
    Some((table(Shm::attach(memory).unwrap(), worker), worker, work.to_string()))
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

/// Makes, holds, lets go, removes and purges until it is killed.
fn churn(table: &Table, worker: WorkerId) -> ! {
    let mut held = Vec::new();
    let mut round = u32::from(worker.0);
    loop {
        round = round.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let now_ms = u64::from(round >> 24) + 1_000_000;
        // Key 0 is the counted one of others.
        let key = Key::Integer(1 + (round >> 8) % (SIZE * 2));
        match round >> 4 & 7 {
            0 | 1 => held.extend(table.track(&key, now_ms, |row| row.add(DataType::ConnCnt, 0, 1, now_ms))),
            2 => drop(held.pop()),
            3 => {
                table.remove(&key);
            }
            4 => table.clear(|row| row.integer().is_some_and(|key| key % 31 == 30)),
            _ => {
                table.update(&key, now_ms, |row| row.add(DataType::ConnRate, 0, 1, now_ms));
            }
        }
        held.truncate(8);
    }
}

#[test]
fn a_table_stays_whole_whenever_a_process_dies() {
    if let Some((table, worker, work)) = role() {
        if work == "count" {
            let (held, ()) = table.track(&Key::Integer(0), 1_000_000, |_| ()).unwrap();
            say("begun");
            for _ in 0..COUNTED {
                held.update(1_000_000, |row| {
                    row.add(DataType::ConnCnt, 0, 1, 1_000_000);
                    row.add(DataType::ConnRate, 0, 1, 1_000_000);
                });
            }
            held.release(1_000_000, |_| ());
            return say("counted");
        }
        say("begun");
        churn(&table, worker);
    }
    let shm = Shm::private(4);
    shm.add_tables(&[spec()]).unwrap();
    let mine = table(shm, shm.controller());
    mine.settle(0, false, false);
    // Held all the time: nobody purges it before the last has counted.
    let (anchor, ()) = mine.track(&Key::Integer(0), 1_000_000, |_| ()).unwrap();
    let mut counters: Vec<_> = (0..2).map(|worker| child(shm, worker, "count")).collect();
    let mut victims: Vec<_> = (2..4).map(|worker| child(shm, worker, "churn")).collect();
    for round in 0..80usize {
        let place = round % 2;
        let (victim, out) = &mut victims[place];
        wait_for(out, "begun");
        // The moment of death varies with the round.
        (0..round * 700).for_each(|_| std::hint::spin_loop());
        victim.kill().unwrap();
        victim.wait().unwrap();
        shm.recover(WorkerId(place as u16 + 2));
        check_links(&mine);
        victims[place] = child(shm, place as u16 + 2, "churn");
    }
    for (place, (victim, _)) in victims.iter_mut().enumerate() {
        victim.kill().unwrap();
        victim.wait().unwrap();
        shm.recover(WorkerId(place as u16 + 2));
    }
    for (counter, out) in &mut counters {
        wait_for(out, "counted");
        assert!(counter.wait().unwrap().success());
    }
    anchor.release(1_000_000, |_| ());
    let counted = mine.peek(&Key::Integer(0), 1_000_000, |row| {
        [DataType::ConnCnt, DataType::ConnRate].map(|data| row.value(data, 0, 1_000_000).unwrap())
    });
    assert_eq!(counted, Some([2 * COUNTED, 2 * COUNTED]));
    let mut from = Some(Position::default());
    while let Some(position) = from {
        from = mine.visit(position, 1_000_000, |row| {
            let current = row.value(DataType::ConnCur, 0, 1_000_000);
            assert_eq!((row.uses(), current), (0, Some(0)), "{:?}", row.integer());
        });
    }
    // With nobody left, everything can go, and the table can be filled again.
    mine.clear(|_| true);
    assert_eq!(mine.used(), 0);
    for key in 0..SIZE {
        mine.update(&Key::Integer(key), 1_000_000, |_| ()).unwrap();
    }
    assert_eq!(mine.used(), SIZE);
}

/// Every entry that a walk shows is found by its key, and there are as many as the table says at most.
fn check_links(table: &Table) {
    let mut seen = Vec::new();
    let mut from = Some(Position::default());
    while let Some(position) = from {
        from = table.visit(position, 1_000_000, |row| seen.extend(row.integer()));
    }
    assert!(seen.contains(&0) && seen.len() <= SIZE as usize);
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count, "no key is there twice");
}
