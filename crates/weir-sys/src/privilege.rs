//! Giving up privileges. The order matters and is the caller's: chroot, then groups, then user.

use std::ffi::CString;
use std::io;
use std::path::Path;

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Group, Uid, User, chdir, chroot, setgid, setgroups, setuid};

/// Changes the root directory and moves into it.
pub fn change_root(path: &Path) -> io::Result<()> {
    chroot(path)?;
    Ok(chdir("/")?)
}

/// Sets the group and removes or takes the user's supplementary ones.
pub fn set_group(gid: u32, supplementary: &[u32]) -> io::Result<()> {
    if Uid::effective().is_root() {
        setgroups(&supplementary.iter().map(|gid| Gid::from_raw(*gid)).collect::<Vec<_>>())?;
    }
    Ok(setgid(Gid::from_raw(gid))?)
}

/// Changes to the user. Of root's rights only these capabilities stay; unknown names are the caller's mistake.
pub fn set_user(uid: u32, capabilities: &[String]) -> io::Result<()> {
    nix::sys::prctl::set_keepcaps(!capabilities.is_empty())?;
    setuid(Uid::from_raw(uid))?;
    if capabilities.is_empty() {
        return Ok(());
    }
    let held = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    match named(capabilities)?.into_iter().find(|wanted| !held.contains(wanted)) {
        Some(missing) => Err(io::Error::other(format!("{missing} is not there to be kept"))),
        None => keep(capabilities),
    }
}

fn named(capabilities: &[String]) -> io::Result<CapsHashSet> {
    let named = capabilities.iter().map(|name| name.to_ascii_uppercase().parse::<Capability>());
    named.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// From here on this process has at most these capabilities of those it has now.
pub fn keep(capabilities: &[String]) -> io::Result<()> {
    let held = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let kept: CapsHashSet = named(capabilities)?.intersection(&held).copied().collect();
    // What is in force must be a part of what is permitted, at every moment.
    caps::set(None, CapSet::Effective, &kept).map_err(io::Error::other)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(io::Error::other)
}

/// [`keep`], and no program started from here on can have others, root or not. For a process that runs as root; where
/// the kernel does not let it (a container without `CAP_SETPCAP`), programs started later stay as they were.
pub fn keep_for_good(capabilities: &[String]) -> io::Result<()> {
    let kept = |one: &Capability| capabilities.iter().any(|name| name.eq_ignore_ascii_case(&one.to_string()));
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(io::Error::other)? {
        for one in caps::runtime::thread_all_supported().into_iter().filter(|one| !kept(one)) {
            caps::drop(None, CapSet::Bounding, one).map_err(io::Error::other)?;
        }
    }
    keep(capabilities)
}

pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// The user's id and main group.
pub fn find_user(name: &str) -> io::Result<Option<(u32, u32)>> {
    Ok(User::from_name(name)?.map(|user| (user.uid.as_raw(), user.gid.as_raw())))
}

pub fn find_group(name: &str) -> io::Result<Option<u32>> {
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

/// Owner and mode of a unix socket; `None` leaves each as it is.
pub fn set_owner(path: &Path, uid: Option<u32>, gid: Option<u32>, mode: Option<u32>) -> io::Result<()> {
    if uid.is_some() || gid.is_some() {
        nix::unistd::chown(path, uid.map(Uid::from_raw), gid.map(Gid::from_raw))?;
    }
    if let Some(mode) = mode {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    }
    Ok(())
}

/// Programs started from here on cannot gain privileges (`setuid` files lose their meaning).
pub fn no_new_privileges() -> io::Result<()> {
    Ok(nix::sys::prctl::set_no_new_privs()?)
}

/// The kernel's name of the machine.
pub fn host_name() -> io::Result<String> {
    Ok(nix::unistd::gethostname()?.to_string_lossy().into_owned())
}

/// What `exec` needs: text without NUL.
pub fn c_string(text: &str) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::ErrorKind::InvalidInput.into())
}
