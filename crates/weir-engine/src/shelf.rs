//! Things laid aside for their next use, in no greater number than lately needed.

use std::cell::{Cell, RefCell};

#[derive(Debug)]
pub struct Shelf<T> {
    things: RefCell<Vec<T>>,
    most: usize,
    /// The fewest that lay here since the last [`Shelf::shrink`].
    unused: Cell<usize>,
}

impl<T> Shelf<T> {
    /// Holds `most` things at most.
    pub const fn new(most: usize) -> Self {
        Self { things: RefCell::new(Vec::new()), most, unused: Cell::new(0) }
    }

    /// The thing that was laid here last.
    pub fn take(&self) -> Option<T> {
        let things = &mut *self.things.borrow_mut();
        let thing = things.pop();
        self.unused.set(self.unused.get().min(things.len()));
        thing
    }

    pub fn put(&self, thing: T) {
        let things = &mut *self.things.borrow_mut();
        if things.len() < self.most {
            things.push(thing);
        }
    }

    /// Drops half of the things that nobody needed since the last call, and says how many those were. What a burst
    /// needed is gone in some seconds, and steady work never makes a thing anew.
    pub fn shrink(&self) -> usize {
        let things = &mut *self.things.borrow_mut();
        let surplus = self.unused.get().div_ceil(2).min(things.len());
        // Those in front lie here the longest.
        things.drain(..surplus);
        if things.capacity() > 2 * things.len().max(16) {
            things.shrink_to_fit();
        }
        self.unused.set(things.len());
        surplus
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.things.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_burst_left_goes_and_what_is_in_use_stays() {
        let shelf = Shelf::new(10);
        (0..12).for_each(|number| shelf.put(number));
        assert_eq!((shelf.len(), shelf.shrink()), (10, 0), "all were needed since the last call");
        assert_eq!(shelf.shrink(), 5);
        assert_eq!(shelf.take(), Some(9), "the one that was used last");
        for number in 0..3 {
            assert!(shelf.take().is_some());
            assert_eq!(shelf.len(), 3 - number);
        }
        assert_eq!(shelf.shrink(), 1, "one lay unused all the time");
        assert_eq!((shelf.take(), shelf.take()), (None, None));
    }
}
