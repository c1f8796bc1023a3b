//! OCSP responses kept fresh (12.7.1 `ocsp-update`): the controller asks responders over HTTP, and hands what they say in
//! as an edit, so that all workers serve it. Not for reading responses (`weir-tls`).

mod fetch;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use weir_check::report::Level;
use weir_plan::{Edit, EditKind, Plan};
use weir_sample::calendar::Date;
use weir_tls::ocsp::{self, now_s};
use weir_tls::update::Update;
use weir_tls::{Certificate, pem};

use crate::checks::Messenger;
use crate::edit::Editor;
use fetch::Fault as Fetched;

/// Responders that are asked at once.
const AT_ONCE: usize = 8;

/// What came of the last update (management manual, `show ssl ocsp-updates`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Unknown,
    Updated,
    Http,
    NotOcsp,
    Refused(String),
    NotInserted(String),
}

impl Outcome {
    pub fn code(&self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Updated => 1,
            Self::Http => 2,
            Self::NotOcsp => 3,
            Self::Refused(_) => 4,
            Self::NotInserted(_) => 5,
        }
    }

    pub fn text(&self) -> String {
        let (text, detail) = match self {
            Self::Unknown => ("Unknown", ""),
            Self::Updated => ("Update successful", ""),
            Self::Http => ("HTTP error", ""),
            Self::NotOcsp => ("Missing \"ocsp-response\" header", ""),
            Self::Refused(detail) => ("OCSP response check failure", &**detail),
            Self::NotInserted(detail) => ("Error during insertion", &**detail),
        };
        if detail.is_empty() { text.to_owned() } else { format!("{text} ({detail})") }
    }
}

/// One certificate whose response is kept fresh, or was asked for by hand.
#[derive(Clone, Debug)]
pub struct Kept {
    pub name: Arc<str>,
    /// Seconds since 1970; `None`: only by hand.
    pub next_s: Option<i64>,
    pub last_s: Option<i64>,
    pub successes: u32,
    pub failures: u32,
    pub outcome: Outcome,
    /// The last response that was fetched, for a plan that does not have it.
    response: Option<Vec<u8>>,
    /// It is being asked for.
    busy: bool,
    /// Updates that have ended, well or not.
    pub ended: u64,
}

/// What is known of updates, by the identifier of the certificate.
#[derive(Default)]
pub struct Board {
    kept: RefCell<BTreeMap<Vec<u8>, Kept>>,
    /// Something is to be done before its time.
    changed: Notify,
    /// Certificates may have changed.
    stale: Cell<bool>,
}

impl Board {
    pub fn all(&self) -> Vec<(Vec<u8>, Kept)> {
        self.kept.borrow().iter().map(|(id, kept)| (id.clone(), kept.clone())).collect()
    }

    pub fn find(&self, id: &[u8]) -> Option<Kept> {
        self.kept.borrow().get(id).cloned()
    }

    /// `update ssl ocsp-response`: at once.
    pub fn ask(&self, id: &[u8], name: &Arc<str>) {
        let mut kept = self.kept.borrow_mut();
        let entry = kept.entry(id.to_vec()).or_insert_with(|| Kept::new(name.clone()));
        if entry.next_s.is_none() {
            entry.outcome = Outcome::Unknown;
        }
        entry.next_s = Some(0);
        self.changed.notify_one();
    }

    /// Another plan is in force, or other certificates are.
    pub fn follow(&self) {
        self.stale.set(true);
        self.changed.notify_one();
    }
}

impl Kept {
    fn new(name: Arc<str>) -> Self {
        Self {
            name,
            next_s: None,
            last_s: None,
            successes: 0,
            failures: 0,
            outcome: Outcome::Unknown,
            response: None,
            busy: false,
            ended: 0,
        }
    }
}

/// What the updates work on.
pub struct Updates {
    pub board: Rc<Board>,
    /// The root, shared with whoever commits plans.
    pub plan: Arc<ArcSwap<Plan>>,
    pub editor: Editor,
    pub messenger: Rc<Messenger>,
}

