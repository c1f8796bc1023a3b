//! From the command line to running children: read, check, bind, become a daemon, start.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;
use weir_shm::{Capacity, Kind, Shm, Wakers};
use weir_sys::{clock, process};
use weir_types::Level;

use super::finish::{Exit, Stopping};
use super::reload::{Prepared, Reload, show};
use super::{Children, Running, Supervisor, limits, pidfile, signals};
use crate::bind::Binder;
use crate::blueprint::{Blueprint, ProcessSettings};
use crate::bundle::{Bundle, Overrides};
use crate::cli::MasterSocket;
use crate::handover;
use crate::listeners::Listeners;
use crate::options::Options;
use crate::program::{Program, Spent};
use crate::report::Report;

/// How long a new start asks old processes to let go of an address before it gives up, and how often.
const BIND_RETRIES: u32 = 20;
const BIND_RETRY_MS: u64 = 10;

/// `-c`: reads and checks, binds nothing. The exit status.
pub fn check(program: &dyn Program, options: &Options) -> i32 {
    let report = Report::new(options.quiet, introduction(options));
    if let Err(status) = change_directory(options, &report) {
        return status;
    }
    let (prepared, spent) = prepare(program, options, &report, 0);
    spent.leave();
    match prepared.outcome {
        Err(reason) => {
            if !reason.is_empty() {
                report.alert(&reason);
            }
            1
        }
        Ok(blueprint) => {
            let master_worker = options.master_worker || blueprint.settings.master_worker;
            if let Some(text) = options.master_socket.as_ref().filter(|_| master_worker)
                && let Err(reason) = MasterSocket::described(text)
            {
                report.alert(&reason);
                return 1;
            }
            let (said, status) = match blueprint.listeners.is_empty() {
                true => ("Configuration file has no error but will not start (no listener) => exit(2).\n", 2),
                false => ("Configuration file is valid\n", 0),
            };
            if (options.verbose || status != 0) && !options.quiet {
                weir_types::terminal::print(said);
            }
            status
        }
    }
}

/// Starts everything and supervises it until the end. The exit status, unless a signal ends the process itself.
pub fn run(program: Arc<dyn Program>, options: Options) -> i32 {
    let report = Report::new(options.quiet, introduction(&options));
    match start(program, Arc::new(options), &report) {
        Ok(Exit::Status(status)) => status,
        Ok(Exit::Signal(number)) => process::die_by(number),
        Err(reasons) => {
            reasons.iter().filter(|reason| !reason.is_empty()).for_each(|reason| report.alert(reason));
            1
        }
    }
}

fn start(program: Arc<dyn Program>, options: Arc<Options>, report: &Report) -> Result<Exit, Vec<String>> {
    change_directory(&options, report).map_err(|_| Vec::new())?;
    let (Prepared { bundle, outcome }, spent) = prepare(&*program, &options, report, 0);
    let blueprint = outcome.map_err(|reason| vec![reason])?;
    let settings = &blueprint.settings;
    if settings.quiet && !options.verbose {
        report.set_quiet(true);
    }
    let master_worker = options.master_worker || settings.master_worker;
    // A master has its own socket to listen on.
    if blueprint.listeners.is_empty() && !master_worker {
        return Err(vec![format!(
            "[{}.main()] No enabled listener found (check for 'bind' directives) ! Exiting.",
            std::env::current_exe().unwrap_or_default().display()
        )]);
    }
    let limits = limits::apply(settings, &blueprint, report).map_err(|reason| vec![reason])?;
    let workers = limits::workers(settings);
    let shm = share(&blueprint, workers).map_err(|error| vec![error.to_string()])?;
    let listeners = bind_all(&blueprint, shm, workers, &options)?;
    let master_socket = match &options.master_socket {
        Some(text) if master_worker => Some(MasterSocket::bind(text).map_err(|error| vec![error])?),
        _ => None,
    };
    let daemon = (options.daemon || settings.daemon) && !options.foreground && !options.debug;
    let parent = if daemon { detach().map_err(|error| vec![error.to_string()])? } else { None };
    let process = shm.process().state;
    process.supervisor_pid.set(std::process::id());
    process.master_worker.set(u32::from(master_worker));
    process.ulimit_n.set(u32::try_from(limits.descriptors).unwrap_or(u32::MAX));
    process.hard_maxconn.set(limits.maxconn);
    if let Some(path) = pidfile_path(&options, settings, daemon || master_worker) {
        pidfile::write(&path)
            .map_err(|error| vec![format!("Cannot create pidfile {} : {error}", path.display())])?;
    }
    limits::give_up_rights(settings).map_err(|error| vec![format!("Cannot give up rights: {error}")])?;
    let sealed = bundle.seal().map_err(|error| vec![error.to_string()])?;
    let current = Running {
        generation: 0,
        bundle: Arc::new(sealed),
        blueprint: Arc::new(blueprint),
        listeners,
        workers,
    };
    drop(bundle);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(|error| vec![error.to_string()])?;
    runtime.block_on(async {
        let (sender, events) = unbounded_channel();
        signals::forward(sender.clone()).map_err(|error| vec![error.to_string()])?;
        if let Some(socket) = master_socket {
            socket.serve(sender.clone(), options.clone()).map_err(|error| vec![error.to_string()])?;
        }
        let wakers = Wakers::create(shm.places()).map_err(|error| vec![error.to_string()])?;
        let mut supervisor = Supervisor {
            program,
            options,
            report: report.clone(),
            shm,
            waker_descriptors: copies(
                (0..shm.places()).map(|place| wakers.descriptor(weir_types::WorkerId(place as u16))),
            )
            .map_err(|error| vec![error.to_string()])?,
            segments: copies(shm.descriptors()).map_err(|error| vec![error.to_string()])?,
            wakers: Arc::new(wakers),
            current,
            children: Children::default(),
            reload: Reload::default(),
            edits: Default::default(),
            stopping: Stopping::new(parent),
            master_worker,
            daemon,
            paused: false,
            events,
            sender,
        };
        supervisor.start_all();
        spent.free();
        Ok(supervisor.supervise().await)
    })
}

