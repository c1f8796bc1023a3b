//! Header blocks to fields (RFC 7541 section 6).

use super::table::{DynamicTable, STATIC};
use super::{Fields, huffman};

/// Why a block was refused. The dynamic table can no longer be trusted: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// An integer without end or beyond 28 bits, or a block that ends too early.
    Truncated,
    /// An index that no table holds.
    Index,
    /// A table size above what was announced, or not at the beginning of the block.
    TableSize,
    Huffman,
    /// A field without a name.
    NoName,
    /// The fields take more room than the bound.
    TooLarge,
}

/// One direction's decoder.
#[derive(Debug)]
pub struct Decoder {
    table: DynamicTable,
    /// What our settings announce.
    announced: usize,
}

impl Decoder {
    pub fn new(table_size: usize) -> Self {
        Self { table: DynamicTable::new(table_size), announced: table_size }
    }

    /// Decodes a whole block into `fields`, whose bytes may be `limit` at most.
    pub fn decode(&mut self, block: &[u8], limit: usize, fields: &mut Fields) -> Result<(), DecodeError> {
        fields.clear();
        let mut input = block;
        while let Some(&first) = input.first() {
            match first {
                0x80.. => {
                    let index = integer(&mut input, 7)?;
                    let (name, value) = lookup(&self.table, index)?;
                    fields.bytes.extend_from_slice(name);
                    let name_end = fields.bytes.len();
                    fields.bytes.extend_from_slice(value);
                    fields.ends.push((name_end as u32, fields.bytes.len() as u32));
                }
                0x40..=0x7f => {
                    let start = fields.bytes.len();
                    let name_end = self.literal(&mut input, 6, fields)?;
                    let (name, value) = fields.bytes[start..].split_at(name_end - start);
                    self.table.add(name, value);
                }
                0x20..=0x3f => {
                    let size = integer(&mut input, 5)?;
                    if size > self.announced || !fields.is_empty() {
                        return Err(DecodeError::TableSize);
                    }
                    self.table.set_limit(size);
                }
                // Without indexing, or never to be indexed.
                0..=0x1f => {
                    self.literal(&mut input, 4, fields)?;
                }
            }
            if fields.bytes.len() + fields.len() > limit {
                return Err(DecodeError::TooLarge);
            }
        }
        Ok(())
    }

    /// A literal field; returns where its name ends.
    fn literal(&self, input: &mut &[u8], bits: u32, fields: &mut Fields) -> Result<usize, DecodeError> {
        let start = fields.bytes.len();
        match integer(input, bits)? {
            0 => text(input, &mut fields.bytes)?,
            index => fields.bytes.extend_from_slice(lookup(&self.table, index)?.0),
        }
        let name_end = fields.bytes.len();
        if name_end == start {
            return Err(DecodeError::NoName);
        }
        text(input, &mut fields.bytes)?;
        fields.ends.push((name_end as u32, fields.bytes.len() as u32));
        Ok(name_end)
    }
}

fn lookup(table: &DynamicTable, index: usize) -> Result<(&[u8], &[u8]), DecodeError> {
    let place = index.checked_sub(1).ok_or(DecodeError::Index)?;
    match STATIC.get(place) {
        Some(&(name, value)) => Ok((name, value)),
        None => table.at(place - STATIC.len()).ok_or(DecodeError::Index),
    }
}

/// An integer in the low `bits` of the first byte and what follows (section 5.1).
fn integer(input: &mut &[u8], bits: u32) -> Result<usize, DecodeError> {
    let mask = (1usize << bits) - 1;
    let (first, mut rest) = input.split_first().ok_or(DecodeError::Truncated)?;
    let mut value = usize::from(*first) & mask;
    if value == mask {
        let mut shift = 0;
        loop {
            let (byte, behind) = rest.split_first().ok_or(DecodeError::Truncated)?;
            rest = behind;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
            if shift > 21 {
                return Err(DecodeError::Truncated);
            }
        }
    }
    *input = rest;
    Ok(value)
}

/// A string literal (section 5.2), appended to `out`.
fn text(input: &mut &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let huffman = input.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(input, 7)?;
    let (text, rest) = input.split_at_checked(length).ok_or(DecodeError::Truncated)?;
    *input = rest;
    if huffman {
        return huffman::decode(text, out).map_err(|_| DecodeError::Huffman);
    }
    out.extend_from_slice(text);
    Ok(())
}
