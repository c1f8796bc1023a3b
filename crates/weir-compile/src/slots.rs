//! Where the compiler asks for places in shared memory. The supervisor hands out places while it compiles; children
//! look the same names up, so all agree.

use weir_shm::TableSpec;
use weir_types::Slot;

/// Names to places, one method per kind of object.
pub trait Slots {
    fn frontend(&mut self, name: &str) -> Slot;
    fn backend(&mut self, name: &str) -> Slot;
    /// `frontend/listener`.
    fn listener(&mut self, name: &str) -> Slot;
    /// `backend/server`.
    fn server(&mut self, name: &str) -> Slot;
    fn table(&mut self, spec: &TableSpec) -> Slot;
    fn cache(&mut self, name: &str, megabytes: u32) -> Slot;
}

/// Places counted up in the order of asking: for checking a configuration without serving it.
#[derive(Debug, Default)]
pub struct InOrder {
    next: [u32; 6],
}

impl InOrder {
    fn take(&mut self, kind: usize) -> Slot {
        let slot = Slot(self.next[kind]);
        self.next[kind] += 1;
        slot
    }
}

impl Slots for InOrder {
    fn frontend(&mut self, _name: &str) -> Slot {
        self.take(0)
    }
    fn backend(&mut self, _name: &str) -> Slot {
        self.take(1)
    }
    fn listener(&mut self, _name: &str) -> Slot {
        self.take(2)
    }
    fn server(&mut self, _name: &str) -> Slot {
        self.take(3)
    }
    fn table(&mut self, _spec: &TableSpec) -> Slot {
        self.take(4)
    }
    fn cache(&mut self, _name: &str, _megabytes: u32) -> Slot {
        self.take(5)
    }
}