/// Reads the files and checks them; everything found is reported.
pub fn prepare(
    program: &dyn Program,
    options: &Options,
    report: &Report,
    generation: u64,
) -> (Prepared, Spent) {
    let mut bundle = Bundle { generation, overrides: overrides(options), ..Bundle::default() };
    bundle.environment = std::env::vars_os().collect();
    if let Err(reason) = program.read(&mut bundle) {
        return (Prepared { bundle, outcome: Err(reason) }, Spent::nothing());
    }
    let (loaded, spent) = program.load(&mut bundle);
    show(report, &loaded.diagnostics, &bundle.sources);
    let strict = options.zero_warning && loaded.diagnostics.has_warning();
    let outcome = match loaded.blueprint {
        Some(_) if strict => Err("Some warnings were found and 'zero-warning' is set. Aborting.".to_string()),
        Some(blueprint) => Ok(adjust(blueprint, options)),
        None => Err(String::new()),
    };
    (Prepared { bundle, outcome }, spent)
}

/// What HAProxy says of itself before its first warning.
pub fn introduction(options: &Options) -> Vec<String> {
    let path = std::env::current_exe().unwrap_or_else(|_| PathBuf::from(&options.name));
    vec![
        format!("haproxy version is {}", options.version),
        format!("path to executable is {}", path.display()),
    ]
}

impl Supervisor {
    /// All children run: tell systemd, the old processes, and whoever started this one.
    pub(super) fn announce_start(&mut self) {
        if self.master_worker {
            self.report.notice("Loading success.");
        } else {
            self.report.started();
        }
        for (pids, signal) in
            [(&self.options.finish, nix::libc::SIGUSR1), (&self.options.terminate, nix::libc::SIGTERM)]
        {
            // A process that is gone already needs no signal.
            pids.iter().for_each(|pid| drop(process::kill(*pid, signal)));
        }
        self.notify(&format!("READY=1\nMAINPID={}\nSTATUS=Ready.\n", std::process::id()));
        if self.stopping.release_parent(true) {
            let _ = process::silence_standard_streams();
            self.report.set_quiet(true);
        }
    }

    /// A message to systemd, in `-Ws` mode.
    pub(super) fn notify(&self, text: &str) {
        if self.options.notify_systemd
            && let Err(error) = weir_sys::notify::send(text)
        {
            self.report.warning(&format!("Failed to notify systemd: {error}"));
        }
    }

    pub(super) fn worker_count(&self, settings: &ProcessSettings) -> usize {
        let wanted = limits::workers(settings);
        let room = self.shm.places() - 1;
        if wanted > room {
            self.report
                .warning(&format!("'nbthread {wanted}' needs a restart, going on with {room} workers"));
        }
        wanted.min(room)
    }

    pub(super) fn boot_failed(&mut self, reason: &str) {
        if self.stopping.is_stopping() {
            return;
        }
        self.report.alert(reason);
        self.stopping.release_parent(false);
        self.stop_failed();
    }
}

fn change_directory(options: &Options, report: &Report) -> Result<(), i32> {
    let Some(path) = &options.directory else { return Ok(()) };
    std::env::set_current_dir(path).map_err(|_| {
        report.say(
            Level::Alert,
            &format!("Could not change to directory {} : {}", path.display(), "No such file or directory"),
        );
        1
    })
}

