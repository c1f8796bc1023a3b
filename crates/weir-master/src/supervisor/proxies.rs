//! What HAProxy says about its proxies and servers on SIGHUP and at a soft stop, from shared memory.

use std::collections::HashMap;

use weir_shm::{Kind, OperationalState};

use super::Supervisor;

impl Supervisor {
    /// `SIGHUP: ...`: every proxy with its name, its servers' lines and then its own.
    pub(super) fn server_states(&self) -> Vec<(String, Vec<String>)> {
        let mut states = Vec::new();
        let mut by_backend: HashMap<&str, Vec<&str>> = HashMap::new();
        for name in self.names(Kind::Server) {
            let backend = name.split_once('/').map_or(name, |(backend, _)| backend);
            by_backend.entry(backend).or_default().push(name);
        }
        for proxy in self.proxy_names() {
            let (mut active, mut backup, mut servers) = (0, 0, 0);
            let mut assigned = 0;
            let mut lines = Vec::new();
            for name in by_backend.remove(proxy).unwrap_or_default() {
                let Some(slot) = self.shm.find(Kind::Server, name) else { continue };
                let server = self.shm.server(slot);
                let up = server.state.operational() != OperationalState::Stopped
                    && server.state.usable_for_persistence();
                let queued = server.sum(|counters| counters.qcur.value());
                servers += 1;
                assigned += queued;
                match self.current.blueprint.backups.contains(name) {
                    true => backup += u32::from(up),
                    false => active += u32::from(up),
                }
                let state = if up { "UP" } else { "DOWN" };
                lines.push(format!(
                    "SIGHUP: Server {name} is {state}. Conn: {} act, {queued} pend, {} tot.",
                    server.sum(|counters| counters.scur.value()),
                    server.sum(|counters| counters.stot.value()),
                ));
            }
            let state = match (servers, active + backup) {
                (0, _) => "no servers".to_string(),
                (_, 0) => "no server available !".to_string(),
                _ => format!("{active} active servers and {backup} backup servers available"),
            };
            let stop = if state.ends_with('!') { "" } else { "." };
            lines.push(format!(
                "SIGHUP: Proxy {proxy} has {state}{stop} {}",
                self.connections(proxy, assigned)
            ));
            states.push((proxy.to_owned(), lines));
        }
        states
    }

    /// `Proxy f stopped (...)`: those that listened first.
    pub(super) fn stopped_proxies(&self) -> Vec<String> {
        let names = self.proxy_names();
        let listens = |name: &&str| self.shm.find(Kind::Frontend, name).is_some();
        let (first, last): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| listens(name));
        let line = |name: &str| {
            let (frontend, backend) = self.totals(name);
            format!("Proxy {name} stopped (cumulated conns: FE: {frontend}, BE: {backend}).")
        };
        first.into_iter().chain(last).map(line).collect()
    }

    fn connections(&self, proxy: &str, assigned: u64) -> String {
        let frontend = self.shm.find(Kind::Frontend, proxy).map(|slot| self.shm.frontend(slot));
        let backend = self.shm.find(Kind::Backend, proxy).map(|slot| self.shm.backend(slot));
        let unassigned = backend.map_or(0, |view| view.sum(|counters| counters.qcur.value()));
        let (total_frontend, total_backend) = self.totals(proxy);
        format!(
            "Conn: act(FE+BE): {}+{}, {} pend ({unassigned} unass), tot(FE+BE): {total_frontend}+{total_backend}.",
            frontend.map_or(0, |view| view.sum(|counters| counters.scur.value())),
            backend.map_or(0, |view| view.sum(|counters| counters.scur.value())),
            unassigned + assigned,
        )
    }

    /// Connections to the frontend half and sessions of the backend half since the start.
    fn totals(&self, proxy: &str) -> (u64, u64) {
        let frontend = self.shm.find(Kind::Frontend, proxy).map(|slot| self.shm.frontend(slot));
        let backend = self.shm.find(Kind::Backend, proxy).map(|slot| self.shm.backend(slot));
        (
            frontend.map_or(0, |view| view.sum(|counters| counters.conn_tot.value())),
            backend.map_or(0, |view| view.sum(|counters| counters.stot.value())),
        )
    }

    /// Every proxy once, in the order of the configuration.
    fn proxy_names(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let halves = self.current.blueprint.names.iter();
        let halves = halves.filter(|(kind, _)| matches!(kind, Kind::Frontend | Kind::Backend));
        halves.map(|(_, name)| name.as_str()).filter(|name| seen.insert(*name)).collect()
    }

    fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let names = self.current.blueprint.names.iter();
        names.filter(move |(known, _)| *known == kind).map(|(_, name)| name.as_str())
    }
}
