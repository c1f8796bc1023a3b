//! Connections to and from peers.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use weir_peers::{Fault, Hello, Session, Status, hello};
use weir_plan::Peer as Settings;
use weir_shm::{Gauge, Shm};
use weir_types::{AddressFamily, PortSpec, Slot};

use super::section::{Conversation, Section};
use crate::checks::now_ms;
use crate::checks::{proxy_header, send};
use crate::server::{Target, open, padded};
use crate::socket::Socket;

/// How long a connection, a handshake and a greeting may take together.
const BEGINNING: Duration = Duration::from_secs(5);
/// A peer that could not be reached is tried again after the first of these, and then twice as long up to the second.
const AGAIN_MS: (u64, u64) = (250, 5000);
/// How often tables are looked at for changes: workers that make them tell nobody.
const LOOK: Duration = Duration::from_millis(20);
/// How often a process that ends looks for one that takes its place: that one listens before it says so.
const HANDOVERS: u32 = 2;
/// A message of this many bytes is taken in any case.
const LONGEST: usize = 16_384;

/// Counted as long as it lives.
struct Counted(&'static Gauge);

impl Counted {
    fn new(gauge: &'static Gauge) -> Self {
        gauge.increment();
        Self(gauge)
    }

    fn connected(shm: Shm) -> Self {
        Self::new(&shm.process().counters(shm.controller()).connected_peers)
    }

    fn active(shm: Shm) -> Self {
        Self::new(&shm.process().counters(shm.controller()).active_peers)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement();
    }
}

/// Keeps a session with a peer: connects whenever there is none.
pub async fn keep(section: Rc<Section>, name: Arc<str>, number: usize) {
    let mut pause = 0;
    loop {
        // A session that the peer began serves as well.
        while section.state.borrow_mut().peer(number).is_some_and(|peer| peer.conversation.is_some()) {
            pause = AGAIN_MS.0;
            tokio::time::sleep(LOOK).await;
        }
        let wait = jitter(pause);
        note(&section, number, |figures| figures.reconnect_ms = Some(now_ms() + wait));
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if section.state.borrow_mut().peer(number).is_none_or(|peer| peer.conversation.is_some()) {
            continue;
        }
        pause = match attempt(&section, &name, number).await {
            true => AGAIN_MS.0,
            false => (pause * 2).clamp(AGAIN_MS.0, AGAIN_MS.1),
        };
    }
}

/// Up to as much again: two that connect to each other at the same time do so once only.
fn jitter(pause: u64) -> u64 {
    let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
    pause + random % (pause + 1)
}

fn note(section: &Section, number: usize, change: impl FnOnce(&mut super::section::Figures)) {
    if let Some(peer) = section.state.borrow_mut().peer(number) {
        change(&mut peer.figures);
    }
}

/// Connects and converses. True: there was a session.
async fn attempt(section: &Rc<Section>, name: &Arc<str>, number: usize) -> bool {
    let (plan, local) = {
        let state = section.state.borrow();
        (state.plan().clone(), state.local_name())
    };
    let Some(local) = local else { return false };
    let line = section.state.borrow().line(name).map(|line| (target(line), line.tls.is_some()));
    let Some((Some(target), encrypted)) = line else { return false };
    note(section, number, |figures| {
        figures.new_connections = figures.new_connections.wrapping_add(1);
        (figures.last_state, figures.last_status) = ("CONN", None);
    });
    let opening = async {
        let socket = connect(section, name, &plan, &target).await?;
        Ok::<_, io::Error>((socket, Counted::connected(section.shm)))
    };
    let Ok(Ok((mut socket, _connected))) = timeout(BEGINNING, opening).await else { return false };
    note(section, number, |figures| figures.last_state = "HSHK");
    if let Some(peer) = section.state.borrow_mut().peer(number) {
        peer.greeting = true;
    }
    let hello = Hello { to: name.to_string(), from: local.to_string(), pid: section.pid };
    let answer = timeout(BEGINNING, greet(&mut socket, &hello)).await;
    let status = {
        let mut state = section.state.borrow_mut();
        let Some(peer) = state.peer(number) else { return false };
        // Another connection took its place meanwhile.
        let given_up = !std::mem::take(&mut peer.greeting) || peer.conversation.is_some();
        match answer {
            Ok(Ok((status, rest))) if !given_up => {
                peer.figures.last_status = Some(status);
                Some((status, rest))
            }
            _ => None,
        }
    };
    let Some((Status::Succeeded, rest)) = status else { return false };
    let begun = Begun { number, encrypted, local: false, hands_over: false, ends: None };
    converse(section, begun, socket, rest).await;
    true
}

/// Where a peer is.
pub(super) fn target(line: &Settings) -> Option<Target> {
    let address = line.address.as_ref()?;
    Some(match (&address.family, &address.port) {
        (AddressFamily::Ip(ip), PortSpec::Fixed(port)) => Target::Ip(SocketAddr::new(*ip, *port)),
        (AddressFamily::Unix(path), _) => Target::Unix(path.clone()),
        (AddressFamily::Abstract(name), _) => Target::Abstract(padded(name)),
        (AddressFamily::AbstractUnpadded(name), _) => Target::Abstract(name.clone()),
        _ => return None,
    })
}

async fn connect(
    section: &Section,
    name: &str,
    plan: &weir_plan::Plan,
    target: &Target,
) -> io::Result<Socket> {
    let (settings, ssl) = {
        let state = section.state.borrow();
        let line = state.line(name).ok_or(io::ErrorKind::NotFound)?;
        // Sessions of TLS are those of no server.
        let ssl = line.tls.as_ref().map(|tls| tls.begin(None, u32::MAX).ok_or(io::ErrorKind::OutOfMemory));
        (line.settings.clone(), ssl.transpose()?)
    };
    let mut socket = Socket::connecting(open(target, &settings, &plan.global.tune, None, None)?);
    poll_fn(|cx| socket.poll_writable(cx)).await?;
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    if settings.send_proxy.version().is_some() {
        let never_local = plan.global.never_send_local;
        let header = proxy_header(settings.send_proxy, &socket, target, never_local);
        send(&mut socket, &header).await?;
    }
    if let Some(ssl) = ssl {
        shake_hands(&mut socket, ssl, Vec::new()).await?;
    }
    Ok(socket)
}

async fn shake_hands(socket: &mut Socket, ssl: openssl::ssl::Ssl, ahead: Vec<u8>) -> io::Result<()> {
    if !socket.encrypt(ssl, ahead) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    poll_fn(|cx| socket.poll_handshake(cx)).await.map_err(|_| io::ErrorKind::ConnectionAborted.into())
}

/// Says who calls whom; the answer, and what came behind it.
async fn greet(socket: &mut Socket, hello: &Hello) -> io::Result<(Status, Vec<u8>)> {
    send(socket, hello.to_string().as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        if let Some(end) = answer.iter().position(|byte| *byte == b'\n') {
            let status = Status::read(&answer[..end]).ok_or(io::ErrorKind::InvalidData)?;
            return Ok((status, answer.split_off(end + 1)));
        }
        if answer.len() > hello::LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        receive(socket, &mut answer).await?;
    }
}

/// Appends what comes in; the end of the stream is an error.
async fn receive(socket: &mut Socket, into: &mut Vec<u8>) -> io::Result<()> {
    let mut room = [0; 4096];
    let count = poll_fn(|cx| socket.poll_recv(cx, &mut room)).await?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    into.extend_from_slice(&room[..count]);
    Ok(())
}

/// Tells the process that takes this one's place what is known, if there is one.
pub async fn hand_over(section: &Rc<Section>) {
    for _ in 0..HANDOVERS {
        if tell_successor(section).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(AGAIN_MS.0)).await;
    }
}