fn overrides(options: &Options) -> Overrides {
    Overrides {
        maxconn: options.maxconn,
        proxy_maxconn: options.proxy_maxconn,
        local_peer: options
            .local_peer
            .clone()
            .unwrap_or_else(|| weir_sys::privilege::host_name().unwrap_or_default()),
        diagnose: options.diagnose,
        no_server_verify: options.no_server_verify,
        ignore_unresolved: options.ignore_unresolved,
        master_worker: options.master_worker,
    }
}

/// The command line has the last word.
fn adjust(mut blueprint: Blueprint, options: &Options) -> Blueprint {
    let settings = &mut blueprint.settings;
    settings.noreuseport |= options.no_reuse_port;
    if let Some(maxconn) = options.maxconn {
        settings.maxconn = maxconn;
    }
    blueprint
}

fn share(blueprint: &Blueprint, workers: usize) -> Result<Shm, weir_shm::ShmError> {
    /// Places are cheap while nobody counts in them; with these, `nbthread` may be raised by a reload.
    const PLACES_AT_LEAST: usize = 16;
    let names = || blueprint.names.iter().map(|(kind, name): &(Kind, String)| (*kind, name.as_str()));
    let shm = Shm::create(workers.max(PLACES_AT_LEAST), Capacity::of(names()).with_slack())?;
    shm.reserve(names(), 0)?;
    shm.add_tables(&blueprint.tables)?;
    shm.add_rings(&blueprint.rings)?;
    shm.add_caches(&blueprint.caches)?;
    let process = shm.process().state;
    process.workers.set(workers as u32);
    process.start_date_us.set(clock::realtime_us());
    process.start_ms.set(clock::monotonic_ms());
    for word in &process.ticket_secret {
        word.set(weir_sys::random());
    }
    Ok(shm)
}

/// Binds everything; where an old process holds an address, asks it to pause (SIGTTOU), and to go on (SIGTTIN) when
/// that does not help either.
fn bind_all(
    blueprint: &Blueprint,
    shm: Shm,
    workers: usize,
    options: &Options,
) -> Result<Listeners, Vec<String>> {
    let mut binder = match &options.inherit_from {
        Some(path) => Binder::with_inherited(handover::fetch(path).map_err(|error| vec![error])?),
        None => Binder::default(),
    };
    let old: Vec<u32> = options.finish.iter().chain(&options.terminate).copied().collect();
    let mut tries = 0;
    loop {
        let errors = match Listeners::make(blueprint, &Listeners::default(), shm, workers, &mut binder) {
            Ok(listeners) => return Ok(listeners),
            Err(errors) => errors,
        };
        let hopeless =
            old.is_empty() || !errors.iter().any(|error| error.is_taken()) || tries == BIND_RETRIES;
        let signal = if hopeless { nix::libc::SIGTTIN } else { nix::libc::SIGTTOU };
        if tries > 0 || !hopeless {
            old.iter().for_each(|pid| drop(process::kill(*pid, signal)));
        }
        if hopeless {
            let mut reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let path = std::env::current_exe().unwrap_or_default();
            reasons.push(format!(
                "[{}.main()] Some protocols failed to start their listeners! Exiting.",
                path.display()
            ));
            return Err(reasons);
        }
        tries += 1;
        std::thread::sleep(std::time::Duration::from_millis(BIND_RETRY_MS));
    }
}

/// Goes on as a daemon in a child process; the parent ends with what the child says over the socket returned here.
fn detach() -> io::Result<Option<UnixStream>> {
    let (mut waiting, told) = UnixStream::pair()?;
    match process::fork_early()? {
        None => {
            drop(waiting);
            process::new_session()?;
            Ok(Some(told))
        }
        Some(_) => {
            drop(told);
            let mut word = [0];
            let started = waiting.read(&mut word)? == 1 && word[0] == 1;
            std::process::exit(if started { 0 } else { 1 })
        }
    }
}

/// Tells the waiting parent that the start succeeded or failed.
pub fn tell_parent(mut parent: UnixStream, success: bool) {
    // A parent that was killed meanwhile needs no word.
    let _ = parent.write_all(&[u8::from(success)]);
}

fn pidfile_path(options: &Options, settings: &ProcessSettings, background: bool) -> Option<PathBuf> {
    let path = options.pidfile.clone().or_else(|| settings.pidfile.as_ref().map(PathBuf::from));
    path.filter(|_| background)
}

fn copies<'a>(
    descriptors: impl Iterator<Item = std::os::fd::BorrowedFd<'a>>,
) -> io::Result<Vec<Arc<std::os::fd::OwnedFd>>> {
    descriptors.map(|descriptor| Ok(Arc::new(descriptor.as_fd().try_clone_to_owned()?))).collect()
}
