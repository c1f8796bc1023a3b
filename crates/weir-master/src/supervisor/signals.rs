//! What each signal means (management manual 4), in every mode.

use std::collections::HashSet;
use std::io;

use nix::libc::*;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use super::Supervisor;
use super::event::Event;
use crate::bind::Binder;
use crate::blueprint::Taker;
use crate::child::Role;
use crate::listeners::Listener;
use crate::message::Order;
use weir_shm::Kind;
use weir_types::AddressFamily;

/// Turns signals into events.
pub fn forward(events: UnboundedSender<Event>) -> io::Result<()> {
    // SIGALRM means something to HAProxy's threads only.
    weir_sys::process::ignore(&[SIGPIPE, SIGALRM]);
    for number in [SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGQUIT, SIGTTOU, SIGTTIN, SIGCHLD] {
        let mut arrived = signal(SignalKind::from_raw(number))?;
        let events = events.clone();
        tokio::spawn(async move {
            while arrived.recv().await.is_some() {
                let event = if number == SIGCHLD { Event::Ended } else { Event::Signal(number) };
                if events.send(event).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

impl Supervisor {
    pub(super) fn obey_signal(&mut self, number: i32) {
        match number {
            SIGTERM | SIGINT => self.stop_hard(number),
            SIGUSR1 => self.stop_softly(),
            SIGUSR2 => self.begin_reload(false, None),
            SIGHUP if self.master_worker => self.begin_reload(false, None),
            SIGHUP => {
                self.report.warning("SIGHUP received, dumping servers states.");
                let mut logged = Vec::new();
                for (proxy, lines) in self.server_states() {
                    lines.iter().for_each(|line| self.report.warning(line));
                    let begin = format!("SIGHUP received, dumping servers states for proxy {proxy}.");
                    logged.extend([begin].into_iter().chain(lines).map(|line| (proxy.clone(), line)));
                }
                self.log(LOG_NOTICE, logged);
            }
            SIGQUIT => {
                self.report.raw("Dumping pools usage. Use SIGQUIT to flush them.\n");
                weir_sys::memory::trim();
            }
            SIGTTOU => self.pause(),
            SIGTTIN => self.resume(),
            _ => {}
        }
    }

    /// Another process wants the addresses: let go of them, keep the connections.
    fn pause(&mut self) {
        let mut released = Vec::new();
        for listener in self.current.listeners.all.iter_mut().filter(|listener| is_pausable(listener)) {
            if is_freed_by_closing(listener) {
                released.push(listener.slot);
                listener.sockets.clear();
            }
            for socket in &listener.sockets {
                // Ends the listening state; the port is free for others, and `listen` begins it anew.
                let _ = nix::sys::socket::shutdown(raw(socket), nix::sys::socket::Shutdown::Read);
            }
        }
        self.children.order_all(&Order::Pause { released });
        // Whoever starts asks as often as it takes.
        if !std::mem::replace(&mut self.paused, true) {
            self.tell_of_frontends("Paused");
        }
    }

    fn resume(&mut self) {
        let settings = &self.current.blueprint.settings;
        for listener in self.current.listeners.all.iter_mut().filter(|listener| is_freed_by_closing(listener))
        {
            if !listener.sockets.is_empty() {
                continue;
            }
            match Binder::default().bind(&listener.spec, settings, None) {
                Ok(socket) => listener.sockets.push(socket),
                Err(error) => self.report.warning(&format!("Cannot resume {}: {error}", listener.spec.owner)),
            }
        }
        for listener in self.pausable() {
            let backlog = if listener.spec.backlog == 0 { 4096 } else { listener.spec.backlog as i32 };
            for socket in &listener.sockets {
                if let Err(error) = socket2::SockRef::from(socket).listen(backlog) {
                    self.report.warning(&format!("Cannot resume {}: {error}", listener.spec.owner));
                }
            }
        }
        for child in self.children.alive.values().filter(|child| !child.leaving) {
            let mine =
                self.pausable().filter_map(|listener| Some((listener.slot, listener.socket_of(child.role)?)));
            let (listeners, sockets) = mine.unzip();
            child.send(&Order::Resume { listeners }, sockets);
        }
        self.paused = false;
        self.tell_of_frontends("Resumed");
    }

    fn pausable(&self) -> impl Iterator<Item = &Listener> {
        self.current.listeners.all.iter().filter(|listener| is_pausable(listener))
    }

    /// `Paused frontend f.`, `Paused proxy l.` for what has both halves.
    fn tell_of_frontends(&self, what: &str) {
        let names = &self.current.blueprint.names;
        let of = |kind| names.iter().filter(move |(known, _)| *known == kind).map(|(_, name)| name);
        let backends: HashSet<&String> = of(Kind::Backend).collect();
        let line = |name: &String| {
            let noun = if backends.contains(name) { "proxy" } else { "frontend" };
            (name.clone(), format!("{what} {noun} {name}."))
        };
        let lines: Vec<_> = of(Kind::Frontend).map(line).collect();
        lines.iter().for_each(|(_, line)| self.report.warning(line));
        self.log(LOG_WARNING, lines);
    }

    /// To the proxies' log targets, which the controller has open.
    fn log(&self, level: i32, lines: Vec<(String, String)>) {
        if let Some(controller) = self.children.of_role(Role::Controller) {
            controller.order(&Order::Log { level: level as u8, lines });
        }
    }
}

/// Ports and abstract names are in another's way; a path is taken over by renaming.
fn is_pausable(listener: &Listener) -> bool {
    let is_port = matches!(listener.spec.address.family, AddressFamily::Ip(_));
    listener.taker == Taker::Workers && is_port || is_freed_by_closing(listener)
}

/// An abstract name belongs to its socket until that is closed everywhere.
fn is_freed_by_closing(listener: &Listener) -> bool {
    let family = &listener.spec.address.family;
    listener.taker == Taker::Workers
        && matches!(family, AddressFamily::Abstract(_) | AddressFamily::AbstractUnpadded(_))
}

fn raw(socket: &std::os::fd::OwnedFd) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(socket)
}
