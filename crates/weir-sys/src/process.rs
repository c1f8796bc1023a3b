//! Processes: starting one's own program again, daemons, names, deaths.

use std::ffi::{CStr, CString, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, raise, signal, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

/// Starts the running program again with the same arguments. `role` stands in the environment variable `variable`,
/// followed by `:` and the number under which the child finds `control`. Standard streams and descriptors that were
/// inherited without close-on-exec are inherited further.
pub fn spawn_self(variable: &str, role: &str, control: OwnedFd) -> io::Result<u32> {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| OsString::from("haproxy"));
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name).args(arguments).env(variable, format!("{role}:{}", control.as_raw_fd()));
    // SAFETY: between fork and exec only fcntl and sigprocmask are called, which are async-signal-safe.
    #[allow(unsafe_code)]
    unsafe {
        let control = control.try_clone()?;
        command.env(variable, format!("{role}:{}", control.as_raw_fd()));
        command.pre_exec(move || {
            crate::descriptor::set_close_on_exec(control.as_fd(), false)?;
            Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?)
        });
    }
    let child = command.spawn()?;
    drop(control);
    Ok(child.id())
}

/// The role and control descriptor of a process made by [`spawn_self`]; `None` in any other. The variable is removed.
/// To be called once, before any thread is started.
pub fn child_role(variable: &str) -> Option<io::Result<(String, OwnedFd)>> {
    let value = std::env::var(variable).ok()?;
    // SAFETY: no other thread runs yet (documented), so nobody reads the environment meanwhile.
    #[allow(unsafe_code)]
    unsafe {
        std::env::remove_var(variable);
    }
    let (role, number) = value.rsplit_once(':')?;
    let number: RawFd = number.parse().ok()?;
    Some(crate::descriptor::take_inherited(number).map(|control| (role.to_string(), control)))
}

/// How a child ended or stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    Signalled(i32),
    /// Stopped by a signal; it still exists.
    Stopped,
    Continued,
}

impl End {
    /// As a shell shows it: the exit status, or 128 plus the signal.
    pub fn status(self) -> i32 {
        match self {
            End::Exited(status) => status,
            End::Signalled(signal) => 128 + signal,
            End::Stopped | End::Continued => 0,
        }
    }

    /// The word HAProxy's master puts in brackets: `Exit`, or the signal's description.
    pub fn describe(self) -> String {
        match self {
            End::Exited(status) if status < 128 => "Exit".to_string(),
            End::Exited(status) => describe_signal(status - 128),
            End::Signalled(signal) => describe_signal(signal),
            End::Stopped => "Stopped".to_string(),
            End::Continued => "Continued".to_string(),
        }
    }
}

/// The next child that ended, stopped or went on; `None` when there is nothing to report.
pub fn next_end() -> Option<(u32, End)> {
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED;
    loop {
        let (pid, end) = match waitpid(Pid::from_raw(-1), Some(flags)) {
            Ok(WaitStatus::Exited(pid, status)) => (pid, End::Exited(status)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, End::Signalled(signal as i32)),
            Ok(WaitStatus::Stopped(pid, _)) => (pid, End::Stopped),
            Ok(WaitStatus::Continued(pid)) => (pid, End::Continued),
            Ok(WaitStatus::StillAlive) => return None,
            Ok(_) | Err(nix::Error::EINTR) => continue,
            Err(_) => return None,
        };
        return Some((pid.as_raw() as u32, end));
    }
}

/// Sends a signal by number; 0 only asks whether the process exists.
pub fn kill(pid: u32, number: i32) -> io::Result<()> {
    let number = if number == 0 { None } else { Some(Signal::try_from(number)?) };
    Ok(nix::sys::signal::kill(Pid::from_raw(pid as i32), number)?)
}

/// Ends this process by a signal's default action, so that its parent sees it signalled.
pub fn die_by(number: i32) -> ! {
    if let Ok(number) = Signal::try_from(number) {
        set_handler(number, SigHandler::SigDfl);
        let mut set = SigSet::empty();
        set.add(number);
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None);
        let _ = raise(number);
    }
    std::process::exit(128 + number)
}

/// Ignores signals by number.
pub fn ignore(numbers: &[i32]) {
    for number in numbers {
        if let Ok(number) = Signal::try_from(*number) {
            set_handler(number, SigHandler::SigIgn);
        }
    }
}

/// The kernel sends this process a signal when the thread that started it ends. Undone by a change of user: call it
/// after that.
pub fn set_parent_death_signal(number: i32) -> io::Result<()> {
    Ok(nix::sys::prctl::set_pdeathsig(Signal::try_from(number)?)?)
}

/// The name that `ps -o comm`, `pidof` and `killall` see; cut to 15 bytes.
pub fn set_name(name: &str) -> io::Result<()> {
    let name = CString::new(name).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(nix::sys::prctl::set_name(&name)?)
}

pub fn parent_pid() -> u32 {
    nix::unistd::getppid().as_raw() as u32
}

/// Forks before any thread exists. In the parent: the child's pid; in the child: `None`.
pub fn fork_early() -> io::Result<Option<u32>> {
    // SAFETY: called before any thread is started (documented), so no lock can be held by another thread.
    #[allow(unsafe_code)]
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child.as_raw() as u32)),
        ForkResult::Child => Ok(None),
    }
}

/// Waits for one child to end.
pub fn wait_for(pid: u32) -> io::Result<End> {
    loop {
        match waitpid(Pid::from_raw(pid as i32), None) {
            Ok(WaitStatus::Exited(_, status)) => return Ok(End::Exited(status)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(End::Signalled(signal as i32)),
            Ok(_) | Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
    }
}

/// A session of one's own, without a terminal.
pub fn new_session() -> io::Result<()> {
    nix::unistd::setsid()?;
    Ok(())
}

/// Connects standard input, output and error to `/dev/null`.
pub fn silence_standard_streams() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    Ok(())
}

fn describe_signal(number: i32) -> String {
    // SAFETY: strsignal returns a pointer to a text that is valid until the next call in this thread.
    #[allow(unsafe_code)]
    unsafe {
        let text = nix::libc::strsignal(number);
        if text.is_null() {
            return format!("Signal {number}");
        }
        CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

fn set_handler(number: Signal, handler: SigHandler) {
    // SAFETY: only SIG_DFL and SIG_IGN are ever set, which run no code of ours.
    #[allow(unsafe_code)]
    unsafe {
        let _ = signal(number, handler);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_described_as_the_master_does() {
        assert_eq!(End::Exited(0).describe(), "Exit");
        assert_eq!(
            (End::Signalled(15).status(), End::Signalled(15).describe()),
            (143, "Terminated".to_string())
        );
        assert_eq!(End::Exited(143).describe(), "Terminated");
        assert_eq!(End::Signalled(9).describe(), "Killed");
    }
}
