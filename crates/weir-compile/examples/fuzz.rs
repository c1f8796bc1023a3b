//! Fuzzing without cargo-fuzz: mutates seeds at random and shows them to the same targets, and to the whole way from
//! text to plan. Ends with a failure at the first panic, whose input it prints.
//! Usage: `fuzz SECONDS [NAME [SEED]]`; the seconds are shared by all targets.

#[path = "../../weir-sample/fuzz/src/targets.rs"]
mod sample;
#[path = "../../weir-syntax/fuzz/src/targets.rs"]
mod syntax;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use weir_compile::{InOrder, compile};
use weir_config::{ParseOptions, parse};
use weir_sample::NoFiles;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::Sources;

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 4096;
/// One input may take so long, in a build without optimisation too; more is a finding.
const SLOW: Duration = Duration::from_secs(10);

type Target = (&'static str, fn(&[u8]), &'static str);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seconds: u64 = words.first().and_then(|word| word.parse().ok()).unwrap_or(60);
    let name = words.get(1).map(String::as_str);
    let seed = words.get(2).and_then(|word| word.parse().ok()).unwrap_or_else(time_seed);
    let whole: Target =
        ("configuration", configuration, include_str!("../../weir-syntax/fuzz/seeds/configuration.txt"));
    let all = sample::TARGETS.into_iter().chain(syntax::TARGETS).chain([whole]);
    let targets: Vec<Target> = all.filter(|(known, ..)| name.is_none_or(|name| name == *known)).collect();
    if targets.is_empty() {
        eprintln!("no such target");
        std::process::exit(2);
    }
    let share = Duration::from_secs(seconds) / targets.len() as u32;
    std::panic::set_hook(Box::new(|_| {}));
    println!("seed {seed}");
    let found = targets.into_iter().filter(|target| !run(*target, share, seed)).count();
    std::process::exit(i32::from(found > 0));
}

fn time_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64)
}

/// From text to plan, without any file.
fn configuration(data: &[u8]) {
    let mut sources = Sources::default();
    sources.add("fuzzed", data.to_vec());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options =
        ParseOptions { sources: &sources, files: &NoFiles, hostname: "fuzz".into(), checked: false };
    let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
    if !diagnostics.has_alert() {
        let _ = compile(&config, &sources, &NoFiles, &mut InOrder::default());
    }
}

/// False: an input made the target panic, or stall.
fn run((name, target, seeds): Target, share: Duration, seed: u64) -> bool {
    // A seed stands on a line, with its own line feeds written `\n`.
    let corpus: Vec<Vec<u8>> = seeds.lines().map(|line| line.replace("\\n", "\n").into_bytes()).collect();
    let mut random = Random(seed | 1);
    let (begin, mut count) = (Instant::now(), 0u64);
    while begin.elapsed() < share || count < corpus.len() as u64 {
        let mut input = corpus[count as usize % corpus.len()].clone();
        if count >= corpus.len() as u64 {
            (0..=random.below(6)).for_each(|_| mutate(&mut input, &corpus, &mut random));
        }
        let began = Instant::now();
        let survived = catch_unwind(AssertUnwindSafe(|| target(&input))).is_ok();
        if !survived || began.elapsed() > SLOW {
            let how = if survived { "takes too long" } else { "panics" };
            println!("{name}: {how} on \"{}\"", input.escape_ascii());
            return false;
        }
        count += 1;
    }
    println!("{name}: {count} inputs");
    true
}

/// xorshift64
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

/// Letters that mean something in one of the grammars.
const TELLING: &[u8] = b" \t\n\\\"'(){}[],.:;/%$#-+*?!|&=@0195axXzZ\0\xff\x80";

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + random.below(9)).min(input.len());
    match random.below(7) {
        0 => drop(input.drain(at..end)),
        1 => input.insert(at, TELLING[random.below(TELLING.len())]),
        2 if at < input.len() => input[at] = TELLING[random.below(TELLING.len())],
        3 if at < input.len() => input[at] ^= 1 << random.below(8),
        4 => {
            let piece = input[at..end].to_vec();
            (0..=random.below(3)).for_each(|_| drop(input.splice(at..at, piece.iter().copied())));
        }
        5 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(20)).min(other.len());
            drop(input.splice(at..at, other[from..to].iter().copied()));
        }
    }
    input.truncate(LONGEST);
}
