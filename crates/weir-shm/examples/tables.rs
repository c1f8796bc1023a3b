//! Four processes count in one stick table of a million keys: updates a second, and memory of an entry.
//! `cargo run --release -p weir-shm --example tables [keys] [seconds]`

use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use weir_shm::{DataType, Key, KeyType, Shm, Stored, Table, TableSpec};
use weir_sys::descriptor::{set_close_on_exec, take_inherited};
use weir_types::WorkerId;

const VARIABLE: &str = "SHM_TABLES_CHILD";
const PROCESSES: u16 = 4;

fn spec(keys: u32) -> TableSpec {
    TableSpec {
        name: "t".into(),
        key: KeyType::Ip4,
        key_len: 4,
        size: keys,
        stored: vec![Stored::new(DataType::Gpc0), Stored::rate(DataType::HttpReqRate, 10_000)],
        brates_factor: 1,
    }
}

/// What a request with `track-sc0` and one counter does.
fn update(table: &Table, key: u32, now_ms: u64) {
    let key = Key::Ip4(key.to_be_bytes());
    let tracked = table.track(&key, now_ms, |row| row.add(DataType::HttpReqRate, 0, 1, now_ms));
    if let Some((tracked, _)) = tracked {
        tracked.release(now_ms, |row| {
            row.add(DataType::Gpc0, 0, 1, now_ms);
        });
    }
}

fn child(value: &str) {
    let numbers: Vec<u64> = value.split(',').map(|number| number.parse().unwrap()).collect();
    let [worker, keys, seconds, descriptors @ ..] = &numbers[..] else { return };
    let memory = descriptors.iter().map(|number| take_inherited(*number as i32).unwrap()).collect();
    let shm = Shm::attach(memory).unwrap();
    let keys = *keys as u32;
    let table = shm.table(shm.find_table(&spec(keys)).unwrap(), WorkerId(*worker as u16));
    let end = Instant::now() + Duration::from_secs(*seconds);
    let (mut updates, mut random) = (0u64, *worker as u32 + 1);
    while Instant::now() < end {
        let now_ms = weir_sys::clock::monotonic_ms();
        for _ in 0..1000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            update(&table, (random >> 4) % keys, now_ms);
        }
        updates += 1000;
    }
    println!("{updates}");
}

fn main() {
    if let Ok(value) = std::env::var(VARIABLE) {
        return child(&value);
    }
    let argument = |index: usize, default: u32| {
        std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (keys, seconds) = (argument(1, 1_000_000), argument(2, 5));
    let shm = Shm::private(PROCESSES.into());
    shm.add_tables(&[spec(keys)]).unwrap();
    let table = shm.table(shm.find_table(&spec(keys)).unwrap(), shm.controller());
    let pages = || nix::sys::stat::fstat(shm.descriptors().last().unwrap()).unwrap().st_blocks * 512;
    println!("empty: {} bytes", pages());
    let begin = Instant::now();
    (0..keys).for_each(|key| update(&table, key, 1));
    let filled = begin.elapsed();
    println!(
        "{} entries made in {:.2} s by one process, {:.1} bytes each",
        table.used(),
        filled.as_secs_f64(),
        pages() as f64 / f64::from(table.used())
    );
    let memory: Vec<_> = shm.descriptors().map(|one| one.try_clone_to_owned().unwrap()).collect();
    memory.iter().for_each(|one| set_close_on_exec(one.as_fd(), false).unwrap());
    let numbers: Vec<_> = memory.iter().map(|one| one.as_raw_fd().to_string()).collect();
    let children: Vec<_> = (0..PROCESSES)
        .map(|worker| {
            Command::new(std::env::current_exe().unwrap())
                .env(VARIABLE, format!("{worker},{keys},{seconds},{}", numbers.join(",")))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let counted: u64 = children
        .into_iter()
        .map(|mut child| {
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            child.wait().unwrap();
            line.trim().parse::<u64>().unwrap()
        })
        .sum();
    println!(
        "{PROCESSES} processes: {} updates a second, {:.1} bytes an entry",
        counted / u64::from(seconds),
        pages() as f64 / f64::from(table.used())
    );
}
