//! The words that converter rows are written with.

pub(super) use super::Converter;
pub(super) use crate::arg::Kind::*;
pub(super) use crate::arg::Signature;
pub(super) use crate::value::Type::*;

pub(super) const NONE: Signature = Signature::NONE;

pub(super) const fn sig(required: u8, kinds: &'static [crate::arg::Kind]) -> Signature {
    Signature { required, kinds }
}
