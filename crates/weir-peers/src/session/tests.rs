use std::net::Ipv4Addr;

use proptest::prelude::*;
use weir_shm::{DataType, Key, KeyType, Shm, Stored, Table, TableSpec};
use weir_types::WorkerId;

use super::*;

const LONGEST: usize = 16_384;
const ALL: Audience = Audience { shard: 0, shards: 0, teaches_only: false };

fn spec(name: &str, key: KeyType, key_len: u32, stored: &[Stored]) -> TableSpec {
    TableSpec { name: name.into(), key, key_len, size: 1000, stored: stored.to_vec(), brates_factor: 1 }
}

/// One process: its tables and what it knows of the other.
struct Side {
    members: Vec<Member>,
    link: Link,
    session: Session,
    _shm: Shm,
}

fn side(specs: &[TableSpec], expire_ms: u32) -> Side {
    let shm = Shm::private(4);
    shm.add_tables(specs).unwrap();
    let members: Vec<_> = specs
        .iter()
        .enumerate()
        .map(|(index, spec)| {
            let table = shm.table(shm.find_table(spec).unwrap(), WorkerId(0));
            table.settle(expire_ms, false, true);
            Member {
                name: (*spec.name).into(),
                wire_name: (*spec.name).into(),
                id: index as u32 + 1,
                table,
                recv_only: false,
                write_to: None,
            }
        })
        .collect();
    let mut link = Link::default();
    link.follow(&members);
    let session = Session::new(&mut link, LONGEST, 0);
    Side { members, link, session, _shm: shm }
}

impl Side {
    fn table(&self, index: usize) -> Table {
        self.members[index].table
    }

    fn hears(&mut self, bytes: &[u8], now_ms: u64) -> Result<(), Fault> {
        self.session.receive(bytes, &self.members, &mut self.link, now_ms)
    }

    fn says(&mut self, audience: Audience, now_ms: u64) -> Vec<u8> {
        while self.session.fill(&self.members, &mut self.link, audience, true, 3, now_ms) {
            assert!(self.session.output().len() < 10_000_000);
        }
        std::mem::take(self.session.output())
    }

    fn reconnects(&mut self) {
        self.session = Session::new(&mut self.link, LONGEST, 0);
    }
}

