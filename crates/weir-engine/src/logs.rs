//! Where log lines go: datagram sockets and descriptors, with the header that each target wants (manual 4.2 "log").
//! What a line says is made in [`crate::log_line`].

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{IoSlice, Write};
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;

use nix::sys::socket::{MsgFlags, SockaddrStorage, sendmsg};
use nix::sys::uio::writev;
use weir_plan::Plan;
use weir_plan::settings::{LogFormatName, LogTarget, LogTransport};
use weir_shm::{ProcessCounters, Shm, Wakers};
use weir_types::WorkerId;

use crate::log_forward::Received;

/// Sockets for log targets, by transport. Open them before `chroot` and before privileges are given up.
#[derive(Debug, Default)]
pub struct LogSockets {
    open: HashMap<Transport, OwnedFd>,
}

/// What one socket is opened for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Transport {
    Udp4,
    Udp6,
    Unix(Box<str>),
    Descriptor(i32),
}

impl LogSockets {
    /// Opens what the plan's log lines need; a socket that cannot be opened is tried again when a line is sent.
    pub fn open(plan: &Plan) -> Self {
        let mut sockets = Self::default();
        sockets.extend(plan);
        sockets
    }

    fn extend(&mut self, plan: &Plan) {
        let own = plan.proxies.iter().flat_map(|proxy| &proxy.settings.logs);
        let forwarded = plan.log_forwards.iter().flat_map(|section| &section.logs);
        for target in plan.global.logs.iter().chain(own).chain(forwarded) {
            self.ensure(&target.transport);
        }
    }

    fn ensure(&mut self, transport: &LogTransport) -> Option<&OwnedFd> {
        let key = key(transport)?;
        if !self.open.contains_key(&key) {
            let descriptor = match &key {
                Transport::Udp4 => UdpSocket::bind("0.0.0.0:0").and_then(non_blocking).ok()?,
                Transport::Udp6 => UdpSocket::bind("[::]:0").and_then(non_blocking).ok()?,
                Transport::Unix(path) => {
                    let socket = UnixDatagram::unbound().ok()?;
                    socket.set_nonblocking(true).ok()?;
                    socket.connect(&**path).ok()?;
                    socket.into()
                }
                Transport::Descriptor(number) => weir_sys::descriptor::duplicate_number(*number).ok()?,
            };
            self.open.insert(key.clone(), descriptor);
        }
        self.open.get(&key)
    }
}

impl LogSockets {
    fn forget(&mut self, transport: &LogTransport) {
        if let Some(key) = key(transport) {
            self.open.remove(&key);
        }
    }
}

fn non_blocking(socket: UdpSocket) -> std::io::Result<OwnedFd> {
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn key(transport: &LogTransport) -> Option<Transport> {
    match transport {
        LogTransport::Udp(address) if address.is_ipv4() => Some(Transport::Udp4),
        LogTransport::Udp(_) => Some(Transport::Udp6),
        LogTransport::Unix(path) => Some(Transport::Unix(path.clone())),
        LogTransport::Fd(number) => Some(Transport::Descriptor(*number)),
        LogTransport::Ring(_) | LogTransport::Backend(_) => None,
    }
}

/// The log output of one worker.
pub struct Logs {
    sockets: RefCell<LogSockets>,
    shm: Shm,
    wakers: Arc<Wakers>,
    place: WorkerId,
    host: Box<str>,
    /// The header's buffer, used again for every line.
    header: RefCell<Vec<u8>>,
    /// The second for which `date` was made, and the date in the old syslog form.
    date: RefCell<(u64, [u8; 15])>,
    /// Lines sent per `sample` target, for its ranges.
    samples: RefCell<HashMap<usize, u32>>,
    pid: u32,
    /// The line's buffer.
    pub line: RefCell<Vec<u8>>,
    /// Lines are kept until [`Logs::release`].
    holding: Cell<bool>,
    held: RefCell<Vec<Held>>,
}

/// A whole line on its way to a target.
#[derive(Debug)]
struct Held {
    transport: LogTransport,
    bytes: Vec<u8>,
}

/// What one line needs beside its text.
pub struct Message<'a> {
    pub targets: &'a [LogTarget],
    /// `log-tag`.
    pub tag: &'a str,
    /// `log-send-hostname`.
    pub host: Option<&'a str>,
    /// 0 to 7.
    pub level: u8,
    /// Wall clock, microseconds since 1970.
    pub wall_us: u64,
    pub text: &'a [u8],
    /// `log-format-sd`.
    pub structured: &'a [u8],
}

