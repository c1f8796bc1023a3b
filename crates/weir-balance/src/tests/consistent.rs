//! Where keys go under `hash-type`, as recorded: each data file says how.

use super::backend::{Backend, Server};
use crate::{Affinity, Algorithm, Choice, Request, Table, hash};

const CONSISTENT: Algorithm = Algorithm::Consistent { factor: 0, affinity: Affinity::Always };

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split(' ').filter_map(|word| word.parse().ok()).collect()
}

fn hexadecimal(word: &str) -> u32 {
    u32::from_str_radix(word, 16).expect("a hash")
}

fn columns<const N: usize>(line: &str) -> [&str; N] {
    line.split('\t').collect::<Vec<_>>().try_into().expect("as many columns as the data file says")
}

#[test]
fn keys_stay_where_they_are_in_haproxy_while_servers_come_and_go() {
    let mut lines = lines(include_str!("data/consistent.tsv"));
    let keys: Vec<u32> = lines.next().expect("keys").split(' ').map(hexadecimal).collect();
    let mut current: Option<(String, Backend, Table)> = None;
    let mut choices = 0;
    for line in lines {
        let [ids, weights, kind, down, expected] = columns(line);
        let weights: Vec<u32> = numbers(weights);
        let down: Vec<usize> = numbers(down);
        let name = format!("{ids} {kind}");
        if current.as_ref().is_none_or(|(of, ..)| *of != name) {
            let half = weights.len() / 2;
            let server = |(index, id): (usize, &u32)| Server {
                id: *id,
                backup: kind != "0" && index >= half,
                ..Server::default()
            };
            let servers = numbers(ids).iter().enumerate().map(server).collect();
            let mut backend = Backend::new(CONSISTENT, servers);
            backend.settings.all_backups = kind == "2";
            current = Some((name, backend, Table::default()));
        }
        let Some((_, backend, table)) = &mut current else { continue };
        for (index, weight) in weights.iter().enumerate() {
            backend.change(index, |it| (it.weight, it.down) = (*weight, down.contains(&(index + 1))));
        }
        for (key, expected) in keys.iter().zip(numbers::<usize>(expected)) {
            let chosen = backend.take_hashed(table, *key, &Request::default());
            assert_eq!(chosen, expected, "{key:x} in {line}");
            choices += 1;
        }
        // The same from scratch: what was left over from other states does not matter.
        let mut fresh = Table::default();
        for key in &keys {
            let chosen = backend.take_hashed(&mut fresh, *key, &Request::default());
            assert_eq!(chosen, backend.take_hashed(table, *key, &Request::default()));
        }
    }
    assert!(choices > 20_000, "{choices} choices");
}

#[test]
fn every_hash_type_sends_paths_where_haproxy_does() {
    let mut lines = lines(include_str!("data/hash-type.tsv"));
    let paths: Vec<&str> = lines.next().expect("paths").split(' ').collect();
    for line in lines {
        let [method, name, modifier, expected] = columns(line);
        let algorithm = if method == "consistent" { CONSISTENT } else { Algorithm::MapBased };
        let function = match name {
            "sdbm" => hash::sdbm,
            "djb2" => hash::djb2,
            "crc32" => hash::crc32,
            other => panic!("unknown function {other}"),
        };
        let backend = Backend::with_weights(algorithm, &[3, 5, 1, 4, 7]);
        let mut table = Table::default();
        for (path, expected) in paths.iter().zip(numbers::<usize>(expected)) {
            let hash = function(path.as_bytes());
            let hash = if modifier == "avalanche" { hash::avalanche(hash) } else { hash };
            let chosen = backend.take_hashed(&mut table, hash, &Request::default());
            assert_eq!(chosen, expected, "{path}: {method} {name} {modifier}");
        }
    }
}

#[test]
fn requests_without_a_key_take_turns() {
    for line in lines(include_str!("data/unkeyed.tsv")) {
        let [method, weights, expected] = columns(line);
        let algorithm = if method == "consistent" { CONSISTENT } else { Algorithm::MapBased };
        let backend = Backend::with_weights(algorithm, &numbers(weights));
        // Two workers in turn: the place is kept where both see it.
        let mut tables = [Table::default(), Table::default()];
        for (turn, expected) in numbers::<usize>(expected).into_iter().enumerate() {
            let chosen = tables[turn % 2].unkeyed(&backend.settings, &backend, &Request::default());
            assert_eq!(chosen, Choice::Server(expected - 1), "turn {turn} of {line}");
        }
    }
}

#[test]
fn a_server_that_failed_is_passed_over_along_the_ring() {
    let backend = Backend::with_weights(CONSISTENT, &[1, 1, 1, 1, 1, 2]);
    let mut table = Table::default();
    let mut retried = 0;
    for line in lines(include_str!("data/consistent-redispatch.tsv")) {
        let [key, expected] = columns(line);
        let key = hexadecimal(key);
        let mut chosen = backend.take_hashed(&mut table, key, &Request::default());
        if chosen == 6 {
            retried += 1;
            chosen = backend.take_hashed(&mut table, key, &Request { avoid: Some(5), random: 0 });
        }
        assert_eq!(chosen, expected.parse().expect("a server"), "{key:x}");
    }
    assert!(retried > 50, "{retried} retries");
}

#[test]
fn bounded_loads() {
    let mut events = 0;
    for line in lines(include_str!("data/balance-factor.tsv")) {
        let [weights, factor, recorded] = columns(line);
        let factor = factor.parse().expect("a factor");
        let algorithm = Algorithm::Consistent { factor, affinity: Affinity::Always };
        let backend = Backend::with_weights(algorithm, &numbers(weights));
        let mut table = Table::default();
        for event in recorded.split(' ') {
            let (kind, rest) = event.split_at(1);
            match rest.split_once('=') {
                Some((key, server)) if kind == "t" => {
                    let chosen = backend.take_hashed(&mut table, hexadecimal(key), &Request::default());
                    assert_eq!(chosen, server.parse().expect("a server"), "{event} in {line}");
                }
                _ => backend.release(rest.parse().expect("a server")),
            }
            events += 1;
        }
    }
    assert!(events > 500, "{events} events");
}

/// As manual 3.4 says of `hash-preserve-affinity`, which the recorded program does not know.
#[test]
fn full_servers_keep_or_lose_their_keys() {
    let full = |affinity| {
        let backend = Backend::with_weights(Algorithm::Consistent { factor: 0, affinity }, &[1, 1, 1]);
        let mut table = Table::default();
        let first = backend.take_hashed(&mut table, 7, &Request::default());
        backend.servers.borrow_mut()[first - 1].limit = 1;
        let second = backend.take_hashed(&mut table, 7, &Request::default());
        (first, second)
    };
    let (first, second) = full(Affinity::Always);
    assert_eq!(first, second);
    let (first, second) = full(Affinity::Maxconn);
    assert_ne!(first, second);
}
