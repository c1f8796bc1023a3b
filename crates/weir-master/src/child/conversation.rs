//! A running child's side of the talk with the supervisor: plans are made on a thread of their own while traffic goes
//! on, and handed to the event loop when the supervisor says so.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use weir_engine::edit::Submission;
use weir_engine::worker::{Control, ListenerSocket};
use weir_plan::Plan;
use weir_shm::Shm;

use super::edits::{self, Editing};
use super::held::Held;
use super::pair;
use crate::bundle::Bundle;
use crate::channel::{Channel, Parcel, Received, Sender};
use crate::edits::Packed;
use crate::message::{Order, Reply};
use crate::program::{ControllerOrder, ControllerRequest, Program};

/// The event loop that is served.
pub enum Receiver {
    Worker(UnboundedSender<Control>),
    Controller(UnboundedSender<ControllerOrder>),
}

pub struct Conversation {
    pub program: Arc<dyn Program>,
    pub shm: Shm,
    pub control: UnixStream,
    /// The plan in force.
    pub plan: Arc<Plan>,
    pub held: Held,
    pub receiver: Receiver,
    pub asked: UnboundedReceiver<ControllerRequest>,
    pub submitted: UnboundedReceiver<Submission>,
}

/// How often a child looks whether plans that were replaced have ended.
const LOOK_AT_OLD_PLANS: std::time::Duration = std::time::Duration::from_secs(1);

type Making = JoinHandle<Result<Arc<Plan>, String>>;

/// A plan that is being made or is ready to be used.
#[derive(Default)]
struct Pending {
    generation: u64,
    making: Option<Making>,
    plan: Option<Arc<Plan>>,
    added: Vec<ListenerSocket>,
}

impl Conversation {
    /// Ends when the supervisor is gone; the event loop then sees its orders end.
    pub async fn hold(self) {
        let Self { program, shm, control, mut plan, mut held, mut receiver, mut asked, mut submitted } = self;
        let Ok(mut channel) = Channel::new(control) else { return };
        let replies = write_beside(channel.sender());
        let (mut pending, mut editing) = (Pending::default(), Editing::default());
        loop {
            let step = tokio::select! {
                received = channel.receive() => match received {
                    Ok(Some(received)) => {
                        let mut parts = Parts {
                            program: &program,
                            shm,
                            current: &mut plan,
                            pending: &mut pending,
                            editing: &mut editing,
                            receiver: &mut receiver,
                        };
                        let said = parts.obey(received).await;
                        held.note(&plan);
                        said
                    }
                    _ => return,
                },
                () = tokio::time::sleep(LOOK_AT_OLD_PLANS), if held.waits() => {
                    if held.note(&plan) {
                        // Without a thread it waits for the next time.
                        let _ = std::thread::Builder::new().name("trim".into()).spawn(weir_sys::memory::trim);
                    }
                    Ok(None)
                }
                made = finished(&mut pending.making) => Ok(pending.finish(made)),
                prepared = editing.finished() => Ok(Some(prepared)),
                Some(request) = asked.recv() => Ok(Some(ask(request))),
                Some(submission) = submitted.recv() => Ok(editing.submit(submission)),
            };
            let sent = match step {
                Ok(None) => true,
                Ok(Some(parcel)) => replies.send(parcel).is_ok(),
                Err(error) => {
                    log::error!("control channel: {error}");
                    false
                }
            };
            if !sent {
                return;
            }
        }
    }
}

/// Replies are written by a task of their own: orders are read on while the supervisor is slow to read.
fn write_beside(channel: Sender) -> UnboundedSender<Parcel> {
    let (replies, mut waiting) = unbounded_channel::<Parcel>();
    tokio::task::spawn_local(async move {
        while let Some(parcel) = waiting.recv().await {
            if let Err(error) = channel.send(&parcel).await {
                log::error!("control channel: {error}");
                return;
            }
        }
    });
    replies
}

/// What orders act on.
struct Parts<'a> {
    program: &'a Arc<dyn Program>,
    shm: Shm,
    current: &'a mut Arc<Plan>,
    pending: &'a mut Pending,
    editing: &'a mut Editing,
    receiver: &'a mut Receiver,
}