impl Logs {
    pub fn new(mut sockets: LogSockets, plan: &Plan, shm: Shm, wakers: Arc<Wakers>, place: WorkerId) -> Self {
        sockets.extend(plan);
        Self {
            sockets: RefCell::new(sockets),
            shm,
            wakers,
            place,
            host: weir_sys::privilege::host_name().unwrap_or_default().into(),
            header: RefCell::default(),
            date: RefCell::new((u64::MAX, [0; 15])),
            samples: RefCell::default(),
            pid: std::process::id(),
            line: RefCell::default(),
            holding: Cell::new(false),
            held: RefCell::default(),
        }
    }

    /// The system's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Opens what a new plan needs.
    pub fn follow(&self, plan: &Arc<Plan>) {
        self.sockets.borrow_mut().extend(plan);
    }

    /// Sends a line to every target that wants its level. Never blocks; what cannot be sent is counted as dropped.
    pub fn send(&self, message: &Message<'_>, counters: &ProcessCounters) {
        for target in message.targets {
            if message.level > target.level || !self.is_sampled(target) {
                continue;
            }
            if !self.send_to(target, message) {
                counters.dropped_logs.increment();
            }
        }
    }

    /// Sends the message of another on, in the form that each target wants: `form` where its line names none.
    pub fn forward(
        &self,
        targets: &[LogTarget],
        received: &Received<'_>,
        form: LogFormatName,
        wall_us: u64,
        counters: &ProcessCounters,
    ) {
        for target in targets {
            let known = received.priority.unwrap_or(u32::from(target.facility) * 8);
            let level = known & 7;
            if level > target.level.into() || !self.is_sampled(target) {
                continue;
            }
            let priority = (known & !7) | level.max(target.min_level.into());
            let form = if target.as_received { form } else { target.format };
            let header =
                |out: &mut Vec<u8>| self.write_received_header((form, priority), received, wall_us, out);
            if !self.emit(target, header, received.text) {
                counters.dropped_logs.increment();
            }
        }
    }

    fn write_received_header(
        &self,
        (form, priority): (LogFormatName, u32),
        received: &Received<'_>,
        wall_us: u64,
        out: &mut Vec<u8>,
    ) {
        use LogFormatName::{Iso, Local, Priority, Raw, Rfc3164, Rfc5424, Short, Timed};
        match form {
            Rfc3164 | Local | Rfc5424 | Priority => {
                let _ = write!(out, "<{priority}>");
            }
            Short | Timed => {
                let _ = write!(out, "<{}>", priority & 7);
            }
            Iso | Raw => {}
        }
        match form {
            Rfc3164 | Local => received.date.write_old(&self.old_date(wall_us), out),
            Rfc5424 | Timed | Iso => {
                if form == Rfc5424 {
                    out.extend_from_slice(b"1 ");
                }
                let mut now = Vec::new();
                write_iso_date(wall_us, &mut now);
                let year = weir_sys::local_time((wall_us / 1_000_000) as i64).year;
                received.date.write_new(year, &now, out);
            }
            Priority | Short | Raw => {}
        }
        match form {
            Rfc3164 | Local => {
                if form == Rfc3164 {
                    out.push(b' ');
                    out.extend_from_slice(received.host.as_deref().unwrap_or(b"localhost"));
                }
                out.push(b' ');
                if let Some(program) = received.program {
                    out.extend_from_slice(program);
                    if let Some(process) = received.process {
                        out.push(b'[');
                        out.extend_from_slice(process);
                        out.push(b']');
                    }
                    out.extend_from_slice(b": ");
                }
            }
            Rfc5424 => {
                let fields = [
                    received.host.as_deref(),
                    received.program,
                    received.process,
                    received.message_id,
                    received.structured,
                ];
                for field in fields {
                    out.push(b' ');
                    out.extend_from_slice(field.unwrap_or(b"-"));
                }
                out.push(b' ');
            }
            Timed | Iso => out.push(b' '),
            Priority | Short | Raw => {}
        }
    }

