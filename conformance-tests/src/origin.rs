//! Origin servers that answer by themselves, on a thread each. What they are for is in `OriginKind`.

use crate::connection::Connection;
use crate::message::{self, Framing};
use crate::ports::{self, PortNames};
use crate::scenario::OriginKind;
use openssl::ssl::SslContext;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// An origin server on a reserved address.
pub struct Origin {
    pub name: String,
    address: SocketAddr,
    /// Connections are encrypted.
    tls: Option<SslContext>,
    names: PortNames,
    running: Option<Running>,
}

struct Running {
    kind: Arc<Mutex<OriginKind>>,
    listener: Arc<TcpListener>,
    stop: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Origin {
    /// Starts an origin of that kind; a scripted one only listens.
    pub fn start(
        name: &str,
        address: SocketAddr,
        kind: &OriginKind,
        tls: Option<SslContext>,
        names: PortNames,
    ) -> std::io::Result<Origin> {
        let mut origin = Origin { name: name.to_string(), address, tls, names, running: None };
        origin.become_kind(kind)?;
        Ok(origin)
    }

    /// Does this instead of what it did before. Another status is answered from the next request on, on open
    /// connections too, so that no request in between fails; other changes end what there was, connections included.
    pub fn become_kind(&mut self, kind: &OriginKind) -> std::io::Result<()> {
        if let (Some(running), OriginKind::Hello { .. }) = (&self.running, kind) {
            let mut now = running.kind.lock().unwrap_or_else(|e| e.into_inner());
            if matches!(*now, OriginKind::Hello { .. }) {
                *now = kind.clone();
                return Ok(());
            }
        }
        self.stop();
        if *kind == OriginKind::Refused {
            return Ok(());
        }
        let listener = Arc::new(ports::listen(self.address)?);
        let stop = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let kind = Arc::new(Mutex::new(kind.clone()));
        let scripted = *kind.lock().unwrap_or_else(|e| e.into_inner()) == OriginKind::Scripted;
        let thread = (!scripted).then(|| {
            let serving = Serving {
                name: self.name.clone(),
                kind: kind.clone(),
                tls: self.tls.clone(),
                listener: listener.clone(),
                stop: stop.clone(),
                open: open.clone(),
                names: self.names.clone(),
            };
            std::thread::spawn(move || serving.run())
        });
        self.running = Some(Running { kind, listener, stop, open, thread });
        Ok(())
    }

    /// The listener of a scripted origin.
    pub fn listener(&self) -> Option<&TcpListener> {
        self.running.as_ref().map(|r| r.listener.as_ref())
    }

    fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        running.stop.store(true, Ordering::SeqCst);
        let _ = socket2::SockRef::from(running.listener.as_ref()).shutdown(std::net::Shutdown::Both);
        for connection in running.open.lock().unwrap_or_else(|e| e.into_inner()).drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        if let Some(thread) = running.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Serving {
    name: String,
    kind: Arc<Mutex<OriginKind>>,
    tls: Option<SslContext>,
    listener: Arc<TcpListener>,
    stop: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    names: PortNames,
}

impl Serving {
    fn run(self) {
        let connections = AtomicU64::new(0);
        while let Ok((socket, peer)) = self.listener.accept() {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            self.names.insert(peer.port(), "proxy");
            if let Ok(copy) = socket.try_clone() {
                self.open.lock().unwrap_or_else(|e| e.into_inner()).push(copy);
            }
            let ordinal = connections.fetch_add(1, Ordering::SeqCst) + 1;
            let name = self.name.clone();
            let kind = self.kind.clone();
            let tls = self.tls.clone();
            std::thread::spawn(move || serve(&name, &kind, ordinal, socket, tls.as_ref()));
        }
    }
}

fn serve(name: &str, kind: &Mutex<OriginKind>, ordinal: u64, socket: TcpStream, tls: Option<&SslContext>) {
    let copy = socket.try_clone();
    let (mut connection, handshake) = match tls {
        None => (Connection::from(socket), String::new()),
        Some(context) => match crate::tls::accept(context, socket) {
            None => return,
            Some(stream) => {
                let seen = crate::tls::headers(&stream);
                (Connection::from(stream), seen)
            }
        },
    };
    let now = kind.lock().unwrap_or_else(|e| e.into_inner()).clone();
    match now {
        OriginKind::Name => {
            let _ = connection.send(format!("{name}\n").as_bytes());
            connection.shut();
            let _ = connection.take_until(|_, ended| ended.then_some(0));
        }
        OriginKind::Mirror => mirror(&mut connection),
        OriginKind::Upgrades => {
            let asked = connection.take_until(|bytes, _| message::head_length(bytes)).is_ok();
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            if asked && connection.send(answer).is_ok() {
                mirror(&mut connection);
            }
        }
        OriginKind::Closes => {}
        _ => requests(name, kind, ordinal, &handshake, &mut connection),
    }
    if let Ok(socket) = copy {
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }
}

fn mirror(connection: &mut Connection) {
    while connection.receive(std::time::Instant::now() + crate::connection::DEADLINE).is_ok() {
        let bytes = std::mem::take(&mut connection.received);
        if connection.send(&bytes).is_err() {
            break;
        }
    }
}

fn requests(name: &str, kind: &Mutex<OriginKind>, ordinal: u64, seen: &str, connection: &mut Connection) {
    for number in 1u64.. {
        let Ok(request) = connection.take_until(message::message_length) else { return };
        let kind = kind.lock().unwrap_or_else(|e| e.into_inner()).clone();
        let answer = answer(name, &kind, (ordinal, number), seen, &request);
        if connection.send(&answer).is_err() || !keeps_alive(&request) {
            return;
        }
    }
}

fn keeps_alive(request: &[u8]) -> bool {
    let head = String::from_utf8_lossy(request).to_ascii_lowercase();
    let head = head.split("\r\n\r\n").next().unwrap_or("");
    match head.lines().next().is_some_and(|l| l.ends_with("http/1.0")) {
        true => head.contains("connection: keep-alive"),
        false => !head.contains("connection: close"),
    }
}

fn answer(
    name: &str,
    kind: &OriginKind,
    (ordinal, number): (u64, u64),
    seen: &str,
    request: &[u8],
) -> Vec<u8> {
    let head_only = request.starts_with(b"HEAD ");
    let (status, extra, body) = match kind {
        OriginKind::Hello { status } => (*status, String::new(), format!("{name}\n").into_bytes()),
        OriginKind::Counted => {
            let counters = format!("x-connection: {ordinal}\r\nx-request: {number}\r\n");
            (200, counters, format!("{name}\n").into_bytes())
        }
        _ => (200, String::new(), echoed(request)),
    };
    let reason = if status == 200 { "OK" } else { "Status" };
    let mut out = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-length: {}\r\nx-origin: {name}\r\n{seen}{extra}\r\n",
        body.len()
    )
    .into_bytes();
    if !head_only {
        out.extend_from_slice(&body);
    }
    out
}

/// The request as received, with chunk sizes taken out of the body.
fn echoed(request: &[u8]) -> Vec<u8> {
    let Some(head) = message::head_length(request) else { return Vec::new() };
    let mut out = request[..head].to_vec();
    match message::framing(&request[..head]) {
        Framing::Chunked => {
            if let Some(body) = message::dechunk(&request[head..]) {
                out.extend_from_slice(&body.data);
                out.extend_from_slice(&body.trailers);
            }
        }
        _ => out.extend_from_slice(&request[head..]),
    }
    out
}