impl Parts<'_> {
    async fn obey(&mut self, received: Received) -> io::Result<Option<Parcel>> {
        let (shm, descriptors) = (self.shm, received.descriptors);
        match Order::decode(&received.bytes).map_err(io::Error::other)? {
            Order::Prepare { generation, segments, listeners } => {
                let mut descriptors = descriptors.into_iter();
                let bundle = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
                for segment in descriptors.by_ref().take(segments as usize) {
                    shm.attach_segment(segment).map_err(io::Error::other)?;
                }
                let program = self.program.clone();
                let making = tokio::task::spawn_blocking(move || make(&*program, &bundle, shm));
                *self.pending = Pending {
                    generation,
                    making: Some(making),
                    plan: None,
                    added: pair(listeners, descriptors),
                };
                Ok(None)
            }
            Order::Commit { generation } if generation == self.pending.generation => {
                let Some(plan) = self.pending.plan.take() else { return Ok(None) };
                let added = std::mem::take(&mut self.pending.added);
                self.editing.forget();
                *self.current = plan.clone();
                self.receiver.swap(plan, added).await;
                Ok(Some(parcel(Reply::Committed { generation })))
            }
            Order::Abort { .. } => {
                // Large plans are dropped off the event loop.
                let dropped = std::mem::take(self.pending);
                tokio::task::spawn_blocking(move || drop(dropped));
                Ok(None)
            }
            Order::Edit { round, segments, edits } => {
                let beside = edits::attach(shm, descriptors, segments)?;
                let edits = Packed::read(&edits, beside)?;
                Ok(self.editing.prepare(self.program, shm, self.current, round, edits))
            }
            Order::Settle { round, accepted } => {
                Ok(self.editing.settle(self.current, self.receiver, round, &accepted).await)
            }
            Order::Replay { round, segments, edits } => {
                let beside = edits::attach(shm, descriptors, segments)?;
                if edits::replay(&**self.program, shm, self.current, &edits, beside)? {
                    self.receiver.swap(self.current.clone(), Vec::new()).await;
                }
                Ok(Some(parcel(Reply::Settled { round })))
            }
            Order::Edited { ticket, refusal } => {
                self.editing.answered(ticket, refusal);
                Ok(None)
            }
            order => {
                self.receiver.pass(order, descriptors, self.current);
                Ok(None)
            }
        }
    }
}

fn make(program: &dyn Program, bundle: &OwnedFd, shm: Shm) -> Result<Arc<Plan>, String> {
    let bundle = Bundle::unseal(bundle.as_fd()).map_err(|error| error.to_string())?;
    let (plan, spent) = program.plan(&bundle, shm)?;
    drop(bundle);
    spent.free();
    Ok(plan)
}

async fn finished(making: &mut Option<Making>) -> Result<Arc<Plan>, String> {
    match making {
        Some(making) => making.await.unwrap_or_else(|error| Err(error.to_string())),
        None => std::future::pending().await,
    }
}

fn ask(request: ControllerRequest) -> Parcel {
    match request {
        ControllerRequest::HandOver(connection) => {
            Parcel { bytes: Reply::HandOver.encode(), descriptors: vec![Arc::new(connection)] }
        }
        ControllerRequest::Reload => parcel(Reply::Reload),
    }
}

fn parcel(reply: Reply) -> Parcel {
    Parcel { bytes: reply.encode(), descriptors: Vec::new() }
}

impl Pending {
    fn finish(&mut self, made: Result<Arc<Plan>, String>) -> Option<Parcel> {
        self.making = None;
        let generation = self.generation;
        Some(parcel(match made {
            Ok(plan) => {
                self.plan = Some(plan);
                Reply::Prepared { generation }
            }
            Err(reason) => Reply::Refused { generation, reason },
        }))
    }
}

impl Receiver {
    pub async fn swap(&self, plan: Arc<Plan>, added: Vec<ListenerSocket>) {
        let (done, swapped) = oneshot::channel();
        let sent = match self {
            Receiver::Worker(orders) => orders.send(Control::Swap { plan, added, done: Some(done) }).is_ok(),
            Receiver::Controller(orders) => orders.send(ControllerOrder::Swap { plan, added, done }).is_ok(),
        };
        if sent {
            // An event loop that ended meanwhile needs no plan.
            let _ = swapped.await;
        }
    }

    fn pass(&self, order: Order, descriptors: Vec<OwnedFd>, plan: &Arc<Plan>) {
        match self {
            Receiver::Worker(orders) => {
                let order = match order {
                    Order::Pause { released } => {
                        for slot in released {
                            let _ = orders.send(Control::Release(slot));
                        }
                        Control::Pause(None)
                    }
                    Order::Resume { listeners } => {
                        let (plan, added) = (plan.clone(), pair(listeners, descriptors.into_iter()));
                        let _ = orders.send(Control::Swap { plan, added, done: None });
                        Control::Resume(None)
                    }
                    Order::SoftStop => Control::SoftStop,
                    Order::HardStop => Control::HardStop,
                    _ => return,
                };
                let _ = orders.send(order);
            }
            Receiver::Controller(orders) => {
                let order = match order {
                    Order::Serve { level } => match descriptors.into_iter().next() {
                        Some(connection) => ControllerOrder::Serve { connection, level },
                        None => return,
                    },
                    Order::Log { level, lines } => ControllerOrder::Log { level, lines },
                    Order::SoftStop => ControllerOrder::SoftStop,
                    Order::HardStop => ControllerOrder::HardStop,
                    _ => return,
                };
                let _ = orders.send(order);
            }
        }
    }
}
