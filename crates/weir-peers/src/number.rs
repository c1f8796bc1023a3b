//! Integers of variable length: one byte below 240; above, four bits and then seven in each further byte.

/// What was to be read is not there, or is no number of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

pub fn put(mut value: u64, out: &mut Vec<u8>) {
    if value < 240 {
        return out.push(value as u8);
    }
    out.push(value as u8 | 240);
    value = (value - 240) >> 4;
    while value >= 128 {
        out.push(value as u8 | 128);
        value = (value - 128) >> 7;
    }
    out.push(value as u8);
}

/// Bytes that are taken from the front.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.bytes(1)?[0])
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Four bytes, most significant first.
    pub fn word(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.bytes(4)?.try_into().map_err(|_| Malformed)?))
    }

    pub fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = u64::from(self.byte()?);
        if value < 240 {
            return Ok(value);
        }
        let mut shift = 4;
        loop {
            let byte = u64::from(self.byte()?);
            let part = byte.checked_shl(shift).filter(|part| part >> shift == byte).ok_or(Malformed)?;
            value = value.checked_add(part).ok_or(Malformed)?;
            if byte < 128 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// A number of 32 bits; what is more is cut off, as HAProxy does.
    pub fn short(&mut self) -> Result<u32, Malformed> {
        Ok(self.number()? as u32)
    }

    /// Bytes behind their count.
    pub fn counted(&mut self) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.bytes(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put(value, &mut out);
        out
    }

    #[test]
    fn lengths_of_the_specification() {
        for (value, length) in [
            (0, 1),
            (239, 1),
            (240, 2),
            (2287, 2),
            (2288, 3),
            (264_431, 3),
            (264_432, 4),
            (33_818_863, 4),
            (33_818_864, 5),
            (4_328_786_159, 5),
            (4_328_786_160, 6),
        ] {
            assert_eq!(bytes(value).len(), length, "{value}");
        }
    }

    /// Seen in a definition of HAProxy 2.8: periods of 10 to 18 seconds and times of 1, 5 and 10 minutes.
    #[test]
    fn numbers_of_haproxy() {
        let seen: [(u64, &[u8]); 6] = [
            (10_000, &[0xf0, 0xe2, 0x03]),
            (11_000, &[0xf8, 0xa0, 0x04]),
            (18_000, &[0xf0, 0xd6, 0x07]),
            (60_000, &[0xf0, 0x97, 0x1c]),
            (300_000, &[0xf0, 0xaf, 0x91, 0x00]),
            (600_000, &[0xf0, 0xed, 0xa3, 0x01]),
        ];
        for (value, encoded) in seen {
            assert_eq!(bytes(value), encoded);
            assert_eq!(Reader::new(encoded).number(), Ok(value));
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back(value: u64) {
            let bytes = bytes(value);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Ok(value));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_are_a_number_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            let mut reader = Reader::new(&bytes);
            let _ = reader.number();
            let _ = reader.counted();
        }
    }
}
