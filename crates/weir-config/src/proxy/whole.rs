//! What is settled when a proxy's section ends, of that proxy alone.

use crate::model::Proxy;
use crate::parser::Parser;

/// The section is complete; its lines cannot change it any more.
pub(super) fn section(_: &mut Parser<'_>, _: &mut Proxy) {}
