//! Edits between processes: few and small ones beside the order, the rest in sealed memory that all children share.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use weir_plan::{Edit, EditKind};

use crate::wire::{Malformed, Reader, Writer};

/// Up to so many bytes travel in the message itself.
const INLINE_BYTES: usize = 16 << 10;
/// More than any certificate or map brings; what is larger is refused before it is sent.
pub const LARGEST_EDIT_BYTES: usize = 256 << 20;

/// Edits as a message carries them: in its own bytes, or, when these are empty, in the descriptor beside it.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    pub inline: Vec<u8>,
    pub descriptor: Option<Arc<OwnedFd>>,
}

impl Packed {
    pub fn new<'a>(edits: impl Iterator<Item = &'a Edit>) -> io::Result<Self> {
        let mut out = Writer::default();
        for edit in edits {
            out.u8(edit.kind as u8).bytes(&edit.bytes);
        }
        if out.bytes.len() <= INLINE_BYTES {
            return Ok(Self { inline: out.bytes, descriptor: None });
        }
        let descriptor = weir_sys::memory::sealed("weir-edits", &out.bytes)?;
        Ok(Self { inline: Vec::new(), descriptor: Some(Arc::new(descriptor)) })
    }

    /// The edits that a message brought: `beside` is the first descriptor that came with it.
    pub fn read(inline: &[u8], beside: Option<OwnedFd>) -> io::Result<Vec<Edit>> {
        match beside {
            Some(descriptor) if inline.is_empty() => {
                unpack(&weir_sys::memory::read_all(descriptor.as_fd())?).map_err(io::Error::other)
            }
            _ => unpack(inline).map_err(io::Error::other),
        }
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<Edit>, Malformed> {
    let from = &mut Reader::new(bytes);
    let mut edits = Vec::new();
    while !from.is_empty() {
        let kind = EditKind::from_number(from.u8()?).ok_or(Malformed)?;
        edits.push(Edit::new(kind, from.bytes()?));
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_inline_large_ones_beside() {
        for size in [0, 10, 3 << 20] {
            let edits =
                [Edit::new(EditKind::Patterns, vec![7; size]), Edit::new(EditKind::Certificates, *b"pem")];
            let packed = Packed::new(edits.iter()).unwrap();
            assert_eq!(packed.descriptor.is_some(), size > INLINE_BYTES);
            let beside = packed.descriptor.map(|shared| shared.try_clone().unwrap());
            assert_eq!(Packed::read(&packed.inline, beside).unwrap(), edits);
        }
        assert!(Packed::read(&[200], None).is_err(), "a kind that names nothing");
    }
}
