//! Exchanges stick tables with the peers of `peers` sections (manual 11.2). The controller runs this, and no other
//! process: what is said lies in [`weir_peers`], what is exchanged in shared memory, so that a controller that takes
//! another's place connects anew and goes on where the tables stand.
//!
//! | file | holds |
//! | --- | --- |
//! | [`section`] | a section: its tables, its peers, what it asks them for; and how it follows a new plan |
//! | [`connection`] | opening and accepting connections, greetings, and the conversation |
//! | [`view`] | what `show peers` tells |

mod connection;
mod section;
mod view;

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use weir_plan::Plan;
use weir_shm::Shm;
use weir_types::Slot;

use crate::checks::now_ms;
use section::Section;
pub use view::{PeerView, SectionView, TableView};

/// How often sections look whether they waited long enough for somebody to ask.
const TEND: Duration = Duration::from_millis(50);
/// How long telling everything may take.
const HAND_OVER: Duration = Duration::from_secs(10);

/// All sections of the plan in force.
pub struct Peers {
    shm: Shm,
    /// Of the process as others know it.
    pid: u32,
    /// An old process may tell what it knows.
    replaces: bool,
    sections: RefCell<Vec<Rc<Section>>>,
}

impl Peers {
    pub fn new(shm: Shm, replaces: bool) -> Rc<Self> {
        let pid = shm.process().state.supervisor_pid.value();
        Rc::new(Self { shm, pid, replaces, sections: RefCell::default() })
    }

    /// Another plan is in force: what is as before goes on, sessions too.
    pub fn follow(&self, plan: &Arc<Plan>) {
        let mut before = std::mem::take(&mut *self.sections.borrow_mut());
        let mut sections = Vec::new();
        for (index, settings) in plan.peers.iter().enumerate().filter(|(_, settings)| !settings.disabled) {
            let known = before.iter().position(|section| section.name() == settings.name);
            let section = match known {
                Some(at) => before.swap_remove(at),
                None => Section::new(self.shm, self.pid, settings.name.clone()),
            };
            section.follow(plan, index, self.replaces, now_ms());
            sections.push(section);
        }
        before.iter().for_each(|section| section.end());
        *self.sections.borrow_mut() = sections;
    }

    /// Takes a connection that came in on a socket of a section.
    pub fn accept(&self, connection: OwnedFd, slot: Slot) {
        let sections = self.sections.borrow();
        if let Some(section) = sections.iter().find(|section| section.listens_on(slot)) {
            tokio::task::spawn_local(connection::accepted(section.clone(), connection, slot));
        }
    }

    /// Runs for ever: sections that wait for somebody to ask do not wait too long.
    pub async fn run(self: Rc<Self>) {
        loop {
            tokio::time::sleep(TEND).await;
            let sections = self.sections.borrow().clone();
            sections.iter().for_each(|section| section.tend(now_ms()));
        }
    }

    /// The process ends softly: peers are left, and the process that takes this one's place is told everything. Over
    /// when it was, or when nobody is there.
    pub async fn hand_over(self: Rc<Self>) {
        let sections = self.sections.borrow().clone();
        sections.iter().for_each(|section| section.end());
        for section in &sections {
            let _ = tokio::time::timeout(HAND_OVER, connection::hand_over(section)).await;
        }
    }

    /// What `show peers` tells of all sections.
    pub fn view(&self) -> Vec<SectionView> {
        self.sections.borrow().iter().map(|section| view::of(section, now_ms())).collect()
    }
}
