//! What was sent of a request's body, kept so that the request can be sent again (`retry-on`; manual 4.2). The head is
//! written anew for each attempt. One buffer's worth is kept; a longer request is sent once.

/// Bytes in the order in which they went out.
#[derive(Debug, Default)]
pub struct Replay {
    body: Vec<u8>,
    /// Bytes at the front of what goes out next that are kept already or are written anew: the head, an earlier body.
    opening: usize,
    room: usize,
    overflowed: bool,
}

impl Replay {
    pub fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// An attempt begins with `head` bytes; answers with what has to follow them.
    pub fn begin(&mut self, head: usize) -> &[u8] {
        self.opening = head + self.body.len();
        self.overflowed |= self.opening > self.room;
        &self.body
    }

    /// The first `count` bytes of `pieces` were sent.
    pub fn sent(&mut self, pieces: [&[u8]; 3], count: usize) {
        let mut left = count;
        for piece in pieces {
            let of_piece = left.min(piece.len());
            left -= of_piece;
            let skipped = self.opening.min(of_piece);
            self.opening -= skipped;
            let fresh = &piece[skipped..of_piece];
            if self.overflowed || self.body.len() + fresh.len() > self.room {
                self.overflowed = true;
                self.body = Vec::new();
            } else {
                self.body.extend_from_slice(fresh);
            }
        }
    }

    /// Everything that was sent is here.
    pub fn is_whole(&self) -> bool {
        !self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_without_its_head() {
        let mut replay = Replay::new(16);
        assert_eq!(replay.begin(4), b"");
        replay.sent([b"head", b"", b""], 3);
        replay.sent([b"d", b"abc", b"de"], 5);
        assert_eq!(replay.begin(4), b"abcd");
        replay.sent([b"HEADabcd", b"e", b""], 9);
        assert_eq!(replay.begin(4), b"abcde");
        assert!(replay.is_whole());
    }

    #[test]
    fn more_than_fits_is_not_kept() {
        let mut replay = Replay::new(6);
        replay.begin(4);
        replay.sent([b"head", b"abcdefg", b""], 11);
        assert!(!replay.is_whole());
    }
}
