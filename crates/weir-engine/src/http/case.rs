//! `h1-case-adjust`: spellings for peers that look at the case of header names.

use weir_plan::Plan;

/// The spelling that the global section gives for a lower-case name.
pub fn spelling<'p>(plan: &'p Plan, name: &[u8]) -> Option<&'p [u8]> {
    let pairs = &plan.global.h1_case_adjust;
    pairs.iter().find(|(lower, _)| lower.as_bytes() == name).map(|(_, spelling)| spelling.as_bytes())
}
