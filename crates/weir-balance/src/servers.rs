//! What a balancing algorithm sees of one backend, and the layout of the words it keeps there.
//!
//! ```text
//! backend word   0 layout version and algorithm (anything else there: start afresh)
//!                1 generation at which the server words were last brought up to date
//!                2 stamp: counts every placing in a queue, so that equals are served in their order
//!                3.. the algorithm's own
//! server words   0..SERVER_WORDS the algorithm's own
//! ```
//! All words zero is the fresh start.

/// Words that [`Servers::backend_word`] must offer, 0 to `BACKEND_WORDS - 1`.
pub const BACKEND_WORDS: usize = 8;

/// Words that [`Servers::server_word`] must offer for each server.
pub const SERVER_WORDS: usize = 4;

/// Effective weights are counted in this fraction of a configured weight unit, so that `slowstart` has steps.
pub const WEIGHT_SCALE: u32 = 16;

/// Bumped when the meaning of a word changes; words of another version are started afresh.
pub(crate) const LAYOUT_VERSION: u64 = 1;

pub(crate) const LAYOUT_WORD: usize = 0;
pub(crate) const GENERATION_WORD: usize = 1;
pub(crate) const STAMP_WORD: usize = 2;

/// One backend's servers in the order of the configuration, with the words of the balancing state. Everything is read
/// and written under the backend's lock, through a shared reference since the words are atomics in shared memory.
pub trait Servers {
    /// How many there are, usable or not.
    fn count(&self) -> usize;

    /// Changes whenever a weight, [`Servers::is_usable`] or the set of servers changes. Never 0.
    fn generation(&self) -> u64;

    /// Configured or run-time weight times [`WEIGHT_SCALE`], reduced while a slow start lasts. 0: no balancing to it.
    fn weight(&self, server: usize) -> u32;

    /// Up, and in neither maintenance nor drain.
    fn is_usable(&self, server: usize) -> bool;

    fn is_backup(&self, server: usize) -> bool;

    /// Sessions that occupy a place on the server, all workers together.
    fn served(&self, server: usize) -> u32;

    /// Sessions waiting for this very server, all workers together.
    fn queued(&self, server: usize) -> u32;

    /// How many sessions it takes now (`maxconn`, or between `minconn` and `maxconn`); 0: no limit.
    fn limit(&self, server: usize) -> u32;

    /// `maxqueue`; 0: no limit.
    fn queue_limit(&self, _server: usize) -> u32 {
        0
    }

    /// The server's numeric id.
    fn id(&self, server: usize) -> u32;

    /// Where a server's nodes on the ring of consistent hashing are derived from (`hash-key`): ids are far enough apart
    /// for the nodes of the largest weight.
    fn ring_key(&self, server: usize) -> u32 {
        self.id(server).wrapping_mul(256 * WEIGHT_SCALE)
    }

    fn backend_word(&self, word: usize) -> u64;
    fn set_backend_word(&self, word: usize, value: u64);
    fn server_word(&self, server: usize, word: usize) -> u64;
    fn set_server_word(&self, server: usize, word: usize, value: u64);
}
