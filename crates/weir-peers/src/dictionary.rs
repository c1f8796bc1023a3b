//! Names of servers: told once in a session, then known by their number.

use crate::number::{Malformed, Reader, put};

/// As many as HAProxy keeps; the oldest gives way.
pub const NAMES: usize = 128;

/// Names this side told, or was told. Number 1 is the first place.
#[derive(Debug)]
pub struct Dictionary {
    names: Vec<Option<Box<[u8]>>>,
    next: usize,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self { names: vec![None; NAMES], next: 0 }
    }
}

impl Dictionary {
    /// What stands at each place, for `show peers dict`.
    pub fn names(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.names.iter().map(Option::as_deref)
    }

    /// Writes a name: behind the length of both its number and, if it was not told yet, itself.
    pub fn write(&mut self, name: Option<&[u8]>, out: &mut Vec<u8>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return out.push(0) };
        let mut body = Vec::with_capacity(name.len() + 8);
        match self.names.iter().position(|known| known.as_deref() == Some(name)) {
            Some(place) => put(place as u64 + 1, &mut body),
            None => {
                put(self.next as u64 + 1, &mut body);
                put(name.len() as u64, &mut body);
                body.extend_from_slice(name);
                self.names[self.next] = Some(name.into());
                self.next = (self.next + 1) % NAMES;
            }
        }
        put(body.len() as u64, out);
        out.extend_from_slice(&body);
    }

    /// Reads a name; none where the entry has none.
    pub fn read(&mut self, reader: &mut Reader<'_>) -> Result<Option<&[u8]>, Malformed> {
        let mut body = Reader::new(reader.counted()?);
        if body.is_empty() {
            return Ok(None);
        }
        let number = usize::try_from(body.number()?).map_err(|_| Malformed)?;
        let place = number.checked_sub(1).filter(|place| *place < NAMES).ok_or(Malformed)?;
        if !body.is_empty() {
            self.names[place] = Some(body.counted()?.into());
        }
        Ok(self.names[place].as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Seen from HAProxy 2.8: two names, told and then known.
    #[test]
    fn names_of_haproxy() {
        let mut told = Dictionary::default();
        let mut out = Vec::new();
        for name in [Some(&b"srvB"[..]), Some(b"srvA"), Some(b"srvB"), Some(b"srvA"), None] {
            told.write(name, &mut out);
        }
        assert_eq!(out, b"\x06\x01\x04srvB\x06\x02\x04srvA\x01\x01\x01\x02\x00");
        let mut heard = Dictionary::default();
        let mut reader = Reader::new(&out);
        for name in [Some(&b"srvB"[..]), Some(b"srvA"), Some(b"srvB"), Some(b"srvA"), None] {
            assert_eq!(heard.read(&mut reader), Ok(name));
        }
    }

    proptest! {
        #[test]
        fn more_names_than_places(names in proptest::collection::vec("[a-z]{1,3}", 1..600)) {
            let (mut told, mut heard) = (Dictionary::default(), Dictionary::default());
            for name in &names {
                let mut out = Vec::new();
                told.write(Some(name.as_bytes()), &mut out);
                prop_assert_eq!(heard.read(&mut Reader::new(&out)), Ok(Some(name.as_bytes())));
            }
        }

        #[test]
        fn any_bytes_are_a_name_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut heard = Dictionary::default();
            let mut reader = Reader::new(&bytes);
            while heard.read(&mut reader).is_ok() && !reader.is_empty() {}
        }
    }
}
