//! TLS to servers: one context for all connections of server lines that say the same.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use arc_swap::{ArcSwap, Guard};
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContext};

use crate::certificate::Certificate;
use crate::context::{ContextSettings, Refused, Verify};
use crate::verify::Findings;

/// Sessions that one context keeps at most, all servers and names together; beyond it all are forgotten.
const SESSIONS: usize = 4096;

#[derive(Clone, Debug, Default)]
pub struct ConnectorSettings {
    pub context: ContextSettings,
    /// `crt`: what the server may ask for.
    pub certificate: Option<Arc<Certificate>>,
    /// `verifyhost`
    pub verify_host: Option<Arc<str>>,
    /// `no-ssl-reuse`
    pub no_reuse: bool,
}

/// Whose session it is: a server's, for the name that it was asked for.
type SessionOf = (u32, Option<Box<str>>);

/// The latest session with each server and name, as DER.
type Sessions = Mutex<HashMap<SessionOf, Vec<u8>>>;

pub struct Connector {
    /// Another takes its place when a certificate or an authority changes (`commit ssl cert`, `commit ssl ca-file`).
    state: ArcSwap<State>,
    sessions: Arc<Sessions>,
}

/// Settings and the context made of them.
pub struct State {
    pub settings: ConnectorSettings,
    context: SslContext,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("settings", &self.state.load().settings).finish_non_exhaustive()
    }
}

/// Where a connection keeps whose session it makes.
fn owner() -> Option<Index<Ssl, SessionOf>> {
    static INDEX: OnceLock<Option<Index<Ssl, SessionOf>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

impl Connector {
    pub fn new(settings: ConnectorSettings) -> Result<Self, Refused> {
        let sessions: Arc<Sessions> = Arc::default();
        let context = Self::context(&settings, &sessions)?;
        Ok(Self { state: ArcSwap::from_pointee(State { settings, context }), sessions })
    }

    /// Makes what [`Connector::replace`] puts in force, of settings changed by `change`; `None`: it changes nothing.
    pub fn prepare(
        &self,
        change: impl FnOnce(&mut ConnectorSettings) -> bool,
    ) -> Result<Option<State>, Refused> {
        let mut settings = self.state.load().settings.clone();
        if !change(&mut settings) {
            return Ok(None);
        }
        let context = Self::context(&settings, &self.sessions)?;
        Ok(Some(State { settings, context }))
    }

    /// What a server proved under other settings is not taken over.
    pub fn replace(&self, state: State) {
        self.state.store(Arc::new(state));
        if let Ok(mut sessions) = self.sessions.lock() {
            sessions.clear();
        }
    }

    fn context(settings: &ConnectorSettings, sessions: &Arc<Sessions>) -> Result<SslContext, Refused> {
        let mut builder = settings.context.client()?;
        if let Some(certificate) = &settings.certificate {
            settings.context.certify(&mut builder, certificate)?;
        }
        if !settings.no_reuse {
            let keep = sessions.clone();
            builder.set_new_session_callback(move |ssl, session| {
                let owner = owner().and_then(|index| ssl.ex_data(index).cloned());
                if let (Some(owner), Ok(der), Ok(mut kept)) = (owner, session.to_der(), keep.lock()) {
                    if kept.len() >= SESSIONS {
                        kept.clear();
                    }
                    kept.insert(owner, der);
                }
            });
        }
        Ok(builder.build())
    }

    /// What is in force.
    pub fn state(&self) -> Guard<Arc<State>> {
        self.state.load()
    }

    /// Begins a connection to the server with this number. `name` is what it is asked for; its certificate must be for
    /// that name, or else for `verifyhost`.
    pub fn begin(&self, name: Option<&str>, server: u32) -> Option<Ssl> {
        let state = self.state.load();
        let mut ssl = Ssl::new(&state.context).ok()?;
        if let Some(name) = name {
            ssl.set_hostname(name).ok()?;
        }
        let host = name.or(state.settings.verify_host.as_deref());
        if let Some(host) = host.filter(|_| state.settings.context.verify != Some(Verify::None)) {
            let parameters = ssl.param_mut();
            match host.parse() {
                Ok(address) => parameters.set_ip(address).ok()?,
                Err(_) => parameters.set_host(host).ok()?,
            }
        }
        ssl.set_connect_state();
        Findings::attach(&mut ssl);
        if state.settings.context.keylog {
            crate::key_log::attach(&mut ssl);
        }
        if !state.settings.no_reuse
            && let Some(index) = owner()
        {
            let owner = (server, name.map(Into::into));
            // A ticket is for one use (RFC 8446 C.4): the server sends the next.
            let session = self.sessions.lock().ok().and_then(|mut kept| kept.remove(&owner));
            if let Some(session) = session {
                weir_sys::tls::offer_session(&mut ssl, &session);
            }
            ssl.set_ex_data(index, owner);
        }
        Some(ssl)
    }
}
