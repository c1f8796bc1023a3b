//! The worker's compressors: a [`BodyFilter`] for each body, the large states behind them kept for the next one, and
//! the limits that hold for all workers together.
//!
//! flate2 with the zlib-rs backend: zlib's own algorithms with its choice of window and its levels, in Rust. A state
//! takes a quarter of a megabyte, so a few are kept and `maxzlibmem` counts those in use.

use std::cell::RefCell;
use std::rc::Rc;

use flate2::{Compress, Compression as Level, FlushCompress, Status};
use weir_plan::settings::CompressionAlgorithm as Algorithm;
use weir_shm::{BackendCounters, FrontendCounters, ProcessCounters, Shm};

use crate::channel::{BodyFilter, Taken};
use crate::clock::Clock;

/// States kept without a body, of each algorithm.
const KEPT: usize = 4;
/// A level is raised or lowered after this much payload.
const LEVEL_STEP: u64 = 64 * 1024;
/// What deflate with an output buffer needs beside it, at least, so as not to go round in small steps.
const ROOM: usize = 1024;

/// The states of one worker and the figures all of them change.
pub struct Compressors {
    kept: RefCell<Vec<State>>,
    process: &'static ProcessCounters,
    shm: Shm,
    clock: Rc<Clock>,
}

impl std::fmt::Debug for Compressors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressors").field("kept", &self.kept.borrow().len()).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State {
    algorithm: Algorithm,
    window: u8,
    level: u32,
    deflate: Compress,
}

/// Limits of the global section that are looked at while bodies are compressed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_level: u32,
    pub window: u8,
    /// Bytes for all states; 0: no limit.
    pub memory: u64,
    /// Percent of CPU use; 100: no limit.
    pub cpu: u32,
}

/// Who counts what went through.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub frontend: &'static FrontendCounters,
    pub backend: Option<&'static BackendCounters>,
}

impl Compressors {
    pub fn new(shm: Shm, process: &'static ProcessCounters, clock: Rc<Clock>) -> Rc<Self> {
        Rc::new(Self { kept: RefCell::default(), process, shm, clock })
    }

    /// Whether one more body may be compressed (`maxcomprate`, `maxcompcpuusage`, `maxzlibmem`).
    pub fn has_room(&self, algorithm: Algorithm, limits: &Limits) -> bool {
        let memory = || self.shm.process().sum(|place| place.zlib_memory.value());
        self.in_rate()
            && self.in_cpu(limits)
            && (algorithm == Algorithm::Identity
                || limits.memory == 0
                || memory() + state_size(limits.window) <= limits.memory)
    }

    /// Less than the permitted rate went in during the last second.
    fn in_rate(&self) -> bool {
        let process = self.shm.process();
        let limit = u64::from(process.state.comp_rate_limit.value());
        let now = self.clock.now_ms();
        limit == 0 || process.sum(|place| place.comp_in_rate.value(now)) < limit
    }

    fn in_cpu(&self, limits: &Limits) -> bool {
        limits.cpu >= 100 || self.process.idle_pct.value() + u64::from(limits.cpu) >= 100
    }

    /// A filter for one body. Requests are compressed without being counted, as in HAProxy.
    pub fn filter(
        self: &Rc<Self>,
        algorithm: Algorithm,
        limits: Limits,
        figures: Option<Figures>,
    ) -> Compressor {
        let state = (algorithm != Algorithm::Identity).then(|| self.take(algorithm, &limits));
        Compressor { home: self.clone(), state, limits, figures, unflushed: false, until_level: LEVEL_STEP }
    }

    fn take(&self, algorithm: Algorithm, limits: &Limits) -> State {
        self.set_memory(true, limits.window);
        let kept = &mut *self.kept.borrow_mut();
        let fits = |state: &State| {
            (state.algorithm, state.window, state.level) == (algorithm, limits.window, limits.max_level)
        };
        match kept.iter().position(fits) {
            Some(at) => kept.swap_remove(at),
            None => State::new(algorithm, limits),
        }
    }

    fn put(&self, mut state: State, limits: &Limits) {
        self.set_memory(false, state.window);
        let kept = &mut *self.kept.borrow_mut();
        let alike = kept.iter().filter(|other| other.algorithm == state.algorithm).count();
        if alike < KEPT && state.level == limits.max_level {
            state.deflate.reset();
            kept.push(state);
        }
    }

    fn set_memory(&self, more: bool, window: u8) {
        let (memory, size) = (self.process.zlib_memory.value(), state_size(window));
        let memory = if more { memory + size } else { memory.saturating_sub(size) };
        self.process.zlib_memory.set(u32::try_from(memory).unwrap_or(u32::MAX));
    }
}

