//! `log-forward` sections (manual 12.6): messages that come by datagram or by stream are sent on to the section's
//! `log` lines, each by the worker that received it.

mod message;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{SockaddrStorage, recvfrom};
use tokio::io::unix::AsyncFd;
use weir_plan::{ListenerOwner, LogForward, Plan};
use weir_types::{ListenerId, Slot};

use crate::socket::Socket;
use crate::worker::Worker;
use message::Framed;

pub use message::Received;

/// The largest datagram.
const DATAGRAM: usize = 65_536;
/// Datagrams taken before others have their turn.
const AT_ONCE: usize = 64;

/// The section that owns the listener with this slot.
pub fn find(plan: &Plan, slot: Slot) -> Option<(ListenerId, &LogForward)> {
    plan.listeners.iter().find_map(|listener| match listener.owner {
        ListenerOwner::LogForward(index) if listener.slot == slot => {
            Some((listener.index, plan.log_forwards.get(index as usize)?))
        }
        _ => None,
    })
}

/// Whether another connection may be taken: `maxconn` is that of the section, over all workers.
pub fn has_room(worker: &Worker, plan: &Plan, slot: Slot) -> bool {
    let owner = plan.listeners.iter().find(|listener| listener.slot == slot).map(|listener| listener.owner);
    let Some((_, section)) = find(plan, slot) else { return false };
    let own = plan.listeners.iter().filter(|listener| Some(listener.owner) == owner);
    let current: u64 =
        own.map(|listener| worker.shm.listener(listener.slot).sum(|counters| counters.scur.value())).sum();
    current < section.maxconn.into()
}

/// Receives datagrams for as long as it is not aborted.
pub async fn receive(worker: &Worker, slot: Slot, socket: &AsyncFd<OwnedFd>) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let Ok(mut ready) = socket.readable().await else { return };
        for _ in 0..AT_ONCE {
            match recvfrom::<SockaddrStorage>(socket.get_ref().as_raw_fd(), &mut buffer) {
                Ok((length, sender)) => {
                    let plan = worker.plan();
                    if let Some((_, section)) = find(&plan, slot) {
                        forward(worker, section, &buffer[..length], sender.and_then(|it| address_of(&it)));
                    }
                }
                Err(nix::Error::EAGAIN) => {
                    ready.clear_ready();
                    break;
                }
                // An error that an earlier datagram met on its way.
                Err(_) => break,
            }
        }
        tokio::task::yield_now().await;
    }
}

fn address_of(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::from(std::net::SocketAddrV4::from(*address)));
    v4.or_else(|| Some(std::net::SocketAddrV6::from(*address.as_sockaddr_in6()?).into()))
}

/// Serves a connection that sends messages.
pub fn begin(worker: &Rc<Worker>, slot: Slot, (socket, sender): (OwnedFd, Option<SocketAddr>)) {
    let session = Session::begin(worker.clone(), slot);
    tokio::task::spawn_local(async move {
        // The end of a connection is no event, whatever it was.
        let _ = session.serve(Socket::new(socket), sender).await;
    });
}

/// A connection in the gauges, for as long as it lives.
struct Session {
    worker: Rc<Worker>,
    slot: Slot,
}

impl Session {
    fn begin(worker: Rc<Worker>, slot: Slot) -> Self {
        worker.connection_began();
        worker.counters.cum_conns.increment();
        let counters = worker.shm.listener(slot).counters(worker.id);
        counters.scur.increment();
        counters.conn_tot.increment();
        Self { worker, slot }
    }

    /// What comes is forwarded by the plan in force, until that has the listener no more.
    async fn serve(&self, mut socket: Socket, sender: Option<SocketAddr>) -> io::Result<()> {
        let mut buffer: Vec<u8> = Vec::new();
        while !self.worker.is_stopping() {
            let plan = self.worker.plan();
            let Some((_, section)) = find(&plan, self.slot) else { return Ok(()) };
            let most = plan.global.tune.bufsize as usize;
            let idle = section.timeout_client.filter(|time| *time > 0);
            let idle = idle.map(|time| Duration::from_millis(time.into()));
            let mut used = 0;
            loop {
                match message::next(&buffer[used..], section.options.lines_only, most) {
                    Framed::Message { start, length, consumed } => {
                        let bytes = &buffer[used + start..used + start + length];
                        forward(&self.worker, section, bytes, sender);
                        used += consumed;
                    }
                    Framed::Partial => break,
                    Framed::Broken => return Ok(()),
                }
            }
            drop(plan);
            buffer.drain(..used);
            let start = buffer.len();
            buffer.resize(most, 0);
            let read = read(&mut socket, &mut buffer[start..]);
            let count = tokio::select! {
                read = within(idle, read) => read?,
                () = self.worker.stopped() => return Ok(()),
            };
            buffer.truncate(start + count);
            if count == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.worker.shm.listener(self.slot).counters(self.worker.id).scur.decrement();
        self.worker.connection_ended();
    }
}

async fn read(socket: &mut Socket, room: &mut [u8]) -> io::Result<usize> {
    std::future::poll_fn(|cx| socket.poll_recv(cx, room)).await
}

async fn within(time: Option<Duration>, read: impl Future<Output = io::Result<usize>>) -> io::Result<usize> {
    match time {
        Some(time) => tokio::time::timeout(time, read).await?,
        None => read.await,
    }
}

fn forward(worker: &Worker, section: &LogForward, bytes: &[u8], sender: Option<SocketAddr>) {
    worker.counters.cum_recv_logs.increment();
    let mut received = Received::parse(bytes, &section.options);
    let form = received.form();
    received.name_host(section.options.host, sender.map(|address| address.ip()));
    worker.logs.forward(
        &section.logs,
        &received,
        form,
        worker.clock.wall_us(worker.clock.now_us()),
        worker.counters,
    );
}
