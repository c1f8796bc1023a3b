//! A child's side of an edit: prepared when the supervisor shows it, put in force when all have accepted it.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use weir_engine::edit::Submission;
use weir_plan::{Change, Edit, Plan};
use weir_shm::Shm;

use super::conversation::Receiver;
use crate::channel::Parcel;
use crate::edits::{LARGEST_EDIT_BYTES, Packed};
use crate::message::Reply;
use crate::program::Program;

/// Edits with more bytes than this are prepared off the event loop.
const LARGE_BYTES: usize = 32 << 10;

type Outcome = Result<Change, String>;

/// The round that is under way, and who waits for edits of this child's own.
#[derive(Default)]
pub struct Editing {
    round: u64,
    preparing: Option<JoinHandle<Vec<Outcome>>>,
    prepared: Vec<Outcome>,
    next_ticket: u64,
    waiting: HashMap<u64, oneshot::Sender<Result<(), String>>>,
}

impl Editing {
    /// The verdicts, unless they come later ([`Editing::finished`]).
    pub fn prepare(
        &mut self,
        program: &Arc<dyn Program>,
        shm: Shm,
        plan: &Arc<Plan>,
        round: u64,
        edits: Vec<Edit>,
    ) -> Option<Parcel> {
        self.round = round;
        let (program, plan) = (program.clone(), plan.clone());
        let bytes: usize = edits.iter().map(|edit| edit.bytes.len()).sum();
        let heavy = bytes > LARGE_BYTES || edits.iter().any(|edit| program.is_heavy(&plan, edit));
        let prepare = move || edits.iter().map(|edit| checked(&*program, &plan, edit, shm)).collect();
        if heavy {
            self.preparing = Some(tokio::task::spawn_blocking(prepare));
            return None;
        }
        Some(self.verdicts(prepare()))
    }

    /// Waits for a preparation off the event loop.
    pub async fn finished(&mut self) -> Parcel {
        let Some(preparing) = &mut self.preparing else { return std::future::pending().await };
        let prepared = preparing.await;
        self.preparing = None;
        match prepared {
            Ok(prepared) => self.verdicts(prepared),
            // It panicked: whatever the edits were, this child has none of them.
            Err(error) => self.verdicts(vec![Err(error.to_string())]),
        }
    }

    fn verdicts(&mut self, prepared: Vec<Outcome>) -> Parcel {
        let refusals = prepared.iter().map(|outcome| outcome.as_ref().err().cloned()).collect();
        self.prepared = prepared;
        parcel(Reply::Verdicts { round: self.round, refusals })
    }

    pub async fn settle(
        &mut self,
        plan: &mut Arc<Plan>,
        receiver: &Receiver,
        round: u64,
        accepted: &[bool],
    ) -> Option<Parcel> {
        if round != self.round {
            return None;
        }
        for (outcome, accepted) in std::mem::take(&mut self.prepared).into_iter().zip(accepted) {
            match outcome {
                Ok(change) if *accepted => {
                    if let Some(next) = apply(change) {
                        *plan = next.clone();
                        receiver.swap(next, Vec::new()).await;
                    }
                }
                _ => {}
            }
        }
        Some(parcel(Reply::Settled { round }))
    }

    /// Another plan comes into force: edits of the one before are void.
    pub fn forget(&mut self) {
        (self.round, self.preparing, self.prepared) = (0, None, Vec::new());
    }

    pub fn submit(&mut self, submission: Submission) -> Option<Parcel> {
        let Submission { edit, generation, answer } = submission;
        if edit.bytes.len() > LARGEST_EDIT_BYTES {
            let _ = answer.send(Err("too large a change".into()));
            return None;
        }
        match Packed::new(std::iter::once(&edit)) {
            Ok(packed) => {
                self.next_ticket += 1;
                let ticket = self.next_ticket;
                self.waiting.insert(ticket, answer);
                let reply = Reply::Submit { ticket, generation, edit: packed.inline };
                Some(Parcel { bytes: reply.encode(), descriptors: packed.descriptor.into_iter().collect() })
            }
            Err(error) => {
                let _ = answer.send(Err(error.to_string()));
                None
            }
        }
    }

    pub fn answered(&mut self, ticket: u64, refusal: Option<String>) {
        if let Some(answer) = self.waiting.remove(&ticket) {
            // Who asked may have gone since.
            let _ = answer.send(refusal.map_or(Ok(()), Err));
        }
    }
}

/// A panic over an edit refuses it: all children would have it at once.
fn checked(program: &dyn Program, plan: &Arc<Plan>, edit: &Edit, shm: Shm) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| program.edit(plan, edit, shm)))
        .unwrap_or_else(|_| Err("internal error".into()))
}

/// Attaches the new segments that came with an order; what is left of its descriptors is the edits'.
pub fn attach(shm: Shm, descriptors: Vec<OwnedFd>, segments: u32) -> io::Result<Option<OwnedFd>> {
    let mut descriptors = descriptors.into_iter();
    for segment in descriptors.by_ref().take(segments as usize) {
        shm.attach_segment(segment).map_err(io::Error::other)?;
    }
    Ok(descriptors.next())
}

/// Edits that are in force everywhere else. A child that cannot take them must not go on.
pub fn replay(
    program: &dyn Program,
    shm: Shm,
    plan: &mut Arc<Plan>,
    inline: &[u8],
    beside: Option<OwnedFd>,
) -> io::Result<bool> {
    let mut swapped = false;
    for edit in Packed::read(inline, beside)? {
        let change = program.edit(plan, &edit, shm).map_err(io::Error::other)?;
        if let Some(next) = apply(change) {
            *plan = next;
            swapped = true;
        }
    }
    Ok(swapped)
}

fn apply(change: Change) -> Option<Arc<Plan>> {
    match change {
        Change::Inside(change) => {
            change();
            None
        }
        Change::Plan(plan) => Some(plan),
    }
}

fn parcel(reply: Reply) -> Parcel {
    Parcel { bytes: reply.encode(), descriptors: Vec::new() }
}