/// As zlib's documentation gives it, with the default memory level.
fn state_size(window: u8) -> u64 {
    (1 << (u32::from(window) + 2)) + (1 << (8 + 9))
}

impl State {
    fn new(algorithm: Algorithm, limits: &Limits) -> Self {
        let level = Level::new(limits.max_level);
        // A window of 256 bytes is one that zlib itself does not use.
        let bits = limits.window.clamp(9, 15);
        let deflate = match algorithm {
            Algorithm::Gzip => Compress::new_gzip(level, bits),
            Algorithm::Deflate => Compress::new_with_window_bits(level, true, bits),
            Algorithm::RawDeflate | Algorithm::Identity => Compress::new_with_window_bits(level, false, bits),
        };
        Self { algorithm, window: limits.window, level: limits.max_level, deflate }
    }

    /// Compresses all of `input`.
    fn run(&mut self, input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
        let end = self.deflate.total_in() + input.len() as u64;
        loop {
            let at = input.len() - (end - self.deflate.total_in()) as usize;
            out.reserve(ROOM + (input.len() - at) / 2);
            // Valid states and buffers with room leave nothing that could fail; a stream is ended if it does.
            let status = self.deflate.compress_vec(&input[at..], out, flush).expect("deflate goes on");
            let room = out.len() < out.capacity();
            let taken = self.deflate.total_in() == end;
            let over = matches!(flush, FlushCompress::Finish) && status != Status::StreamEnd;
            if taken && room && !over {
                return;
            }
        }
    }
}

/// Compresses one body, and counts it.
#[derive(Debug)]
pub struct Compressor {
    home: Rc<Compressors>,
    /// `None`: identity, and behind the end.
    state: Option<State>,
    limits: Limits,
    figures: Option<Figures>,
    /// Something was taken that the other side cannot have seen yet.
    unflushed: bool,
    until_level: u64,
}

impl Compressor {
    fn count(&self, taken: u64, made: u64) {
        let Some(Figures { frontend, backend }) = self.figures else { return };
        let now = self.home.clock.now_ms();
        self.home.process.comp_in_rate.add(now, taken as u32);
        self.home.process.comp_out_rate.add(now, made as u32);
        frontend.comp_in.add(taken);
        frontend.comp_out.add(made);
        if let Some(backend) = backend {
            backend.comp_in.add(taken);
            backend.comp_out.add(made);
        }
    }

    fn count_bypassed(&self, bytes: u64) {
        let Some(Figures { frontend, backend }) = self.figures else { return };
        frontend.comp_byp.add(bytes);
        if let Some(backend) = backend {
            backend.comp_byp.add(bytes);
        }
    }

    /// Beyond the rate the level goes down step by step, below it up again.
    fn adjust_level(&mut self, taken: u64, out: &mut Vec<u8>) {
        self.until_level = self.until_level.saturating_sub(taken);
        if self.until_level > 0 || self.home.shm.process().state.comp_rate_limit.value() == 0 {
            return;
        }
        self.until_level = LEVEL_STEP;
        let fits = self.home.in_rate() && self.home.in_cpu(&self.limits);
        let Some(state) = &mut self.state else { return };
        let level =
            if fits { (state.level + 1).min(self.limits.max_level) } else { state.level.saturating_sub(1) };
        if level != state.level {
            // With nothing pending the change has nothing to write.
            state.run(b"", out, FlushCompress::Sync);
            if state.deflate.set_level(Level::new(level)).is_ok() {
                state.level = level;
            }
        }
    }
}

impl BodyFilter for Compressor {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        let (taken, before) = (payload.len() as u64, out.len());
        let Some(state) = &mut self.state else {
            out.extend_from_slice(payload);
            self.count_bypassed(taken);
            return Taken::all(payload);
        };
        state.run(payload, out, FlushCompress::None);
        self.unflushed = true;
        self.adjust_level(taken, out);
        self.count(taken, (out.len() - before) as u64);
        Taken::all(payload)
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        if let (Some(state), true) = (&mut self.state, self.unflushed) {
            state.run(b"", out, FlushCompress::Sync);
            self.unflushed = false;
            self.count(0, (out.len() - before) as u64);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        if let Some(mut state) = self.state.take() {
            state.run(b"", out, FlushCompress::Finish);
            self.home.put(state, &self.limits);
            self.count(0, (out.len() - before) as u64);
        }
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.home.put(state, &self.limits);
        }
    }
}

#[cfg(test)]
mod tests;