impl Updates {
    /// Runs until it is dropped. Must be called inside a `LocalSet`.
    pub async fn run(self) {
        let this = Rc::new(self);
        this.board.stale.set(true);
        loop {
            let plan = this.plan.load_full();
            if this.board.stale.replace(false) {
                this.follow(&plan).await;
            }
            this.begin_due(&plan);
            match this.next_s() {
                Some(next_s) => {
                    let pause = Duration::from_secs(u64::try_from(next_s - now_s()).unwrap_or(0).max(1));
                    // Whichever comes first.
                    let _ = tokio::time::timeout(pause, this.board.changed.notified()).await;
                }
                None => this.board.changed.notified().await,
            }
        }
    }

    fn next_s(&self) -> Option<i64> {
        let kept = self.board.kept.borrow();
        kept.values().filter(|kept| !kept.busy).filter_map(|kept| kept.next_s).min()
    }

    /// Takes over what a plan wants kept fresh. A response that was fetched before, and is missing in its files, is put in
    /// force again.
    async fn follow(self: &Rc<Self>, plan: &Arc<Plan>) {
        let wanted = &plan.global.tls.ocsp.certificates;
        if wanted.is_empty() && self.board.kept.borrow().is_empty() {
            return;
        }
        let known = plan.certificates();
        let mut ids = Vec::new();
        for name in wanted {
            let Some((certificate, _)) = known.get(name) else { continue };
            let Some(id) = certificate.parts().ocsp_id() else { continue };
            let served = certificate.parts().ocsp.as_deref();
            let expires_s = served.and_then(|der| ocsp::read(der, now_s()).ok()).map(|known| known.expires_s);
            let before = {
                let mut kept = self.board.kept.borrow_mut();
                let entry = kept.entry(id.clone()).or_insert_with(|| Kept::new(name.clone()));
                entry.name = name.clone();
                if entry.next_s.is_none() {
                    entry.next_s = Some(expires_s.map_or(0, |expires_s| schedule(plan, expires_s)));
                }
                entry.response.clone().filter(|_| expires_s.is_none())
            };
            if let Some(der) = before.filter(|der| ocsp::read_for(der, &id, now_s()).is_ok()) {
                // One that cannot be put in force is fetched anew in its time.
                let _ = self.insert(plan, certificate, der).await;
            }
            ids.push(id);
        }
        self.board.kept.borrow_mut().retain(|id, kept| kept.busy || ids.contains(id));
    }

    fn begin_due(self: &Rc<Self>, plan: &Arc<Plan>) {
        let now_s = now_s();
        let mut kept = self.board.kept.borrow_mut();
        let mut running = kept.values().filter(|kept| kept.busy).count();
        for (id, entry) in kept.iter_mut() {
            let due = entry.next_s.is_some_and(|next_s| next_s <= now_s);
            if due && !entry.busy && running < AT_ONCE {
                entry.busy = true;
                running += 1;
                let (this, plan, id, name) = (self.clone(), plan.clone(), id.clone(), entry.name.clone());
                tokio::task::spawn_local(async move { this.update(&plan, &id, &name).await });
            }
        }
    }

