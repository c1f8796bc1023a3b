//! Every listening socket of one plan, kept by the supervisor so that neither a reload nor a worker's death loses a
//! connection that waits in an accept queue.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use weir_shm::{Kind, Shm};
use weir_types::{AddressFamily, Slot, WorkerId};

use crate::bind::{BindError, Binder};
use crate::blueprint::{Blueprint, ListenerSpec, ProcessSettings, Taker};
use crate::child::Role;

/// Sockets of one address: the same key means that the sockets of the plan before can go on.
#[derive(Clone, Debug)]
pub struct Listener {
    pub slot: Slot,
    pub taker: Taker,
    pub key: String,
    /// One for each worker, or one for all.
    pub sockets: Vec<Arc<OwnedFd>>,
    pub spec: ListenerSpec,
}

#[derive(Clone, Debug, Default)]
pub struct Listeners {
    pub all: Vec<Listener>,
}

impl Listeners {
    /// Sockets for every address of `blueprint`, taken over from `before` where they fit, else bound by `binder`.
    /// Names have their slots already. On failure everything newly bound is closed again.
    pub fn make(
        blueprint: &Blueprint,
        before: &Listeners,
        shm: Shm,
        workers: usize,
        binder: &mut Binder,
    ) -> Result<Self, Vec<BindError>> {
        let mut known: HashMap<&str, Vec<&Listener>> = HashMap::new();
        for listener in before.all.iter().rev() {
            known.entry(&listener.key).or_default().push(listener);
        }
        let (mut all, mut errors) = (Vec::new(), Vec::new());
        for spec in &blueprint.listeners {
            let key = key(spec, &blueprint.settings);
            let before = known.get_mut(key.as_str()).and_then(Vec::pop);
            let mut sockets = before.map_or(Vec::new(), |listener| listener.sockets.clone());
            let wanted = if multiplies(spec, &blueprint.settings) { workers } else { 1 };
            sockets.truncate(wanted);
            while sockets.len() < wanted {
                match binder.bind(spec, &blueprint.settings, sockets.first()) {
                    Ok(socket) => sockets.push(socket),
                    Err(error) => {
                        errors.push(error);
                        break;
                    }
                }
            }
            let slot = shm.find(Kind::Listener, &spec.name).unwrap_or_default();
            all.push(Listener { slot, taker: spec.taker, key, sockets, spec: spec.clone() });
        }
        if errors.is_empty() { Ok(Self { all }) } else { Err(errors) }
    }

    /// The sockets that a child of this role serves, without those of `before` that it serves already.
    pub fn for_role(&self, role: Role, before: Option<&Listeners>) -> Vec<(Slot, Arc<OwnedFd>)> {
        let served: Vec<_> = before.map_or(Vec::new(), |before| before.for_role(role, None));
        let is_served = |slot: Slot, socket: &Arc<OwnedFd>| {
            served.iter().any(|(known, kept)| *known == slot && Arc::ptr_eq(kept, socket))
        };
        let sockets = self.all.iter().filter_map(|listener| Some((listener.slot, listener.socket_of(role)?)));
        sockets.filter(|(slot, socket)| before.is_none() || !is_served(*slot, socket)).collect()
    }
}

impl Listener {
    /// The socket that a child of this role accepts on.
    pub fn socket_of(&self, role: Role) -> Option<Arc<OwnedFd>> {
        match (role, self.taker) {
            (Role::Worker(WorkerId(worker)), Taker::Workers) => {
                let socket = self.sockets.get(usize::from(worker)).or_else(|| {
                    // One socket for all of them.
                    if self.sockets.len() == 1 { self.sockets.first() } else { None }
                });
                socket.cloned()
            }
            (Role::Controller, Taker::Controller) => self.sockets.first().cloned(),
            _ => None,
        }
    }
}

/// Whether each worker can have a socket of its own: the kernel then spreads connections over them.
fn multiplies(spec: &ListenerSpec, settings: &ProcessSettings) -> bool {
    spec.taker == Taker::Workers
        && !settings.noreuseport
        && matches!(spec.address.family, AddressFamily::Ip(_))
}

/// Sockets can go on under another plan when nothing that was set on them before they were bound differs.
fn key(spec: &ListenerSpec, settings: &ProcessSettings) -> String {
    let bind = &spec.settings;
    format!(
        "{:?} {:?} {:?}",
        spec.address,
        (
            spec.taker,
            multiplies(spec, settings),
            bind.transparent,
            bind.tfo,
            bind.v4v6,
            bind.v6only,
            &bind.interface
        ),
        (bind.defer_accept, bind.mss, bind.tcp_user_timeout, bind.save_syn, bind.mode, bind.uid, bind.gid),
    )
}