async fn tell_successor(section: &Rc<Section>) -> Option<()> {
    let (plan, local) = {
        let state = section.state.borrow();
        (state.plan().clone(), state.local_name()?)
    };
    let (target, number, encrypted) = {
        let state = section.state.borrow();
        let line = state.line(&local)?;
        let number = state.peers.iter().find(|peer| peer.name == local)?.number;
        (target(line)?, number, line.tls.is_some())
    };
    let mut socket = connect(section, &local, &plan, &target).await.ok()?;
    let hello = Hello { to: local.to_string(), from: local.to_string(), pid: section.pid };
    let (status, rest) = greet(&mut socket, &hello).await.ok()?;
    if status != Status::Succeeded {
        return None;
    }
    let begun = Begun { number, encrypted, local: true, hands_over: true, ends: None };
    converse(section, begun, socket, rest).await;
    Some(())
}

/// A connection that came in.
pub async fn accepted(section: Rc<Section>, connection: OwnedFd, slot: Slot) {
    let mut socket = Socket::new(connection);
    let _connected = Counted::connected(section.shm);
    let beginning = async {
        let encrypted = decrypt(&section, &mut socket, slot).await?;
        let mut input = Vec::new();
        loop {
            match Hello::read(&input) {
                Ok(Some((hello, length))) => {
                    let rest = input.split_off(length);
                    return Ok::<_, io::Error>((Ok(hello), rest, encrypted));
                }
                Ok(None) => receive(&mut socket, &mut input).await?,
                Err(status) => return Ok((Err(status), input, encrypted)),
            }
        }
    };
    let Ok(Ok((hello, rest, encrypted))) = timeout(BEGINNING, beginning).await else { return };
    let welcome = hello.and_then(|hello| welcome(&section, &hello));
    let status = welcome.as_ref().map_or_else(|status| *status, |_| Status::Succeeded);
    let answered = timeout(BEGINNING, send(&mut socket, status.line().as_bytes())).await;
    let (Ok(Ok(())), Ok((number, local))) = (answered, welcome) else { return };
    if let Some(peer) = section.state.borrow_mut().peer(number) {
        if peer.conversation.is_some() || peer.greeting {
            // The peer began anew: what there was is of no use to it any more.
            peer.figures.collisions = peer.figures.collisions.wrapping_add(1);
            peer.hang_up();
            peer.greeting = false;
        }
        peer.figures.last_status = Some(status);
    }
    let begun = Begun { number, encrypted, local, hands_over: false, ends: ends(&socket) };
    converse(&section, begun, socket, rest).await;
}

