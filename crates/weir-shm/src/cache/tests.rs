use weir_types::{Slot, WorkerId};

use super::*;
use crate::Shm;

const W0: WorkerId = WorkerId(0);
const W1: WorkerId = WorkerId(1);

fn cache(shm: Shm, place: WorkerId) -> Cache {
    shm.add_caches(&[CacheSpec { name: "c".into(), megabytes: 1 }]).unwrap();
    shm.cache(Slot(0), place)
}

fn key(number: u32) -> CacheKey {
    let mut key = [7; 20];
    key[..4].copy_from_slice(&number.to_le_bytes());
    key
}

fn facts() -> Facts {
    Facts { expires_ms: 1000, ..Facts::default() }
}

fn store(cache: Cache, number: u32, body: &[u8]) -> bool {
    let Some(mut writer) = cache.begin(&key(number)) else { return false };
    let stored = body.chunks(700).all(|piece| writer.append(piece));
    if stored {
        writer.commit(&facts(), 0);
    }
    stored
}

fn read(cache: Cache, number: u32) -> Option<Vec<u8>> {
    let mut held = cache.find(&key(number), 0, |_| true)?;
    let mut body = vec![0; held.bytes() as usize];
    let mut at = 0;
    while held.left() > 0 {
        let end = (at + 1500).min(body.len());
        at += held.read(&mut body[at..end]);
    }
    Some(body)
}

fn body(number: u32, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u32 * 31 + number) as u8).collect()
}

#[test]
fn what_was_stored_is_found_by_all() {
    let shm = Shm::private(2);
    for (number, length) in [0, 1, 1023, 1024, 1025, 2048, 100_000].into_iter().enumerate() {
        assert!(store(cache(shm, W0), number as u32, &body(number as u32, length)));
    }
    for (number, length) in [0, 1, 1023, 1024, 1025, 2048, 100_000].into_iter().enumerate() {
        let found = read(cache(shm, W1), number as u32);
        assert_eq!(found, Some(body(number as u32, length)), "{length} bytes");
    }
    assert!(read(cache(shm, W0), 99).is_none());
    assert_eq!(cache(shm, W0).available_blocks(), 1024);
}

#[test]
fn an_object_is_found_once_it_is_whole() {
    let shm = Shm::private(2);
    let cache = cache(shm, W0);
    let mut writer = cache.begin(&key(1)).unwrap();
    assert!(writer.append(&[1; 5000]));
    assert!(!cache.knows(&key(1)));
    assert_eq!(cache.available_blocks(), 1024 - 5);
    drop(writer);
    assert_eq!((cache.available_blocks(), cache.list().len()), (1024, 0));
}

#[test]
fn stale_objects_are_not_found_and_go() {
    let shm = Shm::private(1);
    let cache = cache(shm, W0);
    store(cache, 1, b"x");
    assert!(cache.find(&key(1), 999, |_| true).is_some());
    assert!(cache.find(&key(1), 1000, |_| true).is_none());
    assert!(!cache.knows(&key(1)));
}

#[test]
fn a_new_object_takes_the_place_of_one_that_is_alike() {
    let shm = Shm::private(1);
    let cache = cache(shm, W0);
    store(cache, 1, b"old");
    let held = cache.find(&key(1), 0, |_| true).unwrap();
    store(cache, 1, b"new");
    assert_eq!(read(cache, 1).as_deref(), Some(&b"new"[..]));
    // The old one stays for who holds it.
    let mut old = held;
    let mut bytes = [0; 3];
    assert_eq!((old.read(&mut bytes), &bytes), (3, b"old"));
    drop(old);
    assert_eq!((cache.available_blocks(), cache.list().len()), (1024, 1));
}

