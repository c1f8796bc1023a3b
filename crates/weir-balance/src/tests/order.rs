//! Orders from a fresh start.

use super::backend::Backend;
use crate::Algorithm;

fn numbers<T: std::str::FromStr>(text: &str) -> Vec<T> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn check(algorithm: Algorithm, recording: &str) {
    let mut lines = 0;
    for line in recording.lines().filter(|line| !line.starts_with('#')) {
        let (weights, expected) = line.split_once('\t').expect("two columns");
        let backend = Backend::with_weights(algorithm, &numbers(weights));
        let expected: Vec<usize> = numbers(expected);
        assert_eq!(backend.sequence(expected.len()), expected, "weights {weights}");
        lines += 1;
    }
    assert!(lines > 100, "the recording holds {lines} lines");
}

#[test]
fn roundrobin_order_from_a_fresh_start() {
    check(Algorithm::RoundRobin, include_str!("data/roundrobin.tsv"));
}

#[test]
fn static_rr_order_from_a_fresh_start() {
    check(Algorithm::StaticRoundRobin, include_str!("data/static-rr.tsv"));
}
