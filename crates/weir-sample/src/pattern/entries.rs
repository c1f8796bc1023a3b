//! The entries of a pattern reference: keys and values in one piece of text, in the order they came in.

/// Fewer dead bytes than this are not worth moving the rest.
const WORTH_MOVING: usize = 64 << 10;
const DEAD: u32 = u32::MAX;

/// Places in the text. A removed entry keeps its number and is skipped.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
    name: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Entries {
    text: Vec<u8>,
    list: Vec<Entry>,
    dead: usize,
    /// Bytes of `text` that belong to no entry any more.
    wasted: usize,
}

impl Entries {
    /// Entries that are there.
    pub fn len(&self) -> usize {
        self.list.len() - self.dead
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of the entries that are there, in their order.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        let alive = |(number, entry): (usize, &Entry)| (entry.key_len != DEAD).then_some(number as u32);
        self.list.iter().enumerate().filter_map(alive)
    }

    pub fn key(&self, number: u32) -> &[u8] {
        let entry = self.list[number as usize];
        &self.text[entry.key as usize..][..entry.key_len as usize]
    }

    pub fn value(&self, number: u32) -> &[u8] {
        let entry = self.list[number as usize];
        &self.text[entry.value as usize..][..entry.value_len as usize]
    }

    /// What stays with an entry for its life and is the same in every process.
    pub fn name(&self, number: u32) -> u32 {
        self.list[number as usize].name
    }

    /// Whether the text still fits an entry of this size: places in it are 32 bits wide.
    pub fn has_room(&self, bytes: usize) -> bool {
        self.text.len() + bytes < u32::MAX as usize && self.list.len() < DEAD as usize - 1
    }

    /// The caller has seen to [`Entries::has_room`].
    pub fn push(&mut self, name: u32, key: &[u8], value: &[u8]) -> u32 {
        let at = self.text.len() as u32;
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(value);
        let (key_len, value_len) = (key.len() as u32, value.len() as u32);
        self.list.push(Entry { key: at, key_len, value: at + key_len, value_len, name });
        self.list.len() as u32 - 1
    }

    pub fn set_value(&mut self, number: u32, value: &[u8]) {
        let entry = &mut self.list[number as usize];
        self.wasted += entry.value_len as usize;
        (entry.value, entry.value_len) = (self.text.len() as u32, value.len() as u32);
        self.text.extend_from_slice(value);
        self.tidy();
    }

    pub fn remove(&mut self, number: u32) {
        let entry = &mut self.list[number as usize];
        self.wasted += entry.key_len as usize + entry.value_len as usize;
        (entry.key_len, entry.value_len) = (DEAD, 0);
        self.dead += 1;
        self.tidy();
    }

    /// More dead numbers than live ones: worth numbering anew, with all indexes.
    pub fn is_sparse(&self) -> bool {
        self.dead > 1024 && self.dead > self.len()
    }

    /// The same entries numbered from 0.
    pub fn renumbered(&self) -> Entries {
        let mut anew = Entries::default();
        anew.list.reserve_exact(self.len());
        for number in self.numbers() {
            anew.push(self.name(number), self.key(number), self.value(number));
        }
        anew
    }

    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.list.shrink_to_fit();
    }

    /// Moves the text together once half of it is dead.
    fn tidy(&mut self) {
        if self.wasted < WORTH_MOVING || self.wasted * 2 < self.text.len() {
            return;
        }
        let mut text = Vec::with_capacity(self.text.len() - self.wasted);
        for entry in self.list.iter_mut().filter(|entry| entry.key_len != DEAD) {
            let mut moved = |at: u32, length: u32| {
                let to = text.len() as u32;
                text.extend_from_slice(&self.text[at as usize..][..length as usize]);
                to
            };
            entry.key = moved(entry.key, entry.key_len);
            entry.value = moved(entry.value, entry.value_len);
        }
        (self.text, self.wasted) = (text, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_moved_together() {
        let mut entries = Entries::default();
        for number in 0..100 {
            entries.push(number, format!("key{number}").as_bytes(), &[b'v'; 1000]);
        }
        for round in 0..10u8 {
            for number in 0..50 {
                entries.set_value(number, &[b'a' + round; 1000]);
            }
        }
        for number in 50..100 {
            entries.remove(number);
        }
        assert!(entries.text.len() < 200_000, "{}", entries.text.len());
        assert_eq!(entries.numbers().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
        for number in entries.numbers() {
            assert_eq!(entries.key(number), format!("key{number}").as_bytes());
            assert_eq!(entries.value(number), [b'j'; 1000]);
        }
        assert_eq!(entries.renumbered().len(), 50);
    }
}
