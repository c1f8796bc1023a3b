//! Edits in their order: numbered in rounds, shown to every child, put in force when all have accepted them. What is in
//! force stands in a journal, so that a child which starts later takes the same edits; a reload begins it anew.
//!
//! A round has two halves, like a reload: children prepare and say yes or no to each edit, then all settle what all
//! accepted. Whoever handed an edit in is answered when the last child has settled. A child that ends in between is
//! not waited for: its replacement begins with the journal. One that does not answer in time is ended.

use std::collections::{HashSet, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::libc::SIGKILL;
use weir_plan::Edit;
use weir_sys::clock::monotonic_ms;

use super::Supervisor;
use super::children::Phase;
use super::event::ChildId;
use crate::edits::Packed;
use crate::message::Order;

/// Children that take longer than this for one half of a round are given up.
const PATIENCE_MS: u64 = 20_000;
/// A round takes what waits, up to these.
const ROUND_EDITS: usize = 1024;
const ROUND_BYTES: usize = 4 << 20;
/// A journal that has grown to twice of what it was is condensed, but not below these.
const CONDENSED_EDITS: usize = 16_384;
const CONDENSED_BYTES: usize = 4 << 20;

const RELOADED: &str = "the configuration was reloaded meanwhile";

#[derive(Default)]
pub struct Edits {
    /// In force since the plan is, in their order.
    journal: Vec<Edit>,
    journal_bytes: usize,
    /// Where condensing is worth trying again.
    condense_at: Option<(usize, usize)>,
    queue: VecDeque<Waiting>,
    round: Option<Round>,
    rounds: u64,
}

/// An edit, and the child that waits for its outcome.
struct Waiting {
    edit: Edit,
    child: ChildId,
    ticket: u64,
}

struct Round {
    number: u64,
    edits: Vec<Waiting>,
    refusals: Vec<Option<String>>,
    half: Half,
    /// Who prepares: those are told what was decided.
    members: Vec<ChildId>,
    waiting: HashSet<ChildId>,
    deadline_ms: u64,
}

#[derive(PartialEq, Eq)]
enum Half {
    Preparing,
    Settling,
}

impl Edits {
    pub fn is_timed(&self) -> bool {
        self.round.is_some()
    }

    fn next_edits(&mut self) -> Vec<Waiting> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.queue.front() {
            let first: Option<&Waiting> = taken.first();
            bytes += next.edit.bytes.len();
            let together = first.is_none_or(|first| {
                first.edit.kind.travels_together()
                    && next.edit.kind == first.edit.kind
                    && taken.len() < ROUND_EDITS
                    && bytes <= ROUND_BYTES
            });
            if !together {
                break;
            }
            taken.extend(self.queue.pop_front());
        }
        taken
    }
}

impl Supervisor {
    pub(super) fn edit_submitted(
        &mut self,
        child: ChildId,
        ticket: u64,
        generation: u64,
        inline: &[u8],
        beside: Option<OwnedFd>,
    ) {
        let edit = match Packed::read(inline, beside) {
            Ok(mut edits) if edits.len() == 1 => edits.remove(0),
            Ok(_) => return self.tell(child, ticket, Some("malformed edit".into())),
            Err(error) => return self.tell(child, ticket, Some(error.to_string())),
        };
        if generation != self.current.generation {
            return self.tell(child, ticket, Some(RELOADED.into()));
        }
        self.edits.queue.push_back(Waiting { edit, child, ticket });
        self.next_round();
    }

