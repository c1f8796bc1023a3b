//! What must hold for any weights: over one round every server gets its share.

use proptest::prelude::*;

use super::backend::Backend;
use crate::Algorithm;

proptest! {
    #[test]
    fn a_round_gives_every_server_its_share(weights in prop::collection::vec(0u32..40, 1..12)) {
        let total: u32 = weights.iter().sum();
        for algorithm in [Algorithm::RoundRobin, Algorithm::StaticRoundRobin] {
            let backend = Backend::with_weights(algorithm, &weights);
            let order = backend.sequence(total as usize);
            for (server, weight) in weights.iter().enumerate() {
                let turns = order.iter().filter(|chosen| **chosen == server + 1).count();
                // `roundrobin` may give a turn of the next round before the end of this one.
                let slack = u32::from(algorithm == Algorithm::RoundRobin);
                prop_assert!((turns as u32).abs_diff(*weight) <= slack, "server {} of {:?}", server + 1, weights);
            }
        }
    }

    #[test]
    fn random_takes_every_server_with_weight(weights in prop::collection::vec(1u32..9, 1..6), seed: u64) {
        let backend = Backend::with_weights(Algorithm::Random { draws: 1 }, &weights);
        backend.seed(seed);
        let order = backend.sequence(2000);
        let total: u32 = weights.iter().sum();
        for (server, weight) in weights.iter().enumerate() {
            let turns = order.iter().filter(|chosen| **chosen == server + 1).count() as f64;
            let share = 2000.0 * f64::from(*weight) / f64::from(total);
            prop_assert!((turns - share).abs() < 250.0, "server {} of {:?}: {} turns", server + 1, weights, turns);
        }
    }

    #[test]
    fn a_server_down_gets_nothing_and_returns(weights in prop::collection::vec(1u32..9, 2..6), down in 0usize..6) {
        for algorithm in [Algorithm::RoundRobin, Algorithm::StaticRoundRobin, Algorithm::LeastConn, Algorithm::First] {
            let down = down % weights.len();
            let backend = Backend::with_weights(algorithm, &weights);
            backend.sequence(7);
            backend.change(down, |server| server.down = true);
            prop_assert!(!backend.sequence(30).contains(&(down + 1)));
            backend.change(down, |server| server.down = false);
            if algorithm != Algorithm::First {
                prop_assert!(backend.sequence(60).contains(&(down + 1)), "{algorithm:?} {weights:?}");
            }
        }
    }
}