#[test]
fn variants_stand_beside_each_other() {
    let shm = Shm::private(1);
    let cache = cache(shm, W0);
    for variant in 1..=3 {
        let mut writer = cache.begin(&key(1)).unwrap();
        writer.append(&[variant as u8]);
        writer.commit(&Facts { secondary: [variant, 0, 0], ..facts() }, 0);
    }
    assert_eq!(cache.count(&key(1), 0), 3);
    let found = cache.find(&key(1), 0, |facts| facts.secondary[0] == 2).unwrap();
    assert_eq!(found.facts().secondary[0], 2);
    drop(found);
    cache.invalidate(&key(1));
    assert_eq!(cache.count(&key(1), 0), 0);
}

#[test]
fn what_was_not_used_for_longest_goes_first_and_what_is_held_stays() {
    let shm = Shm::private(1);
    let cache = cache(shm, W0);
    for number in 0..4 {
        assert!(store(cache, number, &body(number, 250_000)));
    }
    let held = cache.find(&key(0), 0, |_| true).unwrap();
    read(cache, 1);
    assert!(store(cache, 4, &body(4, 250_000)));
    let there: Vec<bool> = (0..5).map(|number| cache.knows(&key(number))).collect();
    assert_eq!(there, [true, true, false, true, true]);
    // With everything held there is no room.
    let all: Vec<_> = [1, 3, 4].iter().map(|number| cache.find(&key(*number), 0, |_| true)).collect();
    assert!(!store(cache, 5, &body(5, 250_000)));
    drop((held, all));
    assert!(store(cache, 5, &body(5, 250_000)));
    assert_eq!(read(cache, 5), Some(body(5, 250_000)));
}

#[test]
fn a_dead_process_gives_back_what_it_wrote_and_held() {
    let shm = Shm::private(2);
    let (ours, theirs) = (cache(shm, W0), cache(shm, W1));
    store(ours, 1, &body(1, 3000));
    std::mem::forget(theirs.find(&key(1), 0, |_| true));
    let mut writer = theirs.begin(&key(2)).unwrap();
    writer.append(&[1; 10_000]);
    std::mem::forget(writer);
    assert_eq!(ours.available_blocks(), 1024 - 3 - 10);
    shm.recover(W1);
    assert_eq!((ours.available_blocks(), ours.list()[0].holders), (1024, 0));
    assert_eq!(read(ours, 1), Some(body(1, 3000)));
}

#[test]
fn a_death_inside_the_lock_leaves_a_whole_cache() {
    let shm = Shm::private(3);
    let (ours, theirs) = (cache(shm, W0), cache(shm, W1));
    for number in 0..100 {
        store(ours, number, &body(number, 5000));
    }
    let held = ours.find(&key(50), 0, |_| true).unwrap();
    let mut writer = ours.begin(&key(200)).unwrap();
    writer.append(&body(200, 5000));
    std::mem::forget(theirs.area.locked(W1));
    shm.recover(W1);
    assert_eq!(ours.available_blocks(), 1024 - 10);
    writer.commit(&facts(), 0);
    drop(held);
    assert_eq!(ours.available_blocks(), 1024);
    for number in (0..100).chain([200]) {
        assert_eq!(read(ours, number), Some(body(number, 5000)), "{number}");
    }
    for number in 300..600 {
        assert!(store(ours, number, &body(number, 9000)));
        assert_eq!(read(ours, number), Some(body(number, 9000)));
    }
}

#[test]
fn a_cache_keeps_its_memory_while_name_and_size_stay() {
    let shm = Shm::private(1);
    let one = CacheSpec { name: "one".into(), megabytes: 1 };
    let two = CacheSpec { name: "one".into(), megabytes: 2 };
    shm.add_caches(std::slice::from_ref(&one)).unwrap();
    let cache = shm.cache(shm.find_cache(&one).unwrap(), W0);
    store(cache, 1, b"kept");
    shm.add_caches(std::slice::from_ref(&one)).unwrap();
    shm.empty_caches_but(std::slice::from_ref(&one));
    assert!(cache.knows(&key(1)));
    shm.add_caches(std::slice::from_ref(&two)).unwrap();
    assert_ne!(shm.find_cache(&one), shm.find_cache(&two));
    shm.empty_caches_but(std::slice::from_ref(&two));
    assert!(!cache.knows(&key(1)));
    assert!(store(cache, 1, b"again"));
}