    fn next_round(&mut self) {
        while self.edits.round.is_none() && !self.edits.queue.is_empty() {
            let edits = self.edits.next_edits();
            let packed = match self.find_places(&edits).and_then(|()| {
                Packed::new(edits.iter().map(|one| &one.edit)).map_err(|error| error.to_string())
            }) {
                Ok(packed) => packed,
                Err(reason) => {
                    edits.iter().for_each(|one| self.tell(one.child, one.ticket, Some(reason.clone())));
                    continue;
                }
            };
            self.edits.rounds += 1;
            let number = self.edits.rounds;
            let mut members = Vec::new();
            let running =
                |child: &&mut super::children::Child| child.phase == Phase::Running && !child.leaving;
            for (id, child) in &mut self.children.alive {
                if running(&child) {
                    let mut descriptors = child.new_segments(&self.segments);
                    let segments = descriptors.len() as u32;
                    descriptors.extend(packed.descriptor.clone());
                    let order = Order::Edit { round: number, segments, edits: packed.inline.clone() };
                    child.send(&order, descriptors);
                    members.push(*id);
                }
            }
            self.edits.round = Some(Round {
                number,
                refusals: vec![None; edits.len()],
                edits,
                half: Half::Preparing,
                waiting: members.iter().copied().collect(),
                members,
                deadline_ms: monotonic_ms() + PATIENCE_MS,
            });
            self.advance_round();
        }
    }

