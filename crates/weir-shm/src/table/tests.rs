use std::net::Ipv4Addr;

use super::*;
use crate::Shm;
use weir_types::WorkerId;

const FIRST: WorkerId = WorkerId(0);

fn spec(key: KeyType, size: u32, stored: &[Stored]) -> TableSpec {
    let key_len = match key {
        KeyType::Ip4 | KeyType::Integer => 4,
        KeyType::Ip6 => 16,
        KeyType::String | KeyType::Binary => 10,
    };
    TableSpec { name: "t".into(), key, key_len, size, stored: stored.to_vec(), brates_factor: 1 }
}

fn table(spec: &TableSpec, expire_ms: u32, nopurge: bool) -> (Shm, Table) {
    let shm = Shm::private(4);
    shm.add_tables(std::slice::from_ref(spec)).unwrap();
    let table = shm.table(shm.find_table(spec).unwrap(), FIRST);
    table.settle(expire_ms, nopurge, false);
    (shm, table)
}

fn numbers(size: u32, expire_ms: u32, nopurge: bool) -> Table {
    table(&spec(KeyType::Integer, size, &[Stored::new(DataType::Gpc0)]), expire_ms, nopurge).1
}

fn keys(table: &Table, now_ms: u64) -> Vec<u32> {
    let mut keys = Vec::new();
    let mut from = Some(Position::default());
    while let Some(position) = from {
        from = table.visit(position, now_ms, |row| keys.extend(row.integer()));
    }
    keys.sort_unstable();
    keys
}

fn count(table: &Table, key: u32, now_ms: u64) -> Option<u64> {
    table.update(&Key::Integer(key), now_ms, |row| row.add(DataType::Gpc0, 0, 1, now_ms))?
}

#[test]
fn an_entry_is_made_once_and_found_again() {
    let address = Key::from(Ipv4Addr::new(10, 0, 0, 1));
    let stored = [Stored::new(DataType::Gpc0), Stored::new(DataType::BytesInCnt)];
    let (_, table) = table(&spec(KeyType::Ip4, 100, &stored), 0, false);
    assert_eq!(table.peek(&address, 1, |_| ()), None);
    table.update(&address, 1, |row| row.add(DataType::Gpc0, 0, 3, 1)).unwrap();
    table.update(&address, 1, |row| row.add(DataType::BytesInCnt, 0, 5_000_000_000, 1)).unwrap();
    let seen = table.peek(&address, 1, |row| {
        (
            row.value(DataType::Gpc0, 0, 1),
            row.value(DataType::BytesInCnt, 0, 1),
            row.value(DataType::Gpc1, 0, 1),
        )
    });
    assert_eq!(seen, Some((Some(3), Some(5_000_000_000), None)));
    assert_eq!(table.peek(&address, 1, Row::address), Some(Some(Ipv4Addr::new(10, 0, 0, 1).into())));
    assert_eq!(table.used(), 1);
    assert!(table.remove(&address));
    assert_eq!(table.used(), 0);
}

#[test]
fn strings_are_cut_and_blocks_are_filled_up() {
    let (_, strings) = table(&spec(KeyType::String, 10, &[]), 0, false);
    strings.update(&Key::Bytes(b"abcdefghijklmnop"), 1, |_| ()).unwrap();
    assert_eq!(strings.peek(&Key::Bytes(b"abcdefghij"), 1, Row::key), Some(b"abcdefghij".to_vec()));
    assert_eq!(strings.peek(&Key::Bytes(b"abc"), 1, Row::key), None);
    let (_, blocks) = table(&spec(KeyType::Binary, 10, &[]), 0, false);
    blocks.update(&Key::Bytes(b"ab"), 1, |_| ()).unwrap();
    assert_eq!(blocks.peek(&Key::Bytes(b"ab\0\0"), 1, Row::key), Some(b"ab\0\0\0\0\0\0\0\0".to_vec()));
}

/// HAProxy 2.8 with `size 1000`: 999 entries are left after 1003 keys came.
#[test]
fn a_full_table_gives_up_a_256th_and_one() {
    let table = numbers(1000, 0, false);
    for key in 0..1003 {
        count(&table, key, u64::from(key)).unwrap();
    }
    assert_eq!(table.used(), 999);
    assert_eq!(keys(&table, 2000), (4..1003).collect::<Vec<_>>());
}

#[test]
fn what_is_held_or_used_last_is_not_purged() {
    let table = numbers(3, 0, false);
    let (held, ()) = table.track(&Key::Integer(1), 1, |_| ()).unwrap();
    count(&table, 2, 2);
    count(&table, 3, 3);
    count(&table, 2, 4);
    count(&table, 4, 5);
    assert_eq!(keys(&table, 5), [1, 2, 4]);
    drop(held);
    let nopurge = numbers(2, 0, true);
    assert!(count(&nopurge, 1, 1).is_some() && count(&nopurge, 2, 1).is_some());
    assert_eq!(count(&nopurge, 3, 1), None);
}

