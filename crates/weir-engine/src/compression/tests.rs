//! What the compressors make is read back by flate2's decoders.

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use proptest::prelude::*;
use weir_types::WorkerId;

use super::*;

const LIMITS: Limits = Limits { max_level: 1, window: 15, memory: 0, cpu: 100 };

fn compressors() -> (Shm, Rc<Compressors>) {
    let shm = Shm::private(2);
    (shm, Compressors::new(shm, shm.process().counters(WorkerId(0)), Rc::default()))
}

fn decoded(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match algorithm {
        Algorithm::Identity => out.extend_from_slice(bytes),
        Algorithm::Gzip => drop(GzDecoder::new(bytes).read_to_end(&mut out).expect("gzip")),
        Algorithm::Deflate => drop(ZlibDecoder::new(bytes).read_to_end(&mut out).expect("zlib")),
        Algorithm::RawDeflate => drop(DeflateDecoder::new(bytes).read_to_end(&mut out).expect("deflate")),
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_body_in_any_pieces_comes_back(
        body in proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..40_000),
        cuts in proptest::collection::vec((1..16_384usize, any::<bool>()), 1..20),
        algorithm in proptest::sample::select(Algorithm::ALL.to_vec()),
        level in 1..=9u32,
        window in 8..=15u8,
    ) {
        let (_, compressors) = compressors();
        let limits = Limits { max_level: level, window, ..LIMITS };
        // The second round uses the state of the first again.
        for _ in 0..2 {
            let mut filter = compressors.filter(algorithm, limits, None);
            let (mut out, mut rest) = (Vec::new(), &body[..]);
            for (size, flush) in cuts.iter().cycle() {
                let (piece, more) = rest.split_at((*size).min(rest.len()));
                prop_assert_eq!(filter.push(piece, &mut out), Taken::all(piece));
                if *flush {
                    filter.flush(&mut out);
                }
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            filter.finish(&mut out);
            prop_assert_eq!(decoded(algorithm, &out), &body[..]);
        }
    }
}

#[test]
fn a_flush_shows_all_that_was_pushed() {
    let (_, compressors) = compressors();
    let mut filter = compressors.filter(Algorithm::Gzip, LIMITS, None);
    let mut out = Vec::new();
    filter.push(b"an event", &mut out);
    filter.flush(&mut out);
    let mut seen = [0; 8];
    GzDecoder::new(&out[..]).read_exact(&mut seen).expect("all of it");
    assert_eq!(&seen, b"an event");
}

#[test]
fn a_state_counts_while_it_is_used() {
    let (shm, compressors) = compressors();
    let used = || shm.process().sum(|place| place.zlib_memory.value());
    let filter = compressors.filter(Algorithm::Gzip, LIMITS, None);
    // deflateInit2 in zlib's manual: (1 << (windowBits+2)) + (1 << (memLevel+9)).
    assert_eq!(used(), 262_144);
    assert!(!compressors.has_room(Algorithm::Gzip, &Limits { memory: 500_000, ..LIMITS }));
    assert!(compressors.has_room(Algorithm::Identity, &Limits { memory: 500_000, ..LIMITS }));
    drop(filter);
    assert_eq!(used(), 0);
    assert!(compressors.has_room(Algorithm::Gzip, &Limits { memory: 500_000, ..LIMITS }));
}

#[test]
fn the_rate_of_all_workers_counts() {
    let (shm, compressors) = compressors();
    shm.process().state.comp_rate_limit.set(1000);
    let now = compressors.clock.now_ms();
    assert!(compressors.has_room(Algorithm::Gzip, &LIMITS));
    shm.process().counters(WorkerId(1)).comp_in_rate.add(now, 5000);
    assert!(!compressors.has_room(Algorithm::Gzip, &LIMITS));
}

#[test]
fn beyond_the_rate_a_body_goes_on_at_a_lower_level() {
    let (shm, compressors) = compressors();
    let limits = Limits { max_level: 6, ..LIMITS };
    shm.process().state.comp_rate_limit.set(1000);
    let mut filter = compressors.filter(Algorithm::Gzip, limits, None);
    shm.process().counters(WorkerId(1)).comp_in_rate.add(compressors.clock.now_ms(), 1 << 30);
    let body: Vec<u8> = (0..1 << 20).map(|at: u32| (at / 100) as u8).collect();
    let mut out = Vec::new();
    for piece in body.chunks(16_384) {
        filter.push(piece, &mut out);
    }
    assert!(filter.state.as_ref().is_some_and(|state| state.level < 6));
    filter.finish(&mut out);
    assert_eq!(decoded(Algorithm::Gzip, &out), body);
}