/// Until neither has anything to say; what both said.
fn talk(left: &mut Side, right: &mut Side, now_ms: u64) -> usize {
    let mut said = 0;
    loop {
        let (there, back) = (left.says(ALL, now_ms), right.says(ALL, now_ms));
        if there.is_empty() && back.is_empty() {
            return said;
        }
        said += there.len() + back.len();
        // In pieces, as a socket may hand them over.
        there.chunks(7).for_each(|piece| right.hears(piece, now_ms).unwrap());
        back.chunks(7).for_each(|piece| left.hears(piece, now_ms).unwrap());
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn numbers(side: &Side, index: usize, key: u32) -> Option<u64> {
    side.table(index).peek(&Key::Integer(key), 1, |row| row.value(DataType::Gpc0, 0, 1))?
}

fn count(side: &Side, key: u32) {
    side.table(0).update(&Key::Integer(key), 1, |row| row.add(DataType::Gpc0, 0, 1, 1));
}

fn counters() -> [TableSpec; 1] {
    [spec("t_int", KeyType::Integer, 4, &[Stored::new(DataType::Gpc0)])]
}

/// Everything of tables with arrays, rates and names, as HAProxy 2.8 taught it, and how 2.8 answers it.
#[test]
fn what_haproxy_teaches() {
    let arrays = [
        Stored::array(DataType::Gpt, 3, 0),
        Stored::array(DataType::Gpc, 2, 0),
        Stored::array(DataType::GpcRate, 3, 10_000),
    ];
    let sticky = [Stored::new(DataType::ServerId), Stored::new(DataType::ServerKey)];
    let rated = [Stored::new(DataType::Gpc0), Stored::rate(DataType::Gpc0Rate, 10_000)];
    let mut side = side(
        &[
            spec("t_arr", KeyType::String, 20, &arrays),
            spec("b", KeyType::String, 30, &sticky),
            spec("/pt", KeyType::Ip4, 4, &rated),
        ],
        60_000,
    );
    let now = 1_000_000;
    side.hears(
        &hex(concat!(
            "0a820a0604745f763605100400",
            "0a82190305745f6172720615f0f1fe6ef0971c160317021803f0e203",
            "0a8523000000040000cfea026b320000000001f8e7fbfe7e0000f698020100f8e7fbfe7e0000",
            "0a8523000000060000d0f1026b310000000002f8e7fbfe7e0000faa6020200f8e7fbfe7e0000",
            "0a821001032f707404040cf0eda30103f0e203",
            "0a85120000000a0009104c7f00000105faa60205000a820c070162061ff1f1fe00f0e203",
            "0a85130000000200000cb7026b320206010473727642",
            "0a85130000000400000da2026b310106020473727641",
            "0a860a00000ea9026b33010102",
            "0001",
        )),
        now,
    )
    .unwrap();
    assert_eq!(side.session.events(), [Event::Told { full: true }]);
    let array = |key: &'static [u8], data, index| {
        side.table(0).peek(&Key::Bytes(key), now, |row| row.value(data, index, now)).flatten()
    };
    assert_eq!(array(b"k1", DataType::Gpc, 1), Some(2));
    assert_eq!(array(b"k2", DataType::Gpc, 1), Some(1));
    assert_eq!(array(b"k2", DataType::Gpc, 0), Some(0));
    // The elapsed time is that since HAProxy's clock began: nothing was counted.
    assert_eq!(array(b"k2", DataType::GpcRate, 0), Some(0));
    assert_eq!(array(b"k1", DataType::GpcRate, 1), Some(2));
    let server = |key: &'static [u8]| {
        side.table(1)
            .peek(&Key::Bytes(key), now, |row| (row.value(DataType::ServerId, 0, now), row.server_key()))
    };
    assert_eq!(server(b"k1"), Some((Some(1), Some(b"srvA".to_vec()))));
    assert_eq!(server(b"k2"), Some((Some(2), Some(b"srvB".to_vec()))));
    assert_eq!(server(b"k3"), Some((Some(1), Some(b"srvA".to_vec()))));
    let left = side.table(1).peek(&Key::Bytes(b"k2"), now, |row| row.expires_in_ms(now));
    assert_eq!(left, Some(0xcb7));
    let rate =
        side.table(2).peek(&Key::from(Ipv4Addr::LOCALHOST), now, |row| row.value(DataType::Gpc0Rate, 0, now));
    assert_eq!(rate, Some(Some(5)));
    // What it learned is no news to anybody.
    assert_eq!(side.says(ALL, now), hex("00030a840503000000060a840507000000050a8405010000000a"));
}

#[test]
fn changes_travel_and_are_not_echoed() {
    let (mut left, mut right) = (side(&counters(), 0), side(&counters(), 0));
    [1, 2, 2, 3].into_iter().for_each(|key| count(&left, key));
    talk(&mut left, &mut right, 1);
    assert_eq!([1, 2, 3].map(|key| numbers(&right, 0, key)), [Some(1), Some(2), Some(1)]);
    assert_eq!((left.link.tables[0].pushed, left.link.tables[0].acked), (4, 4));
    assert_eq!(right.table(0).updates(), 0);
    count(&right, 2);
    talk(&mut left, &mut right, 1);
    assert_eq!(numbers(&left, 0, 2), Some(3));
    assert_eq!(talk(&mut left, &mut right, 1), 0);
}

/// HAProxy 2.8 sends these bytes for these changes.
#[test]
fn changes_on_the_wire() {
    let mut side = side(&counters(), 0);
    [(7, 1), (8, 2)].into_iter().for_each(|(key, value)| {
        side.table(0).update(&Key::Integer(key), 1, |row| row.set(DataType::Gpc0, 0, value, 1));
    });
    let definition = "0a820b0105745f696e7402040400";
    assert_eq!(side.says(ALL, 1), hex(&format!("{definition}0a80090000000100000007010a81050000000802")));
    // The first is acknowledged, then the connection breaks.
    side.hears(&hex("0a84050100000001"), 1).unwrap();
    side.table(0).update(&Key::Integer(9), 1, |row| row.set(DataType::Gpc0, 0, 3, 1));
    side.reconnects();
    assert_eq!(side.says(ALL, 1), hex(&format!("{definition}0a80090000000200000008020a81050000000903")));
}