#[test]
fn entries_expire_unless_they_are_held() {
    let table = numbers(10, 100, false);
    let (held, ()) = table.track(&Key::Integer(1), 0, |_| ()).unwrap();
    count(&table, 2, 0);
    count(&table, 3, 50);
    assert_eq!(table.peek(&Key::Integer(2), 99, |row| row.expires_in_ms(99)), Some(1));
    assert_eq!(keys(&table, 100), [1, 3]);
    // An entry made anew knows nothing of the one before.
    assert_eq!(count(&table, 2, 100), Some(1));
    table.sweep(151);
    assert_eq!(keys(&table, 151), [1, 2]);
    held.release(160, |_| ());
    table.sweep(259);
    assert_eq!(table.used(), 1);
    table.sweep(260);
    assert_eq!(table.used(), 0);
}

/// As HAProxy 2.8 shows `gpc0_rate(1s)` at these times.
#[test]
fn rates_slide() {
    let (_, table) = table(&spec(KeyType::Integer, 10, &[Stored::rate(DataType::Gpc0Rate, 1000)]), 0, false);
    let add = |key: u32, now_ms: u64, amount: u64| {
        table
            .update(&Key::Integer(key), now_ms, |row| row.add(DataType::Gpc0Rate, 0, amount, now_ms))
            .unwrap();
    };
    let read = |key: u32, now_ms: u64| {
        table
            .peek(&Key::Integer(key), now_ms, |row| row.value(DataType::Gpc0Rate, 0, now_ms).unwrap())
            .unwrap()
    };
    let start = 10_000;
    add(1, start, 10);
    let seen: Vec<_> = [500, 999, 1050, 1200, 1500, 1800, 1950, 2000].map(|at| read(1, start + at)).into();
    assert_eq!(seen, [10, 10, 9, 8, 5, 2, 0, 0]);
    // The period goes on from where it was, and after a gap from the event.
    add(1, start + 1500, 10);
    let seen: Vec<_> = [1500, 1600, 1950, 2050, 2300, 3100].map(|at| read(1, start + at)).into();
    assert_eq!(seen, [15, 14, 10, 9, 7, 0]);
    add(2, start, 10);
    add(2, start + 2500, 10);
    assert_eq!([2900, 3450, 3600, 3900].map(|at| read(2, start + at)), [10, 10, 9, 6]);
    // One event is seen until the window has passed it, two are not.
    add(3, start, 1);
    assert_eq!([999, 1050, 1950, 2000].map(|at| read(3, start + at)), [1, 1, 1, 0]);
    add(4, start, 2);
    assert_eq!([999, 1050, 1500, 1950].map(|at| read(4, start + at)), [2, 1, 1, 0]);
}

#[test]
fn many_keys_stay_apart_and_none_is_lost() {
    let table = numbers(100_000, 0, false);
    for round in 1..=2 {
        for key in 0..50_000 {
            assert_eq!(count(&table, key, 1), Some(round));
        }
    }
    assert_eq!(table.used(), 50_000);
    for key in (0..50_000).step_by(2) {
        assert!(table.remove(&Key::Integer(key)));
    }
    assert_eq!(keys(&table, 1), (1..50_000).step_by(2).collect::<Vec<_>>());
    for key in 50_000..150_000 {
        count(&table, key, 2).unwrap();
    }
    assert!((99_000..=100_000).contains(&table.used()), "{}", table.used());
}

#[test]
fn arrays_names_and_pointers() {
    let stored = [
        Stored::new(DataType::ServerKey),
        Stored::array(DataType::Gpt, 2, 0),
        Stored::array(DataType::GpcRate, 3, 10_000),
    ];
    let (_, table) = table(&spec(KeyType::String, 10, &stored), 0, false);
    let pointer = table.update(&Key::Bytes(b"k"), 1, |row| {
        assert!(row.set(DataType::Gpt, 1, 7, 1) && !row.set(DataType::Gpt, 2, 7, 1));
        row.add(DataType::GpcRate, 2, 4, 1);
        assert_eq!(row.server_key(), None);
        assert!(row.set_server_key("a server of some length"));
        assert!(row.is_server_key("a server of some length") && !row.is_server_key("another"));
        row.pointer()
    });
    let seen = table.at_pointer(pointer.unwrap(), 1, |row| {
        let values = [row.value(DataType::Gpt, 1, 1), row.value(DataType::GpcRate, 2, 1)];
        (row.key(), values, row.server_key())
    });
    let name = b"a server of some length".to_vec();
    assert_eq!(seen, Some((b"k".to_vec(), [Some(7), Some(4)], Some(name))));
    assert_eq!(table.at_pointer(pointer.unwrap() + 8, 1, |_| ()), None);
    assert_eq!(table.remove_pointer(pointer.unwrap()), Some(true));
}