    /// Makes places in shared memory for what edits name.
    fn find_places(&mut self, edits: &[Waiting]) -> Result<(), String> {
        let names: Vec<_> = edits.iter().flat_map(|one| self.program.names(&one.edit)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names = names.iter().map(|(kind, name)| (*kind, name.as_str()));
        self.shm.reserve(names, self.current.generation).map_err(|error| error.to_string())?;
        for segment in self.shm.descriptors().skip(self.segments.len()) {
            let segment = segment.as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
            self.segments.push(Arc::new(segment));
        }
        Ok(())
    }

    pub(super) fn edit_verdicts(&mut self, id: ChildId, number: u64, refusals: Vec<Option<String>>) {
        let Some(round) = &mut self.edits.round else { return };
        if round.number != number || round.half != Half::Preparing || !round.waiting.remove(&id) {
            return;
        }
        for (place, known) in round.refusals.iter_mut().enumerate() {
            // A verdict that is missing is none in favour.
            let refusal = refusals.get(place).cloned().unwrap_or_else(|| Some("malformed edit".into()));
            *known = known.take().or(refusal);
        }
        self.advance_round();
    }

    pub(super) fn edit_settled(&mut self, id: ChildId, number: u64) {
        let Some(round) = &mut self.edits.round else { return };
        if round.number == number && round.half == Half::Settling {
            round.waiting.remove(&id);
            self.advance_round();
        }
    }

    pub(super) fn edits_lost_child(&mut self, id: ChildId) {
        if let Some(round) = &mut self.edits.round
            && round.waiting.remove(&id)
        {
            self.advance_round();
        }
    }

    /// Goes on once nobody is waited for.
    fn advance_round(&mut self) {
        while let Some(round) = &self.edits.round
            && round.waiting.is_empty()
        {
            match round.half {
                Half::Preparing => self.decide(),
                Half::Settling => {
                    self.end_round();
                    return self.next_round();
                }
            }
        }
    }

    fn decide(&mut self) {
        let Some(round) = &mut self.edits.round else { return };
        round.half = Half::Settling;
        round.deadline_ms = monotonic_ms() + PATIENCE_MS;
        let accepted: Vec<bool> = round.refusals.iter().map(Option::is_none).collect();
        let settled: Vec<Edit> = (round.edits.iter().zip(&accepted))
            .filter(|(_, accepted)| **accepted)
            .map(|(one, _)| one.edit.clone())
            .collect();
        let order = Order::Settle { round: round.number, accepted };
        for id in &round.members {
            if let Some(child) = self.children.alive.get(id) {
                child.order(&order);
            }
        }
        if settled.is_empty() {
            return;
        }
        round.waiting =
            round.members.iter().copied().filter(|id| self.children.alive.contains_key(id)).collect();
        // Children that began to run since the round did have not prepared anything.
        let members: HashSet<ChildId> = round.members.iter().copied().collect();
        let late = |(id, child): (&ChildId, &super::children::Child)| {
            (child.phase == Phase::Running && !child.leaving && !members.contains(id)).then_some(*id)
        };
        let late: Vec<ChildId> = self.children.alive.iter().filter_map(late).collect();
        let number = round.number;
        round.waiting.extend(&late);
        for id in late {
            self.replay(id, number, &settled);
        }
        self.note(settled);
    }

    fn end_round(&mut self) {
        let Some(round) = self.edits.round.take() else { return };
        for (one, refusal) in round.edits.into_iter().zip(round.refusals) {
            self.tell(one.child, one.ticket, refusal);
        }
    }

    /// Answers whoever handed an edit in, if it is still there.
    fn tell(&self, child: ChildId, ticket: u64, refusal: Option<String>) {
        if let Some(child) = self.children.alive.get(&child) {
            child.order(&Order::Edited { ticket, refusal });
        }
    }

    fn note(&mut self, settled: Vec<Edit>) {
        let size = |edits: &[Edit]| edits.iter().map(|edit| edit.bytes.len()).sum::<usize>();
        let edits = &mut self.edits;
        edits.journal_bytes += size(&settled);
        edits.journal.extend(settled);
        let (count, bytes) = edits.condense_at.unwrap_or((2 * CONDENSED_EDITS, 2 * CONDENSED_BYTES));
        if edits.journal.len() > count || edits.journal_bytes > bytes {
            edits.journal = self.program.condense(std::mem::take(&mut edits.journal));
            edits.journal_bytes = size(&edits.journal);
            edits.condense_at = Some((
                2 * edits.journal.len().max(CONDENSED_EDITS),
                2 * edits.journal_bytes.max(CONDENSED_BYTES),
            ));
        }
    }

    /// What a child that is about to run has to know beside its bundle.
    pub(super) fn replay_journal(&mut self, id: ChildId) {
        let journal = std::mem::take(&mut self.edits.journal);
        let stale = self.children.alive.get(&id).is_some_and(|child| child.lacks_segments(&self.segments));
        if !journal.is_empty() || stale {
            self.replay(id, 0, &journal);
        }
        self.edits.journal = journal;
    }

    fn replay(&mut self, id: ChildId, round: u64, edits: &[Edit]) {
        let Some(child) = self.children.alive.get_mut(&id) else { return };
        match Packed::new(edits.iter()) {
            Ok(packed) => {
                let mut descriptors = child.new_segments(&self.segments);
                let segments = descriptors.len() as u32;
                descriptors.extend(packed.descriptor);
                child.send(&Order::Replay { round, segments, edits: packed.inline }, descriptors);
            }
            Err(error) => {
                // It would run on another plan than the rest. The next one may have more luck.
                self.report.alert(&format!(
                    "Cannot tell {} ({}) of changes: {error}",
                    child.role.text(),
                    child.pid
                ));
                let _ = weir_sys::process::kill(child.pid, SIGKILL);
            }
        }
    }

    /// A new plan comes into force: it was read from files, as HAProxy's reload does, and knows no edit of the one
    /// before. To be called before children are told.
    pub(super) fn void_edits(&mut self) {
        let edits = std::mem::take(&mut self.edits);
        self.edits.rounds = edits.rounds;
        for one in &edits.queue {
            self.tell(one.child, one.ticket, Some(RELOADED.into()));
        }
        if let Some(round) = edits.round {
            for (one, refusal) in round.edits.iter().zip(round.refusals) {
                let reloaded = || (round.half == Half::Preparing).then(|| RELOADED.to_string());
                self.tell(one.child, one.ticket, refusal.or_else(reloaded));
            }
        }
    }

    pub(super) fn check_edits(&mut self) {
        let Some(round) = &mut self.edits.round else { return };
        if monotonic_ms() < round.deadline_ms {
            return;
        }
        round.deadline_ms = monotonic_ms() + PATIENCE_MS;
        for child in round.waiting.iter().filter_map(|id| self.children.alive.get(id)) {
            let (role, pid) = (child.role.text(), child.pid);
            self.report.alert(&format!("{role} ({pid}) does not take a change, replacing it"));
            let _ = weir_sys::process::kill(pid, SIGKILL);
        }
    }
}
