//! Places in shared memory as the compiler asks for them: the supervisor notes the names and reserves them when nothing
//! stands against the plan; children look them up.

use weir_compile::Slots;
use weir_shm::{CacheSpec, Kind, Shm, TableSpec};
use weir_types::Slot;

/// Notes names; a slot is the number of the name among all.
#[derive(Default)]
pub struct Recorded {
    pub names: Vec<(Kind, String)>,
    pub tables: Vec<TableSpec>,
    pub caches: Vec<CacheSpec>,
}

impl Recorded {
    fn take(&mut self, kind: Kind, name: &str) -> Slot {
        self.names.push((kind, name.to_string()));
        Slot(self.names.len() as u32 - 1)
    }
}

impl Slots for Recorded {
    fn frontend(&mut self, name: &str) -> Slot {
        self.take(Kind::Frontend, name)
    }

    fn backend(&mut self, name: &str) -> Slot {
        self.take(Kind::Backend, name)
    }

    fn listener(&mut self, name: &str) -> Slot {
        self.take(Kind::Listener, name)
    }

    fn server(&mut self, name: &str) -> Slot {
        self.take(Kind::Server, name)
    }

    fn table(&mut self, spec: &TableSpec) -> Slot {
        self.tables.push(spec.clone());
        Slot(self.tables.len() as u32 - 1)
    }

    fn cache(&mut self, name: &str, megabytes: u32) -> Slot {
        self.caches.push(CacheSpec { name: name.to_string(), megabytes });
        Slot(self.caches.len() as u32 - 1)
    }
}

/// Finds names that were reserved.
pub struct Known {
    shm: Shm,
    /// A name that was not: the supervisor compiled something else.
    pub missing: Option<String>,
}

impl Known {
    pub fn new(shm: Shm) -> Self {
        Self { shm, missing: None }
    }

    fn find(&mut self, kind: Kind, name: &str) -> Slot {
        self.shm.find(kind, name).unwrap_or_else(|| {
            self.missing.get_or_insert_with(|| name.to_string());
            Slot::default()
        })
    }
}

impl Slots for Known {
    fn frontend(&mut self, name: &str) -> Slot {
        self.find(Kind::Frontend, name)
    }

    fn backend(&mut self, name: &str) -> Slot {
        self.find(Kind::Backend, name)
    }

    fn listener(&mut self, name: &str) -> Slot {
        self.find(Kind::Listener, name)
    }

    fn server(&mut self, name: &str) -> Slot {
        self.find(Kind::Server, name)
    }

    fn table(&mut self, spec: &TableSpec) -> Slot {
        self.shm.find_table(spec).unwrap_or_else(|| {
            self.missing.get_or_insert_with(|| spec.name.clone());
            Slot::default()
        })
    }

    fn cache(&mut self, name: &str, megabytes: u32) -> Slot {
        let spec = CacheSpec { name: name.to_string(), megabytes };
        self.shm.find_cache(&spec).unwrap_or_else(|| {
            self.missing.get_or_insert_with(|| name.to_string());
            Slot::default()
        })
    }
}
