//! An edit: a change of what the configuration says, made at run time (`add map`, `add server`, `set ssl cert`). All
//! children get every edit in one order, and an edit is in force in all of them or in none.

use std::fmt;
use std::sync::Arc;

use crate::Plan;

/// Whose bytes they are: each kind belongs to one subject, which alone encodes and reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EditKind {
    /// Entries of ACLs and maps.
    Patterns = 1,
    /// Variables of the process scope.
    Variables = 2,
    /// Servers added and deleted.
    Servers = 3,
    /// Certificates and what belongs to them.
    Certificates = 4,
}

impl EditKind {
    pub const ALL: [EditKind; 4] =
        [EditKind::Patterns, EditKind::Variables, EditKind::Servers, EditKind::Certificates];

    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Whether an edit of this kind can be checked while others of its kind, which were ordered before it, are not in
    /// force yet. Such edits travel together; any other has a round of its own.
    pub const fn travels_together(self) -> bool {
        matches!(self, EditKind::Patterns | EditKind::Variables)
    }
}

/// One change. Its bytes must mean the same in every child: names rather than addresses, texts rather than pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub kind: EditKind,
    pub bytes: Arc<[u8]>,
}

impl Edit {
    pub fn new(kind: EditKind, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { kind, bytes: bytes.into() }
    }
}

/// An edit that was read, checked and prepared: nothing is left that can fail.
pub enum Change {
    /// Changes what the plan holds behind locks of its own (pattern sets), at once.
    Inside(Box<dyn FnOnce() + Send>),
    /// Another plan, of the same generation, takes the place of the one in force.
    Plan(Arc<Plan>),
}

impl fmt::Debug for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Change::Inside(_) => "Change::Inside",
            Change::Plan(_) => "Change::Plan",
        })
    }
}
