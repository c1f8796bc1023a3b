//! Short texts in shared memory: one writer (the controller), readers that try again when they met a write.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::*, fence};

/// Up to `N` bytes; longer texts are cut at a character.
#[repr(C)]
#[derive(Debug)]
pub struct Text<const N: usize> {
    /// Odd while being written.
    version: AtomicU32,
    length: AtomicU32,
    bytes: [AtomicU8; N],
}

/// What the last checks of a server said (`last_chk`, `last_agt`) and its name when set at run time (`fqdn`).
#[repr(C)]
#[derive(Debug)]
pub struct ServerText {
    pub check: Text<128>,
    pub agent: Text<128>,
    /// `set server ... agent-send`; empty: as configured.
    pub agent_send: Text<128>,
    pub fqdn: Text<248>,
}

impl<const N: usize> Text<N> {
    pub fn set(&self, text: &str) {
        let mut end = text.len().min(N);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let version = self.version.load(Relaxed) | 1;
        self.version.store(version, Relaxed);
        fence(Release);
        for (cell, byte) in self.bytes.iter().zip(text[..end].bytes()) {
            cell.store(byte, Relaxed);
        }
        self.length.store(end as u32, Relaxed);
        self.version.store(version.wrapping_add(1), Release);
    }

    /// Makes it empty, if it is not.
    pub fn clear(&self) {
        if self.length.load(Relaxed) != 0 {
            self.set("");
        }
    }

    /// Empty when never set, and when a writer died or keeps writing.
    pub fn value(&self) -> String {
        for _ in 0..1000 {
            let version = self.version.load(Acquire);
            let length = self.length.load(Relaxed) as usize;
            let bytes = self.bytes.iter().take(length).map(|cell| cell.load(Relaxed)).collect();
            fence(Acquire);
            if version & 1 == 0 && self.version.load(Relaxed) == version {
                return String::from_utf8(bytes).unwrap_or_default();
            }
            std::hint::spin_loop();
        }
        String::new()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { version: AtomicU32::new(0), length: AtomicU32::new(0), bytes: [const { AtomicU8::new(0) }; N] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_at_a_character() {
        let text = Text::<4>::default();
        text.set("abcé");
        assert_eq!(text.value(), "abc");
        text.set("");
        assert_eq!(text.value(), "");
    }
}
