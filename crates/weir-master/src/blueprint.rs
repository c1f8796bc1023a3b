//! What the supervisor needs to know of a plan: limits, names, listening addresses. It never runs the plan itself.

use weir_shm::{CacheSpec, Kind, RingSpec, TableSpec};
use weir_types::{Address, Diagnostics};

use crate::wire::{Malformed, Reader, Writer};
use weir_plan::settings::BindSettings;

/// The outcome of reading a bundle in the supervisor.
#[derive(Debug, Default)]
pub struct Loaded {
    pub diagnostics: Diagnostics,
    /// Present when nothing stands against running it.
    pub blueprint: Option<Blueprint>,
}

#[derive(Clone, Debug, Default)]
pub struct Blueprint {
    pub settings: ProcessSettings,
    /// Variables that the master is asked for, beside those it was started with.
    pub environment: Vec<(String, String)>,
    /// Everything that has a place in shared memory.
    pub names: Vec<(Kind, String)>,
    pub tables: Vec<TableSpec>,
    pub rings: Vec<RingSpec>,
    pub caches: Vec<CacheSpec>,
    /// Servers with `backup`, by their names in shared memory.
    pub backups: std::collections::HashSet<String>,
    pub listeners: Vec<ListenerSpec>,
}

/// Who takes the connections of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taker {
    Workers,
    /// `stats socket`, `peers`
    Controller,
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// Its name in shared memory.
    pub name: String,
    pub taker: Taker,
    pub address: Address,
    pub settings: BindSettings,
    /// `maxconn` of the proxy or `backlog`: what the accept queue should hold; 0: the system's default.
    pub backlog: u32,
    /// `frontend f`, for messages.
    pub owner: String,
    /// `file:line`, for messages.
    pub place: String,
}

/// Process-wide settings from `global`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessSettings {
    pub daemon: bool,
    pub master_worker: bool,
    pub quiet: bool,
    /// 0: as many as there are usable CPUs.
    pub nbthread: u16,
    /// 0: what the descriptor limit allows.
    pub maxconn: u32,
    pub ulimit_n: Option<u64>,
    pub fd_hard_limit: Option<u64>,
    pub strict_limits: bool,
    pub set_dumpable: bool,
    /// What children keep of root's rights, by the kernel's names.
    pub capabilities: Vec<String>,
    pub noreuseport: bool,
    pub pidfile: Option<String>,
    pub hard_stop_after_ms: Option<u32>,
    pub grace_ms: u32,
    pub chroot: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// CPUs of each worker, in order; an empty list leaves it where it is.
    pub cpus: Vec<Vec<usize>>,
    pub receive_buffer: u32,
    pub send_buffer: u32,
}

/// What a child does to itself before it reads the bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildSettings {
    pub chroot: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub cpus: Vec<u32>,
    /// Bytes of private memory; 0: no limit.
    pub memory_bytes: u64,
    pub set_dumpable: bool,
    /// What the child keeps of root's rights when it changes to its user.
    pub capabilities: Vec<String>,
    /// A daemon's child: nobody reads what it prints, and whoever waits for the terminal must not wait for it.
    pub silent: bool,
}

impl ChildSettings {
    pub fn encode(&self, out: &mut Writer) {
        out.option(self.chroot.as_ref(), |out, path| {
            out.text(path);
        });
        for id in [self.uid, self.gid] {
            out.option(id.as_ref(), |out, id| {
                out.u32(*id);
            });
        }
        out.list(&self.cpus, |out, cpu| {
            out.u32(*cpu);
        });
        out.list(&self.capabilities, |out, name| {
            out.text(name);
        });
        out.u64(self.memory_bytes).u8(u8::from(self.set_dumpable)).u8(u8::from(self.silent));
    }

    pub fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            chroot: from.option(Reader::text)?,
            uid: from.option(Reader::u32)?,
            gid: from.option(Reader::u32)?,
            cpus: from.list(Reader::u32)?,
            capabilities: from.list(Reader::text)?,
            memory_bytes: from.u64()?,
            set_dumpable: from.u8()? != 0,
            silent: from.u8()? != 0,
        })
    }
}
