//! Resource limits and CPU affinity.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// Soft and hard limit of open descriptors.
pub fn descriptors() -> io::Result<(u64, u64)> {
    Ok(getrlimit(Resource::RLIMIT_NOFILE)?)
}

pub fn set_descriptors(soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_NOFILE, soft, hard)?)
}

/// Limits private memory (`RLIMIT_DATA`): what is shared between processes is not counted.
pub fn set_memory(bytes: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_DATA, bytes, bytes)?)
}

/// The limit of private memory; `None`: without.
pub fn memory() -> io::Result<Option<u64>> {
    let (soft, _) = getrlimit(Resource::RLIMIT_DATA)?;
    Ok((soft != nix::libc::RLIM_INFINITY).then_some(soft))
}

/// Allows a core file (`set-dumpable`).
pub fn allow_core() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    setrlimit(Resource::RLIMIT_CORE, hard, hard)?;
    nix::sys::prctl::set_dumpable(true)?;
    Ok(())
}

/// CPUs this process may run on, in order.
pub fn usable_cpus() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect())
}

/// Binds this thread to some CPUs.
pub fn set_cpus(cpus: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}
