//! Whether a keyword does something yet. "Nothing is silently ignored" is this type.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what the manual says.
    Works,
    /// Accepted and without effect in weir; the reason is listed in the coverage table.
    NoEffect(&'static str),
    /// Known, checked for its arguments, and refused with a message that says so.
    NotYet,
}

/// What every keyword table's row can say of itself: listings, hints and the coverage table are made from it.
pub trait Entry {
    /// The name as HAProxy lists it.
    fn name(&self) -> &'static str;
    fn status(&self) -> Status;
    /// One line for the coverage table, with the manual's section.
    fn doc(&self) -> &'static str;
}