    /// Writes an event to a ring, `stdout` or `stderr`, as these want their lines.
    pub fn tell(&self, plan: &Plan, sink: &str, wall_us: u64, text: &[u8], counters: &ProcessCounters) {
        let (transport, format, len) = match sink {
            "stdout" => (LogTransport::Fd(1), LogFormatName::Raw, u32::MAX),
            "stderr" => (LogTransport::Fd(2), LogFormatName::Raw, u32::MAX),
            name => match plan.rings.iter().find(|ring| *ring.name == *name) {
                Some(ring) => (LogTransport::Ring(name.into()), ring.format, ring.longest_line),
                None => return,
            },
        };
        let target = LogTarget {
            transport,
            len,
            format,
            as_received: false,
            sample: None,
            facility: 0,
            level: 7,
            min_level: 0,
            profile: None,
        };
        let message =
            Message { targets: &[], tag: "haproxy", host: None, level: 0, wall_us, text, structured: &[] };
        if !self.send_to(&target, &message) {
            counters.dropped_logs.increment();
        }
    }

    /// Keeps the lines of a stream that ends until nothing counts the stream any more: who reads the line may rely on
    /// what it says of others.
    pub fn hold(&self, counters: &ProcessCounters) {
        self.release(counters);
        self.holding.set(true);
    }

    pub fn release(&self, counters: &ProcessCounters) {
        self.holding.set(false);
        let held = &mut *self.held.borrow_mut();
        for Held { transport, bytes } in held.drain(..) {
            if !self.put(&transport, &[IoSlice::new(&bytes)]) {
                counters.dropped_logs.increment();
            }
        }
    }

    fn is_sampled(&self, target: &LogTarget) -> bool {
        let Some((ranges, size)) = &target.sample else { return true };
        let mut samples = self.samples.borrow_mut();
        let count = samples.entry(std::ptr::from_ref(target).addr()).or_insert(0);
        *count = *count % size + 1;
        ranges.iter().any(|(first, last)| (*first..=*last).contains(count))
    }

    /// A ring takes the line as it would be sent, without the line feed.
    fn store(&self, ring: &str, target: &LogTarget, header: impl FnOnce(&mut Vec<u8>), text: &[u8]) -> bool {
        let Some(ring) = self.shm.ring(ring, self.place) else { return false };
        let line = &mut *self.header.borrow_mut();
        line.clear();
        header(line);
        line.extend_from_slice(text);
        line.truncate(target.len as usize);
        let stored = ring.write(line);
        if stored && ring.owes_call() {
            self.wakers.wake(self.shm, self.shm.controller());
        }
        stored
    }

    fn send_to(&self, target: &LogTarget, message: &Message<'_>) -> bool {
        self.emit(target, |out| self.write_header(target, message, out), message.text)
    }

    /// One line: what `write` puts in front of it, and the text as far as the target's `len` has room.
    fn emit(&self, target: &LogTarget, write: impl FnOnce(&mut Vec<u8>), text: &[u8]) -> bool {
        if let LogTransport::Ring(name) = &target.transport {
            return self.store(name, target, write, text);
        }
        let header = &mut *self.header.borrow_mut();
        header.clear();
        write(header);
        let room = (target.len as usize).saturating_sub(header.len() + 1);
        let text = &text[..text.len().min(room)];
        if self.holding.get() {
            let held = Held { transport: target.transport.clone(), bytes: [header, text, b"\n"].concat() };
            self.held.borrow_mut().push(held);
            return true;
        }
        self.put(&target.transport, &[IoSlice::new(header), IoSlice::new(text), IoSlice::new(b"\n")])
    }