/// Shakes hands, where the section's socket says so.
async fn decrypt(section: &Section, socket: &mut Socket, slot: Slot) -> io::Result<bool> {
    let listener = {
        let state = section.state.borrow();
        let mut listeners = state.plan().listeners.iter();
        listeners.find(|listener| listener.slot == slot).and_then(|listener| listener.tls.clone())
    };
    let Some(listener) = listener else { return Ok(false) };
    // Peers ask for no name: the first certificate is theirs.
    let entry = listener.choose(None).ok_or(io::ErrorKind::NotFound)?;
    let ssl = listener.begin(&entry).ok_or(io::ErrorKind::OutOfMemory)?;
    shake_hands(socket, ssl, Vec::new()).await?;
    Ok(true)
}

/// Who calls, and whether that is an old process of one's own; or what is said against him.
fn welcome(section: &Section, hello: &Hello) -> Result<(usize, bool), Status> {
    let mut state = section.state.borrow_mut();
    let local = state.local_name().ok_or(Status::TryAgain)?;
    if *hello.to != *local {
        return Err(Status::LocalMismatch);
    }
    let peer = state.peers.iter_mut().find(|peer| *peer.name == *hello.from).ok_or(Status::RemoteMismatch)?;
    let is_local = *hello.from == *local;
    // Nobody tells himself anything.
    let is_self = is_local && hello.pid == section.pid;
    // Both called at the same time: one of the two calls is enough, and both sides choose the same.
    let crossed = peer.greeting && peer.conversation.is_none() && *local < *hello.from;
    if is_self || crossed {
        return Err(Status::TryAgain);
    }
    Ok((peer.number, is_local))
}

struct Begun {
    number: usize,
    encrypted: bool,
    local: bool,
    /// Everything is told, and then nothing more.
    hands_over: bool,
    ends: Option<(SocketAddr, SocketAddr)>,
}

fn ends(socket: &Socket) -> Option<(SocketAddr, SocketAddr)> {
    let descriptor = socket.descriptor().ok()?;
    let peer = socket2::SockRef::from(&descriptor).peer_addr().ok()?.as_socket()?;
    Some((peer, crate::session::local_address(socket)?))
}

enum Happened {
    Sent(usize),
    Received(usize),
    Over,
    Look,
}

/// Runs a session until either side ends it. `rest` came behind the greeting.
async fn converse(section: &Rc<Section>, begun: Begun, mut socket: Socket, rest: Vec<u8>) {
    let _active = Counted::active(section.shm);
    let serial = section.next_serial();
    let bell = Rc::new(Notify::new());
    if !begin(section, &begun, serial, bell.clone()) {
        return;
    }
    let mut output = Vec::new();
    let mut fault = hear(section, &begun, serial, &rest);
    let mut buffer = vec![0; 64 * 1024];
    while fault.is_none() {
        let Some((deadline, more)) = speak(section, &begun, serial, &mut output, &mut fault) else { break };
        let now = Instant::now();
        let wait = Duration::from_millis(deadline.saturating_sub(now_ms()));
        let wake = if more && output.is_empty() { now } else { now + wait.min(LOOK) };
        let happened = tokio::select! {
            biased;
            happened = exchange(&mut socket, &output, &mut buffer) => happened,
            () = bell.notified() => Happened::Look,
            () = sleep_until(wake) => Happened::Look,
        };
        match happened {
            Happened::Look => {}
            Happened::Over => break,
            Happened::Sent(count) => {
                output.drain(..count);
                with(section, &begun, serial, |conversation, _| conversation.session.sent(now_ms()));
            }
            Happened::Received(count) => fault = hear(section, &begun, serial, &buffer[..count]),
        }
        // A long exchange leaves the others their turn.
        tokio::task::yield_now().await;
    }
    end(section, &begun, serial, &mut output);
    if !output.is_empty() {
        // What was wrong is said to a peer that listens.
        let _ = timeout(Duration::from_secs(1), send(&mut socket, &output)).await;
    }
}

