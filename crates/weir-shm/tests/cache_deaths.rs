//! Processes killed while they store, send and evict objects; what the others find is whole.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, ChildStdout, Command, Stdio};

use weir_shm::{Cache, CacheKey, CacheSpec, Facts, Shm};
use weir_sys::descriptor::{set_close_on_exec, take_inherited};
use weir_sys::process;
use weir_types::{Slot, WorkerId};

const VARIABLE: &str = "SHM_CACHE_TEST_CHILD";
const SIGKILL: i32 = 9;
/// Objects in use; together they are more than the cache can hold.
const KEYS: u64 = 80;

fn key(number: u64) -> CacheKey {
    let mut key = [0; 20];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

/// What an object holds follows from its key and its own first bytes.
fn body(number: u64, seed: u64) -> Vec<u8> {
    let length = 16 + (number * 977 + seed * 131) % 30_000;
    let mut body = seed.to_le_bytes().to_vec();
    body.extend((8..length).map(|at| (at * 31 + number * 7 + seed) as u8));
    body
}

fn store(cache: Cache, number: u64, seed: u64) {
    let Some(mut writer) = cache.begin(&key(number)) else { return };
    if body(number, seed).chunks(3000).all(|piece| writer.append(piece)) {
        writer.commit(&Facts { expires_ms: u64::MAX, ..Facts::default() }, seed);
    }
}

/// Whether there is an object, after it was compared byte by byte.
fn check(cache: Cache, number: u64) -> bool {
    let Some(mut held) = cache.find(&key(number), 0, |_| true) else { return false };
    let mut bytes = vec![0; held.bytes() as usize];
    assert_eq!(held.read(&mut bytes), bytes.len());
    let seed = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert!(bytes == body(number, seed), "object {number} is not whole");
    true
}

fn child(shm: Shm, place: u16) -> (Child, BufReader<ChildStdout>) {
    let copies: Vec<OwnedFd> = shm.descriptors().map(|fd| fd.try_clone_to_owned().unwrap()).collect();
    copies.iter().for_each(|copy| set_close_on_exec(std::os::fd::AsFd::as_fd(copy), false).unwrap());
    let numbers: Vec<String> = copies.iter().map(|copy| copy.as_raw_fd().to_string()).collect();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(std::env::args_os().skip(1))
        .env(VARIABLE, format!("{place}:{}", numbers.join(",")))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

/// In a child: its cache and its place.
fn role() -> Option<(Cache, u16)> {
    let value = std::env::var(VARIABLE).ok()?;
    let (place, numbers) = value.split_once(':')?;
    process::set_parent_death_signal(SIGKILL).unwrap();
    let memory = numbers.split(',').map(|number| take_inherited(number.parse().unwrap()).unwrap()).collect();
    let place: u16 = place.parse().ok()?;
    Some((Shm::attach(memory).unwrap().cache(Slot(0), WorkerId(place)), place))
}

/// Stores, reads and invalidates until it is killed.
fn churn(cache: Cache, place: u16) -> ! {
    let mut random = u64::from(place) + 1;
    loop {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (random >> 33) % KEYS;
        match (random >> 20) % 8 {
            0..=2 => store(cache, number, random >> 40),
            3 => cache.invalidate(&key(number)),
            _ => {
                check(cache, number);
            }
        }
    }
}

#[test]
fn objects_stay_whole_whenever_a_process_dies() {
    if let Some((cache, place)) = role() {
        let mut out = std::io::stdout();
        out.write_all(b"begun\n").unwrap();
        out.flush().unwrap();
        churn(cache, place);
    }
    let shm = Shm::private(4);
    shm.add_caches(&[CacheSpec { name: "c".into(), megabytes: 1 }]).unwrap();
    let ours = shm.cache(Slot(0), WorkerId(3));
    let mut children: Vec<_> = (0..3).map(|place| child(shm, place)).collect();
    for round in 0..24usize {
        let place = round % 3;
        let (victim, out) = &mut children[place];
        let mut line = String::new();
        while !line.trim_end().ends_with("begun") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "a child ended by itself");
        }
        // The moment of death varies with the round; what happens until then is checked along the way.
        for number in 0..(round as u64 % 7) * 8 {
            check(ours, number % KEYS);
        }
        victim.kill().unwrap();
        let status = victim.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(SIGKILL), "{status}");
        shm.recover(WorkerId(place as u16));
        (0..KEYS).for_each(|number| {
            check(ours, number);
        });
        children[place] = child(shm, place as u16);
    }
    for (place, (child, _)) in children.iter_mut().enumerate() {
        child.kill().unwrap();
        child.wait().unwrap();
        shm.recover(WorkerId(place as u16));
    }
    // Nothing is held any more, and all of the memory can be used.
    assert_eq!(ours.available_blocks(), 1024);
    assert!(ours.list().iter().all(|object| object.holders == 0));
    let fill = |number: u64| {
        let mut writer = ours.begin(&key(1000 + number)).unwrap();
        assert!(writer.append(&body(1000 + number, 1)[..16]) && writer.append(&vec![1; 500 << 10]));
        writer.commit(&Facts { expires_ms: u64::MAX, ..Facts::default() }, 0);
    };
    (0..4).for_each(fill);
}