    fn put(&self, transport: &LogTransport, pieces: &[IoSlice<'_>]) -> bool {
        let mut sockets = self.sockets.borrow_mut();
        let Some(socket) = sockets.ensure(transport) else { return false };
        let sent = match transport {
            LogTransport::Udp(address) => {
                let address = SockaddrStorage::from(*address);
                sendmsg(socket.as_raw_fd(), pieces, &[], quiet(), Some(&address)).is_ok()
            }
            LogTransport::Unix(_) => sendmsg::<()>(socket.as_raw_fd(), pieces, &[], quiet(), None).is_ok(),
            _ => writev(socket.as_fd(), pieces).is_ok(),
        };
        if !sent && let LogTransport::Unix(_) = transport {
            // The daemon behind it may have been restarted: connect again with the next line.
            sockets.forget(transport);
        }
        sent
    }

    fn write_header(&self, target: &LogTarget, message: &Message<'_>, out: &mut Vec<u8>) {
        let level = message.level.max(target.min_level);
        let priority = u32::from(target.facility) * 8 + u32::from(level);
        let (tag, pid) = (message.tag, self.pid);
        // Writing to a vector cannot fail.
        let _ = match target.format {
            LogFormatName::Rfc3164 => {
                let _ = write!(out, "<{priority}>");
                out.extend_from_slice(&self.old_date(message.wall_us));
                write!(out, " {} {tag}[{pid}]: ", message.host.unwrap_or("localhost"))
            }
            LogFormatName::Local => {
                let _ = write!(out, "<{priority}>");
                out.extend_from_slice(&self.old_date(message.wall_us));
                // Asked for by its name the format has no host; a format that nobody names has one to send.
                if let Some(host) = message.host.filter(|_| target.as_received) {
                    let _ = write!(out, " {host}");
                }
                write!(out, " {tag}[{pid}]: ")
            }
            LogFormatName::Rfc5424 => {
                let _ = write!(out, "<{priority}>1 ");
                write_iso_date(message.wall_us, out);
                let _ = write!(out, " {} {tag} {pid} - ", message.host.unwrap_or("-"));
                out.extend_from_slice(if message.structured.is_empty() { b"-" } else { message.structured });
                out.push(b' ');
                Ok(())
            }
            LogFormatName::Priority => write!(out, "<{priority}>"),
            LogFormatName::Short => write!(out, "<{level}>"),
            LogFormatName::Timed => {
                let _ = write!(out, "<{level}>");
                write_iso_date(message.wall_us, out);
                out.push(b' ');
                Ok(())
            }
            LogFormatName::Iso => {
                write_iso_date(message.wall_us, out);
                out.push(b' ');
                Ok(())
            }
            LogFormatName::Raw => Ok(()),
        };
    }

    /// `Mmm dd hh:mm:ss` in local time, made once a second.
    fn old_date(&self, wall_us: u64) -> [u8; 15] {
        let second = wall_us / 1_000_000;
        let cached = &mut *self.date.borrow_mut();
        if cached.0 != second {
            let time = weir_sys::local_time(second as i64);
            let mut text = Vec::with_capacity(15);
            let month = MONTHS[usize::from(time.month) - 1];
            // Writing to a vector cannot fail.
            let _ =
                write!(text, "{month} {:2} {:02}:{:02}:{:02}", time.day, time.hour, time.minute, time.second);
            *cached = (second, text.try_into().unwrap_or_default());
        }
        cached.1
    }
}

pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `2024-02-29T12:00:00.000000+00:00`, in local time.
fn write_iso_date(wall_us: u64, out: &mut Vec<u8>) {
    let time = weir_sys::local_time((wall_us / 1_000_000) as i64);
    let micros = wall_us % 1_000_000;
    let sign = if time.offset_s < 0 { '-' } else { '+' };
    let zone = time.offset_s.unsigned_abs() / 60;
    // Writing to a vector cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{micros:06}{sign}{:02}:{:02}",
        time.year,
        time.month,
        time.day,
        time.hour,
        time.minute,
        time.second,
        zone / 60,
        zone % 60
    );
}

fn quiet() -> MsgFlags {
    MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL
}