/// Sends or receives, whichever is possible first.
async fn exchange(socket: &mut Socket, output: &[u8], buffer: &mut [u8]) -> Happened {
    poll_fn(|cx| {
        if let Poll::Ready(read) = socket.poll_recv(cx, buffer) {
            return Poll::Ready(match read {
                Ok(0) | Err(_) => Happened::Over,
                Ok(count) => Happened::Received(count),
            });
        }
        if output.is_empty() {
            return Poll::Pending;
        }
        match socket.poll_send(cx, &[IoSlice::new(output)], false) {
            Poll::Ready(Ok(count)) => Poll::Ready(Happened::Sent(count)),
            Poll::Ready(Err(_)) => Poll::Ready(Happened::Over),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn begin(section: &Section, begun: &Begun, serial: u64, bell: Rc<Notify>) -> bool {
    let now = now_ms();
    let mut state = section.state.borrow_mut();
    let longest = (state.plan().global.tune.bufsize as usize).max(LONGEST);
    let Some(peer) = state.peer(begun.number) else { return false };
    peer.hang_up();
    (peer.figures.last_state, peer.figures.last_handshake_ms) = ("ESTA", Some(now));
    let mut session = Session::new(&mut peer.link, longest, now);
    if begun.hands_over {
        session.teach();
    }
    peer.conversation = Some(Conversation {
        serial,
        session,
        encrypted: begun.encrypted,
        ends: begun.ends,
        bell,
        local: begun.local,
    });
    state.ask_somebody();
    true
}

/// Works on the session, as long as it is the one in use.
fn with<T>(
    section: &Section,
    begun: &Begun,
    serial: u64,
    work: impl FnOnce(&mut Conversation, &mut weir_peers::Link) -> T,
) -> Option<T> {
    let mut state = section.state.borrow_mut();
    let peer = state.peer(begun.number)?;
    let conversation = peer.conversation.as_mut().filter(|conversation| conversation.serial == serial)?;
    Some(work(conversation, &mut peer.link))
}

/// Takes what came in.
fn hear(section: &Section, begun: &Begun, serial: u64, bytes: &[u8]) -> Option<Fault> {
    if bytes.is_empty() {
        return None;
    }
    let now = now_ms();
    let members = section.state.borrow().members.clone();
    let heard = with(section, begun, serial, |conversation, link| {
        let outcome = conversation.session.receive(bytes, &members, link, now);
        (outcome.err(), conversation.session.events())
    });
    let (fault, events) = heard?;
    section.state.borrow_mut().heard(begun.number, begun.local, events, now);
    fault
}

/// Takes from the session what is to be sent. When it is to be looked at again, and whether at once; nothing when it is
/// not in use any more.
fn speak(
    section: &Section,
    begun: &Begun,
    serial: u64,
    output: &mut Vec<u8>,
    fault: &mut Option<Fault>,
) -> Option<(u64, bool)> {
    let now = now_ms();
    let (members, audience, known, most) = {
        let mut state = section.state.borrow_mut();
        let name = state.peer(begun.number)?.name.clone();
        let audience = state.audience(&name);
        (state.members.clone(), audience, state.resync.is_done(), state.updates_at_once())
    };
    with(section, begun, serial, |conversation, link| {
        let session = &mut conversation.session;
        if begun.hands_over && !session.is_teaching() {
            return None;
        }
        let more = output.is_empty() && session.fill(&members, link, audience, known, most, now);
        let deadline = session.wait(link, now).unwrap_or_else(|silence| {
            *fault = Some(silence);
            now
        });
        output.append(session.output());
        Some((deadline, more))
    })?
}

/// The session is over; what it still had to say.
fn end(section: &Section, begun: &Begun, serial: u64, output: &mut Vec<u8>) {
    let now = now_ms();
    let left = with(section, begun, serial, |conversation, _| std::mem::take(conversation.session.output()));
    let Some(left) = left else { return };
    output.extend_from_slice(&left);
    let mut state = section.state.borrow_mut();
    if let Some(peer) = state.peer(begun.number) {
        peer.conversation = None;
    }
    state.resync.lost(begun.number, now);
    state.ask_somebody();
}
