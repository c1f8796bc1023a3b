//! How often a stream runs, and with `profiling.tasks on` for how long and after which delay (`cpu_*`, `lat_*`).

use std::cell::Cell;
use std::time::Instant;

use weir_sample::stream::Effort as Figures;

thread_local! {
    static MEASURES: Cell<bool> = const { Cell::new(false) };
    /// When the runtime last had waited for events.
    static NOTICED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Whether this worker takes times from now on.
pub fn measure(wanted: bool) {
    MEASURES.set(wanted);
}

/// The runtime goes on: the streams that events belong to wait from here.
pub fn notice() {
    if MEASURES.get() {
        NOTICED.set(Some(Instant::now()));
    }
}

/// Since the request began.
#[derive(Debug, Default)]
pub struct Effort {
    figures: Figures,
    running_since: Option<Instant>,
}

impl Effort {
    pub fn enter(&mut self) {
        self.figures.calls += 1;
        if MEASURES.get() {
            let now = Instant::now();
            self.running_since = Some(now);
            let delay = NOTICED.get().map_or(0, |noticed| now.saturating_duration_since(noticed).as_nanos());
            self.figures.delay_ns += delay as u64;
        }
    }

    pub fn leave(&mut self) {
        if let Some(since) = self.running_since.take() {
            self.figures.busy_ns += since.elapsed().as_nanos() as u64;
        }
    }

    /// The run in progress included.
    pub fn figures(&self) -> Figures {
        let running = self.running_since.map_or(0, |since| since.elapsed().as_nanos() as u64);
        Figures { busy_ns: self.figures.busy_ns + running, ..self.figures }
    }
}