#[test]
fn a_changed_table_takes_over_what_fits() {
    let shm = Shm::private(2);
    let rate = Stored::rate(DataType::HttpReqRate, 1000);
    let old =
        spec(KeyType::Integer, 10, &[Stored::new(DataType::ConnCur), Stored::new(DataType::Gpc0), rate]);
    let new = spec(KeyType::Integer, 3, &[Stored::new(DataType::ConnCur), Stored::new(DataType::Gpc1), rate]);
    shm.add_tables(std::slice::from_ref(&old)).unwrap();
    let before = shm.table(shm.find_table(&old).unwrap(), FIRST);
    for key in 0..5 {
        before
            .update(&Key::Integer(key), u64::from(1000 + key), |row| {
                row.add(DataType::ConnCur, 0, 1, 1000);
                row.add(DataType::HttpReqRate, 0, 2, 1000);
            })
            .unwrap();
    }
    shm.add_tables(std::slice::from_ref(&new)).unwrap();
    shm.add_tables(std::slice::from_ref(&new)).unwrap();
    assert_eq!(shm.descriptors().count(), 3);
    shm.carry_tables(std::slice::from_ref(&new), 1010);
    shm.retire_tables(std::slice::from_ref(&new));
    let after = shm.table(shm.find_table(&new).unwrap(), FIRST);
    assert_eq!(keys(&after, 1010), [2, 3, 4]);
    let seen = after.peek(&Key::Integer(3), 1010, |row| {
        let values = [DataType::ConnCur, DataType::Gpc1, DataType::HttpReqRate];
        (row.idle_ms(1010), values.map(|data| row.value(data, 0, 1010).unwrap()))
    });
    assert_eq!(seen, Some((7, [0, 0, 2])));
    assert!(before.is_retired() && before.update(&Key::Integer(77), 1010, |_| ()).is_none());
}

/// An attached process sees the same entries; untouched memory stays untouched.
#[test]
fn a_large_table_costs_nothing_until_it_is_used() {
    use std::os::fd::AsFd;
    let shm = Shm::private(2);
    let large = spec(KeyType::Ip4, 1 << 20, &[Stored::new(DataType::Gpc0)]);
    shm.add_tables(std::slice::from_ref(&large)).unwrap();
    let memory = shm.descriptors().last().unwrap();
    let pages = || nix::sys::stat::fstat(memory).unwrap().st_blocks * 512 / 4096;
    assert!(pages() < 16, "{}", pages());
    let descriptors = shm.descriptors();
    let other =
        Shm::attach(descriptors.map(|one| one.as_fd().try_clone_to_owned().unwrap()).collect()).unwrap();
    let table = shm.table(shm.find_table(&large).unwrap(), FIRST);
    for key in 0..1000u32 {
        table.update(&Key::Ip4(key.to_be_bytes()), 1, |row| row.add(DataType::Gpc0, 0, 1, 1)).unwrap();
    }
    // 16 shards, each with its entries and chains: some pages each.
    assert!(pages() < 120, "{}", pages());
    let seen = other.table(other.find_table(&large).unwrap(), WorkerId(1));
    assert_eq!(seen.used(), 1000);
    assert!(seen.peek(&Key::Ip4(7u32.to_be_bytes()), 1, |_| ()).is_some());
}

#[test]
fn a_dead_process_holds_nothing() {
    let stored = [Stored::new(DataType::ConnCur)];
    let (shm, mine) = table(&spec(KeyType::Integer, 10, &stored), 0, false);
    let theirs = shm.table(shm.find_table(mine.spec()).unwrap(), WorkerId(1));
    let key = Key::Integer(1);
    let (held, ()) = mine.track(&key, 1, |_| ()).unwrap();
    for _ in 0..3 {
        std::mem::forget(theirs.track(&key, 1, |_| ()).unwrap());
    }
    let state = || mine.peek(&key, 1, |row| (row.uses(), row.value(DataType::ConnCur, 0, 1))).unwrap();
    assert_eq!(state(), (4, Some(4)));
    shm.recover(WorkerId(1));
    assert_eq!(state(), (1, Some(1)));
    held.release(2, |_| ());
    assert_eq!(state(), (0, Some(0)));
}
