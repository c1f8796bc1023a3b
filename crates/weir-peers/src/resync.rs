//! What a section does to know what its peers know. A process whose tables are new waits for an old one of its own to
//! tell it everything, if there may be one, then asks one peer after the other, and in the end is content.

/// How long an old process of one's own, and then a peer that may be asked, is waited for.
pub const WAIT_MS: u64 = 5000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Until then an old process of this name may come and tell everything.
    Local(u64),
    /// Until then a peer that can be asked may come.
    Remote(u64),
    /// This peer was asked.
    Asked(usize),
    Done,
}

#[derive(Clone, Debug)]
pub struct Resync {
    state: State,
    /// Peers that said they do not know everything.
    partial: Vec<usize>,
}

impl Resync {
    /// Nothing to learn: the tables were taught before.
    pub fn done() -> Self {
        Self { state: State::Done, partial: Vec::new() }
    }

    /// `replaces`: another process's place is taken.
    pub fn begin(replaces: bool, now_ms: u64) -> Self {
        let until = now_ms + WAIT_MS;
        let state = if replaces { State::Local(until) } else { State::Remote(until) };
        Self { state, partial: Vec::new() }
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether an old process of one's own is waited for.
    pub fn is_local(&self) -> bool {
        matches!(self.state, State::Local(_))
    }

    /// Who was asked and has not told everything yet.
    pub fn asked(&self) -> Option<usize> {
        match self.state {
            State::Asked(peer) => Some(peer),
            _ => None,
        }
    }

    /// Until when somebody is waited for.
    pub fn until_ms(&self) -> Option<u64> {
        match self.state {
            State::Local(until) | State::Remote(until) => Some(until),
            State::Asked(_) | State::Done => None,
        }
    }

    /// Whether this peer is to be asked, now that it can be. It then is.
    pub fn ask(&mut self, peer: usize) -> bool {
        let asks = matches!(self.state, State::Remote(_)) && !self.partial.contains(&peer);
        if asks {
            self.state = State::Asked(peer);
        }
        asks
    }

    /// A peer, or nobody but an old process of one's own, told what it knows: `full` if that is everything.
    pub fn told(&mut self, peer: Option<usize>, full: bool, now_ms: u64) {
        match (self.state, peer) {
            (State::Done, _) => {}
            (_, _) if full => self.state = State::Done,
            (State::Asked(asked), Some(peer)) if asked == peer => {
                self.partial.push(peer);
                self.state = State::Remote(now_ms + WAIT_MS);
            }
            (State::Local(_), None) => self.state = State::Local(now_ms + WAIT_MS),
            _ => {}
        }
    }

    /// The session with a peer is over.
    pub fn lost(&mut self, peer: usize, now_ms: u64) {
        if self.state == State::Asked(peer) {
            self.state = State::Remote(now_ms + WAIT_MS);
        }
    }

    /// Time goes by. True: everything changed with it, so peers that are there may be asked.
    pub fn wait(&mut self, now_ms: u64) -> bool {
        match self.state {
            State::Local(until) if now_ms >= until => {
                self.state = State::Remote(now_ms + WAIT_MS);
                true
            }
            State::Remote(until) if now_ms >= until => {
                self.state = State::Done;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_after_the_other() {
        let mut resync = Resync::begin(false, 0);
        assert!(resync.ask(1) && !resync.ask(2));
        resync.told(Some(2), false, 10);
        assert_eq!(resync.asked(), Some(1));
        resync.told(Some(1), false, 20);
        assert!(!resync.ask(1) && resync.ask(2));
        resync.lost(2, 30);
        assert!(!resync.is_done() && resync.ask(2));
        resync.told(Some(2), true, 40);
        assert!(resync.is_done() && !resync.ask(2));
    }

    #[test]
    fn nobody_comes() {
        let mut resync = Resync::begin(true, 0);
        assert!(!resync.ask(1) && !resync.wait(WAIT_MS - 1) && resync.is_local());
        assert!(resync.wait(WAIT_MS) && resync.ask(1));
        resync.lost(1, 6000);
        assert!(!resync.wait(10_999) && resync.wait(11_000) && resync.is_done());
    }

    #[test]
    fn an_old_process_tells_everything() {
        let mut resync = Resync::begin(true, 0);
        resync.told(None, false, 4000);
        assert!(!resync.wait(WAIT_MS) && resync.is_local());
        resync.told(None, true, 6000);
        assert!(resync.is_done());
    }
}
