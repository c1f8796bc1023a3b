//! Servers that come and go at run time: what an edit says of them, and the plan with and without.

use std::sync::Arc;

use weir_types::{ProxyId, ServerId};

use crate::backend::{Server, ServerList};
use crate::settings::{Algorithm, HashMethod};
use crate::{Plan, Proxy, UseServerTarget};

/// An edit of [`crate::EditKind::Servers`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEdit {
    /// `id`: the number that the server has unless its words give another.
    Add {
        backend: String,
        server: String,
        id: u32,
        words: Vec<String>,
    },
    Delete {
        backend: String,
        server: String,
    },
}

impl ServerEdit {
    /// Words with a zero byte between them, which no command line can hold.
    pub fn encode(&self) -> Vec<u8> {
        let number;
        let mut parts: Vec<&str> = Vec::new();
        match self {
            Self::Add { backend, server, id, words } => {
                number = id.to_string();
                parts.extend(["add", backend, server, &number]);
                parts.extend(words.iter().map(String::as_str));
            }
            Self::Delete { backend, server } => parts.extend(["delete", backend, server]),
        }
        parts.join("\0").into_bytes()
    }

    /// `None`: bytes that [`ServerEdit::encode`] did not make.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(bytes).ok()?.split('\0').map(str::to_owned);
        let kind = parts.next()?;
        let (backend, server) = (parts.next()?, parts.next()?);
        match &*kind {
            "add" => {
                let id = parts.next()?.parse().ok()?;
                Some(Self::Add { backend, server, id, words: parts.collect() })
            }
            "delete" => Some(Self::Delete { backend, server }),
            _ => None,
        }
    }

    /// `backend/server`
    pub fn path(&self) -> String {
        let (Self::Add { backend, server, .. } | Self::Delete { backend, server }) = self;
        format!("{backend}/{server}")
    }

    /// The same effect with fewer edits: a server that came and went is not told of.
    pub fn condense(edits: Vec<Self>) -> Vec<Self> {
        let mut kept: Vec<Option<Self>> = Vec::with_capacity(edits.len());
        let mut came = std::collections::HashMap::new();
        for edit in edits {
            let path = edit.path();
            match edit {
                Self::Add { .. } => {
                    came.insert(path, kept.len());
                    kept.push(Some(edit));
                }
                Self::Delete { .. } => match came.remove(&path) {
                    Some(before) => kept[before] = None,
                    None => kept.push(Some(edit)),
                },
            }
        }
        kept.into_iter().flatten().collect()
    }
}

/// What stands against `add server` in a backend; the texts are HAProxy's.
pub fn refuses_servers(proxy: &Proxy) -> Option<String> {
    let balance = &proxy.backend.as_ref()?.balance;
    let is_dynamic = match balance.algorithm {
        Algorithm::StaticRoundRobin => false,
        Algorithm::RoundRobin | Algorithm::LeastConn | Algorithm::First | Algorithm::Random(_) => true,
        Algorithm::Sticky => true,
        _ => balance.method == HashMethod::Consistent,
    };
    (!is_dynamic).then(|| {
        format!(
            "Backend does not support dynamic servers : backend '{}' uses a non dynamic load balancing method.",
            proxy.name
        )
    })
}

impl Plan {
    /// The first number from 1 on that no server of the backend has.
    pub fn free_server_id(&self, backend: ProxyId) -> u32 {
        let list = self.proxy(backend).backend.iter().flat_map(|backend| backend.servers.iter());
        let taken: std::collections::HashSet<u32> = list.map(|id| self.server(id).id).collect();
        (1..).find(|id| !taken.contains(id)).unwrap_or(u32::MAX)
    }

    /// Whether something else names the server: such a one cannot be deleted.
    pub fn is_referred_to(&self, id: ServerId) -> bool {
        let server = self.server(id);
        let used = |target: &UseServerTarget| matches!(target, UseServerTarget::Server(to) if *to == id);
        let backend = self.proxy(server.owner).backend.as_deref();
        server.referenced
            || backend.is_some_and(|backend| backend.use_server.iter().any(|rule| used(&rule.to)))
            || self.servers.iter().any(|other| other.track == Some(id))
    }

    /// The same plan with another server of a backend. It takes the place of one that is gone, if any.
    pub fn with_server(&self, server: Server) -> Self {
        let mut plan = self.copied();
        let owner = server.owner;
        let place = plan.servers.iter().position(|other| other.gone).unwrap_or(plan.servers.len());
        let server = Arc::new(server);
        match plan.servers.get_mut(place) {
            Some(free) => *free = server,
            None => plan.servers.push(server),
        }
        plan.change_servers(owner, |list| list.with(ServerId(place as u32)));
        plan
    }

    /// The same plan without a server, which nothing refers to.
    pub fn without_server(&self, id: ServerId) -> Self {
        let mut plan = self.copied();
        let server = self.server(id);
        let gone = Server {
            gone: true,
            settings: Arc::default(),
            tls: None,
            proxy_fields: None,
            track: None,
            cookie: None,
            ..server.clone()
        };
        let owner = server.owner;
        plan.servers[id.index()] = Arc::new(gone);
        plan.change_servers(owner, |list| list.without(id));
        plan
    }

    /// A plan of its own, whose end is not that of this one.
    fn copied(&self) -> Self {
        Self { life: Arc::default(), ..self.clone() }
    }

    fn change_servers(&mut self, owner: ProxyId, change: impl FnOnce(&ServerList) -> ServerList) {
        let Some(backend) = self.proxy(owner).backend.as_deref() else { return };
        let mut backend = backend.clone();
        backend.servers = change(&backend.servers);
        backend.edits += 1;
        (backend.limited, backend.full_load) = self.limits_of(owner.index(), &backend);
        Arc::make_mut(&mut self.proxies[owner.index()]).backend = Some(Arc::new(backend));
    }
}

#[cfg(test)]
mod tests {
    use super::ServerEdit;

    fn add(server: &str) -> ServerEdit {
        let words = vec!["127.0.0.1:80".into(), "weight".into(), String::new()];
        ServerEdit::Add { backend: "b".into(), server: server.into(), id: 7, words }
    }

    fn delete(server: &str) -> ServerEdit {
        ServerEdit::Delete { backend: "b".into(), server: server.into() }
    }

    #[test]
    fn edits_come_back() {
        for edit in [add("s"), delete("s")] {
            assert_eq!(ServerEdit::decode(&edit.encode()), Some(edit));
        }
        assert_eq!(ServerEdit::decode(b"other\0b\0s"), None);
    }

    #[test]
    fn what_came_and_went_is_forgotten() {
        let all = vec![add("a"), delete("configured"), add("b"), delete("a"), add("a"), delete("b")];
        assert_eq!(ServerEdit::condense(all), [delete("configured"), add("a")]);
    }
}