    async fn update(&self, plan: &Arc<Plan>, id: &[u8], name: &Arc<str>) {
        let begun_us = weir_sys::clock::realtime_us();
        let fetched = self.fetch(plan, id, name).await;
        let (outcome, response) = match fetched {
            Ok(der) => (Outcome::Updated, Some(der)),
            Err(outcome) => (outcome, None),
        };
        let line = {
            let mut kept = self.board.kept.borrow_mut();
            let Some(entry) = kept.get_mut(id) else { return };
            entry.busy = false;
            entry.ended += 1;
            let settings = &plan.global.tls.ocsp;
            let automatic = settings.certificates.contains(name);
            let expires_s =
                response.as_ref().and_then(|der| ocsp::read(der, now_s()).ok()).map(|known| known.expires_s);
            let next_s = match expires_s {
                Some(expires_s) => {
                    entry.successes += 1;
                    entry.last_s = Some(now_s());
                    entry.response = response;
                    schedule(plan, expires_s)
                }
                None => {
                    entry.failures += 1;
                    // Twice as long after each failure, within the limits.
                    let longer = u64::from(settings.minimum_s) << entry.failures.min(16);
                    now_s() + longer.min(settings.maximum_s.into()) as i64
                }
            };
            entry.next_s = automatic.then_some(next_s);
            entry.outcome = outcome.clone();
            let Kept { failures, successes, .. } = entry;
            format!("<OCSP-UPDATE> {name} {} \"{}\" {failures} {successes}", outcome.code(), outcome.text())
        };
        self.messenger.note(plan, Level::Notice, &line);
        if outcome == Outcome::Http {
            self.unreachable(plan, id, name, begun_us);
        }
        self.board.changed.notify_one();
    }

    async fn fetch(&self, plan: &Arc<Plan>, id: &[u8], name: &Arc<str>) -> Result<Vec<u8>, Outcome> {
        let certificate = plan.certificates().remove(name).map(|(certificate, _)| certificate);
        let certificate = certificate.ok_or(Outcome::NotInserted(String::new()))?;
        let uri = certificate.parts().ocsp_responder().ok_or(Outcome::Http)?;
        let der =
            fetch::response(&uri, id, plan.global.tls.ocsp.proxy).await.map_err(|fault| match fault {
                Fetched::Http => Outcome::Http,
                Fetched::NotOcsp => Outcome::NotOcsp,
            })?;
        let refused = |fault: ocsp::Fault| Outcome::Refused(fault.worded().trim_end_matches('.').to_owned());
        ocsp::read_for(&der, id, now_s()).map_err(refused)?;
        let leaf = pem::leaf(&certificate.parts().pem).ok();
        let issuer = leaf.and_then(|leaf| certificate.parts().issuer_certificate(&leaf));
        ocsp::verify(&der, &issuer.ok_or(Outcome::Refused(String::new()))?).map_err(refused)?;
        self.insert(&self.plan.load_full(), &certificate, der.clone()).await.map_err(Outcome::NotInserted)?;
        Ok(der)
    }

    async fn insert(&self, plan: &Arc<Plan>, of: &Arc<Certificate>, der: Vec<u8>) -> Result<(), String> {
        let update = Update::Response { names: vec![of.name.to_string()], der };
        self.editor.submit(plan, Edit::new(EditKind::Certificates, update.encode())).await
    }

    /// The line that HAProxy's own client logs when it reaches nobody.
    fn unreachable(&self, plan: &Arc<Plan>, id: &[u8], name: &Arc<str>, begun_us: u64) {
        let certificate = plan.certificates().remove(name);
        let Some(uri) = certificate.and_then(|(certificate, _)| certificate.parts().ocsp_responder()) else {
            return;
        };
        let elapsed_ms = weir_sys::clock::realtime_us().saturating_sub(begun_us) / 1000;
        let date = Date::of((begun_us / 1_000_000) as i64);
        let line = format!(
            "-:- [{:02}/{}/{}:{:02}:{:02}:{:02}.{:03}] <OCSP-UPDATE> -/- 0/0/-1/-1/{elapsed_ms} 503 217 - - SC-- \
             0/0/0/0/0 0/0 {{}} \"{} HTTP/1.1\"",
            date.day,
            date.month_name(),
            date.year,
            date.hour,
            date.minute,
            date.second,
            begun_us / 1000 % 1000,
            fetch::request_line(&uri, id),
        );
        self.messenger.note(plan, Level::Notice, &line);
    }
}

/// When a response is asked for again: before it ends, within the limits.
fn schedule(plan: &Plan, expires_s: i64) -> i64 {
    let settings = &plan.global.tls.ocsp;
    let now_s = now_s();
    let latest = now_s + i64::from(settings.maximum_s);
    expires_s.min(latest).max(now_s + i64::from(settings.minimum_s))
}
