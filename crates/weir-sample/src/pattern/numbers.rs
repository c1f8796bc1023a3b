//! Many integer patterns: single values by their hash, ranges by the intervals their ends cut the numbers into.

use super::entries::Entries;
use super::number::Range;
use super::slots::{Slots, hash_bytes};

/// Up to so many patterns are compared one by one.
const FEW: usize = 16;
/// Ranges that came since the intervals were made are compared one by one, up to so many.
const TAIL: usize = 64;

/// Of all patterns that hold a number the first in order matches, as in HAProxy's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// While there are few.
    few: Vec<(Range, u32)>,
    singles: Slots,
    /// Entries of a single value that another one before them has.
    shadowed: usize,
    ranges: Vec<(Range, u32)>,
    /// Made of the first `cut` ranges, by their lower ends.
    intervals: Vec<Interval>,
    cut: usize,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    low: i64,
    /// The first range that holds these numbers.
    number: Option<u32>,
}

impl Numbers {
    /// Room for so many single values: each move would read all keys again.
    pub(super) fn reserve(&mut self, entries: &Entries, count: usize) {
        if count > FEW {
            self.singles.reserve(count, |known| hash_entry(entries, known));
        }
    }

    pub(super) fn add(&mut self, entries: &Entries, range: Range, number: u32) {
        if self.singles.len() == 0 && self.ranges.is_empty() {
            if self.few.len() < FEW {
                self.few.push((range, number));
                return;
            }
            for (range, number) in std::mem::take(&mut self.few) {
                self.add_to_many(entries, range, number);
            }
        }
        self.add_to_many(entries, range, number);
    }

    fn add_to_many(&mut self, entries: &Entries, range: Range, number: u32) {
        if range.low != range.high {
            self.ranges.push((range, number));
            if self.ranges.len() - self.cut > TAIL.max(self.cut / 8) {
                self.cut_anew();
            }
            return;
        }
        if self.single(entries, range.low).is_some() {
            self.shadowed += 1;
            return;
        }
        self.singles.insert(hash(range.low), number, |known| hash_entry(entries, known));
    }

    pub(super) fn remove(&mut self, entries: &Entries, range: Range, number: u32) {
        if let Some(place) = self.few.iter().position(|(_, known)| *known == number) {
            self.few.remove(place);
        } else if range.low != range.high {
            self.ranges.retain(|(_, known)| *known != number);
            self.cut_anew();
        } else if !self.singles.remove(hash(range.low), number) {
            self.shadowed -= 1;
        } else if self.shadowed > 0 {
            let same = |other: &u32| *other != number && range_of(entries, *other) == Some(range);
            if let Some(next) = entries.numbers().find(same) {
                self.shadowed -= 1;
                self.singles.insert(hash(range.low), next, |known| hash_entry(entries, known));
            }
        }
    }

    pub(super) fn find(&self, entries: &Entries, value: i64) -> Option<u32> {
        if let Some((_, number)) = self.few.iter().find(|(range, _)| range.contains(value)) {
            return Some(*number);
        }
        let place = self.intervals.partition_point(|interval| interval.low <= value);
        let held = place.checked_sub(1).and_then(|place| self.intervals[place].number);
        let tail = self.ranges[self.cut..].iter().find(|(range, _)| range.contains(value));
        [self.single(entries, value), held, tail.map(|(_, number)| *number)].into_iter().flatten().min()
    }

    fn single(&self, entries: &Entries, value: i64) -> Option<u32> {
        self.singles
            .find(hash(value), |number| range_of(entries, number).is_some_and(|range| range.low == value))
    }

    /// Sweeps over the ends of all ranges and notes which range comes first between any two.
    fn cut_anew(&mut self) {
        let mut ends: Vec<(i64, bool, u32)> = Vec::with_capacity(self.ranges.len() * 2);
        for (range, number) in &self.ranges {
            ends.push((range.low, true, *number));
            if let Some(after) = range.high.checked_add(1) {
                ends.push((after, false, *number));
            }
        }
        ends.sort_unstable();
        let mut open = std::collections::BTreeSet::new();
        self.intervals.clear();
        for (at, (place, begins, number)) in ends.iter().enumerate() {
            match begins {
                true => open.insert(*number),
                false => open.remove(number),
            };
            if ends.get(at + 1).is_none_or(|(next, ..)| next != place) {
                self.intervals.push(Interval { low: *place, number: open.first().copied() });
            }
        }
        self.cut = self.ranges.len();
    }
}

fn range_of(entries: &Entries, number: u32) -> Option<Range> {
    Range::parse(std::str::from_utf8(entries.key(number)).ok()?).ok()
}

fn hash(value: i64) -> u64 {
    hash_bytes(&value.to_le_bytes())
}

fn hash_entry(entries: &Entries, number: u32) -> u64 {
    range_of(entries, number).map_or(0, |range| hash(range.low))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_a_list_would_answer(
            steps in proptest::collection::vec((0i64..60, 0i64..8, any::<bool>()), 1..300),
        ) {
            let (mut entries, mut numbers) = (Entries::default(), Numbers::default());
            let mut list: Vec<(Range, u32)> = Vec::new();
            for (low, width, add) in steps {
                if add || list.is_empty() {
                    let range = Range { low, high: low + width / 2 };
                    let number = entries.push(0, format!("{}:{}", range.low, range.high).as_bytes(), b"");
                    numbers.add(&entries, range, number);
                    list.push((range, number));
                } else {
                    let (range, number) = list.remove(low as usize % list.len());
                    numbers.remove(&entries, range, number);
                    entries.remove(number);
                }
            }
            for value in -1..70 {
                let first = list.iter().find(|(range, _)| range.contains(value)).map(|(_, number)| *number);
                prop_assert_eq!(numbers.find(&entries, value), first, "{}", value);
            }
        }
    }
}