#[test]
fn everything_is_taught_on_demand() {
    let (mut left, mut right) = (side(&counters(), 30_000), side(&counters(), 30_000));
    (0..900).for_each(|key| count(&left, key));
    talk(&mut left, &mut right, 1);
    let mut third = side(&counters(), 30_000);
    third.session.ask();
    // What `right` knows it was told itself.
    right.reconnects();
    talk(&mut right, &mut third, 1001);
    assert_eq!(third.session.events(), [Event::Told { full: true }]);
    assert_eq!((0..900).filter(|key| numbers(&third, 0, *key) == Some(1)).count(), 900);
    let left_ms = third.table(0).peek(&Key::Integer(5), 1001, |row| row.expires_in_ms(1001));
    assert_eq!(left_ms, Some(29_000));
    assert!(!right.session.is_teaching());
}

#[test]
fn one_who_comes_late_misses_nothing() {
    let (mut left, mut right) = (side(&counters(), 0), side(&counters(), 0));
    count(&left, 1);
    talk(&mut left, &mut right, 1);
    // More changes than are remembered one by one.
    (0..600_000).for_each(|change| count(&left, change % 700));
    left.reconnects();
    right.reconnects();
    talk(&mut left, &mut right, 1);
    let same = (0..700).filter(|key| numbers(&left, 0, *key) == numbers(&right, 0, *key)).count();
    assert_eq!(same, 700);
    count(&left, 5);
    talk(&mut left, &mut right, 1);
    assert_eq!(numbers(&left, 0, 5), numbers(&right, 0, 5));
}

#[test]
fn a_shard_is_told_its_keys_alone() {
    let mut told = Vec::new();
    for shard in 0..=3 {
        let (mut left, mut right) = (side(&counters(), 0), side(&counters(), 0));
        (0..100).for_each(|key| count(&left, key));
        let bytes = left.says(Audience { shard, shards: 3, ..ALL }, 1);
        right.hears(&bytes, 1).unwrap();
        told.push((0..100).filter(|key| numbers(&right, 0, *key).is_some()).collect::<Vec<u32>>());
    }
    assert_eq!(told[0].len(), 100);
    let mut shared: Vec<_> = told[1..].concat();
    shared.sort_unstable();
    assert_eq!(shared, told[0]);
    assert!(told[1..].iter().all(|keys| !keys.is_empty()));
}

#[test]
fn connections_are_learned_by_those_who_only_listen() {
    let stored = [Stored::new(DataType::Gpt0), Stored::new(DataType::ConnCur)];
    let specs = [spec("t", KeyType::Integer, 4, &stored), spec("copy", KeyType::Integer, 4, &stored)];
    let mut teller = side(&specs, 0);
    teller.table(0).update(&Key::Integer(1), 1, |row| {
        row.set(DataType::Gpt0, 0, 5, 1);
        row.set(DataType::ConnCur, 0, 7, 1)
    });
    let bytes = teller.says(ALL, 1);
    for recv_only in [false, true] {
        let mut side = side(&specs, 0);
        side.members[0].recv_only = recv_only;
        side.members[0].write_to = Some(side.members[1].table);
        side.hears(&bytes, 1).unwrap();
        let seen = |index| {
            side.table(index).peek(&Key::Integer(1), 1, |row| {
                (row.value(DataType::Gpt0, 0, 1), row.value(DataType::ConnCur, 0, 1))
            })
        };
        assert_eq!(seen(0), Some((Some(5), Some(if recv_only { 7 } else { 0 }))));
        // Nothing that is counted goes into the other table.
        assert_eq!(seen(1), Some((Some(5), Some(0))));
    }
}

#[test]
fn a_change_that_nobody_ends_holds_nothing_up() {
    let (mut left, mut right) = (side(&counters(), 0), side(&counters(), 0));
    count(&left, 1);
    talk(&mut left, &mut right, 1);
    left.table(0).leave_unwritten();
    count(&left, 2);
    talk(&mut left, &mut right, 1);
    assert_eq!(numbers(&right, 0, 2), None);
    talk(&mut left, &mut right, 2000);
    assert_eq!(numbers(&right, 0, 2), Some(1));
    count(&left, 3);
    talk(&mut left, &mut right, 2000);
    assert_eq!(numbers(&right, 0, 3), Some(1));
}

