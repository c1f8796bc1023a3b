//! HPACK (RFC 7541): header blocks to fields and back.
//!
//! Our own, because the published crates either are abandoned with open advisories or give two fresh vectors per field.
//! Here fields land in one arena that is used again, and every bound (table size, length of the decoded list, number of
//! fields) is checked before anything is kept.

mod decode;
mod encode;
mod huffman;
mod table;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, Decoder};
pub use encode::{encode_field, encode_status};

/// The fields of one block in order of arrival; names as they came.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(u32, u32)>,
}

impl Fields {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Gives the memory back.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all names and values.
    pub fn text_len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, value_end)| {
            let (name_end, value_end) = (name_end as usize, value_end as usize);
            let field = (&self.bytes[start..name_end], &self.bytes[name_end..value_end]);
            start = value_end;
            field
        })
    }
}