#[test]
fn a_table_that_takes_anothers_place_is_told_again() {
    let (mut left, mut right) = (side(&counters(), 0), side(&counters(), 0));
    count(&left, 1);
    talk(&mut left, &mut right, 1);
    let shm = Shm::private(4);
    let larger = TableSpec { size: 2000, ..counters()[0].clone() };
    shm.add_tables(std::slice::from_ref(&larger)).unwrap();
    let table = shm.table(shm.find_table(&larger).unwrap(), WorkerId(0));
    table.settle(0, false, true);
    table.update(&Key::Integer(4), 1, |row| row.add(DataType::Gpc0, 0, 9, 1));
    left.members[0].table = table;
    left.link.follow(&left.members);
    left.session.follow(&left.members, &mut left.link);
    talk(&mut left, &mut right, 1);
    assert_eq!(numbers(&right, 0, 4), Some(9));
}

#[test]
fn silence_is_noticed() {
    let mut side = side(&counters(), 0);
    assert_eq!(side.session.wait(&mut side.link, 0), Ok(HEARTBEAT_MS));
    assert_eq!(side.session.wait(&mut side.link, HEARTBEAT_MS), Ok(SILENCE_MS));
    assert_eq!(side.says(ALL, HEARTBEAT_MS), [0, 4]);
    side.hears(&[0, 4], SILENCE_MS - 1).unwrap();
    assert!(side.session.wait(&mut side.link, SILENCE_MS).is_ok());
    assert_eq!(side.session.wait(&mut side.link, 2 * SILENCE_MS), Err(Fault::Silence));
    let link = &side.link;
    assert_eq!((link.sent_heartbeats, link.heartbeats, link.missed_heartbeats), (1, 1, 1));
}

/// How HAProxy 2.8 answers these.
#[test]
fn mistakes() {
    let mut side = side(&counters(), 0);
    side.hears(&hex("0a800500000001000505007700"), 1).unwrap();
    side.reconnects();
    assert_eq!(side.hears(&hex("0a82ffffff7f"), 1), Err(Fault::TooLong));
    assert_eq!(side.says(ALL, 1), [1, 1]);
    side.reconnects();
    let short = hex("0a820b0105745f696e74020404000a80020000");
    assert_eq!(side.hears(&short, 1), Err(Fault::Protocol));
    assert_eq!(side.says(ALL, 1), [1, 0]);
    assert_eq!(side.link.protocol_errors, 2);
    side.reconnects();
    assert_eq!(side.hears(&[1, 0], 1), Err(Fault::Refused));
    // A key of another length: nothing is learned, and nothing acknowledged.
    side.reconnects();
    side.hears(&hex("0a820b0805745f696e74020804000a800d00000007000000000000000004"), 1).unwrap();
    assert_eq!((side.says(ALL, 1), side.table(0).used()), (vec![], 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn any_bytes_are_understood_or_refused(
        pieces in proptest::collection::vec(
            (0..8u8, 0x7e..0x88u8, proptest::collection::vec(any::<u8>(), 0..40)), 0..30,
        ),
    ) {
        let stored = [Stored::array(DataType::Gpc, 3, 0), Stored::rate(DataType::ConnRate, 1000), Stored::new(DataType::ServerKey)];
        let mut side = side(&[spec("t", KeyType::String, 8, &stored)], 0);
        // One table is defined, so that entries are looked into.
        let mut bytes = hex("0a820a01017406");
        bytes.extend_from_slice(&[9]);
        put(1 << 23 | 1 << 5 | 1 << 19, &mut bytes);
        let length = bytes.len() as u8 - 3;
        bytes[2] = length;
        for (class, kind, payload) in pieces {
            bytes.extend_from_slice(&[if class < 6 { 10 } else { class }, kind]);
            if kind >= 128 {
                put(payload.len() as u64, &mut bytes);
                bytes.extend_from_slice(&payload);
            }
        }
        let _ = side.hears(&bytes, 1);
        side.says(ALL, 1);
        prop_assert!(side.table(0).used() <= 30);
    }
}
