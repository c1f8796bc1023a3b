//! `-d` (management manual 3): connections, requests and answers as they pass, on standard output in HAProxy's form.

use std::fmt::{Display, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use weir_http::Headers;
use weir_types::ProxyId;

use crate::session::Client;
use crate::socket::Socket;
use crate::stream::Stream;
use crate::turn::Turn;
use crate::worker::Worker;

static ON: AtomicBool = AtomicBool::new(false);

/// For the life of the process.
pub fn enable() {
    ON.store(true, Relaxed);
}

/// Who asks this first pays for nothing else.
pub fn is_on() -> bool {
    ON.load(Relaxed)
}

/// HAProxy's -1 of two bytes: no connection.
const NOBODY: i32 = 0xffff;

/// The number of a connection in this process; a stream of HTTP/2 has none of its own.
fn number(socket: &Socket) -> i32 {
    socket.descriptor().map_or(NOBODY, |descriptor| descriptor.as_raw_fd())
}

/// The stream begins. Its listener is shown by its number in the configuration: sockets are each worker's own.
pub fn accepted(worker: &Worker, client: &Client, stream: &Stream) {
    if !is_on() {
        return;
    }
    let (session, proxy) = (&client.session, client.session.proxy());
    let mut text = format!("{:08x}:{}.accept", stream.number_in(worker), proxy.name);
    let _ = write!(text, "({:04x})={:04x} from [", session.listener.0, number(&client.socket));
    let _ = match session.source {
        Some(source) => write!(text, "{}:{}", source.ip(), source.port()),
        None => write!(text, "unix:1"),
    };
    let protocol = client.socket.alpn_selected().map(String::from_utf8_lossy);
    let _ = writeln!(text, "] ALPN={}", protocol.as_deref().unwrap_or("<none>"));
    weir_types::terminal::print(text);
}

impl Turn<'_, '_> {
    /// A request was understood.
    pub fn show_request(&mut self) {
        if !is_on() {
            return;
        }
        accepted(self.worker, self.client, self.stream);
        let (request, version) = (&self.stream.request, self.stream.request.version());
        let line = format!(
            "{} {} HTTP/{}.{}",
            request.method_bytes().escape_ascii(),
            request.target().escape_ascii(),
            version.major,
            version.minor
        );
        // No server yet: HAProxy's -1 of four bytes.
        let ends = format!("[{:04x}:ffffffff]", number(&self.client.socket));
        self.show_head(self.stream.frontend, ("clireq", "clihdr"), &ends, line, &self.stream.request.headers);
    }

    /// A server's answer was understood.
    pub fn show_response(&mut self) {
        if !is_on() {
            return;
        }
        self.stream.shown_server = self.stream.link.as_ref().map(|link| number(&link.socket));
        let (response, version) = (&self.stream.response, self.stream.response.version());
        let reason = response.reason().escape_ascii();
        let line = format!("HTTP/{}.{} {} {reason}", version.major, version.minor, response.status());
        let headers = &self.stream.response.headers;
        self.show_head(self.stream.backend, ("srvrep", "srvhdr"), &self.ends(), line, headers);
    }

    /// The stream is over.
    pub fn show_closed(&mut self) {
        if !is_on() {
            return;
        }
        if let Some(link) = &self.stream.link {
            self.stream.shown_server = Some(number(&link.socket));
        }
        let mut closings = vec!["clicls"];
        if self.stream.shown_server.is_some() {
            // A tunnel ends from the server's side first, unless the client left.
            let first = if self.stream.http || self.stream.up.eof && !self.stream.down.eof { 1 } else { 0 };
            closings.insert(first, "srvcls");
        }
        closings.push("closed");
        let (backend, ends) = (self.stream.backend, self.ends());
        let line = |what| format!("{}{ends}\n", self.title(backend, what));
        weir_types::terminal::print(closings.into_iter().map(line).collect::<String>());
    }

    fn show_head(
        &self,
        proxy: ProxyId,
        (first, others): (&str, &str),
        ends: &str,
        line: impl Display,
        headers: &Headers,
    ) {
        let mut text = format!("{}{ends}: {line}\n", self.title(proxy, first));
        let title = self.title(proxy, others);
        for header in headers.iter() {
            let (name, value) = (header.name.escape_ascii(), header.value.escape_ascii());
            let _ = writeln!(text, "{title}{ends}: {name}: {value}");
        }
        weir_types::terminal::print(text);
    }

    /// `00000000:name.accept`
    fn title(&self, proxy: ProxyId, event: &str) -> String {
        let name = &self.client.session.plan.proxy(proxy).name;
        format!("{:08x}:{name}.{event}", self.stream.number_in(self.worker))
    }

    /// `[000e:000f]`
    fn ends(&self) -> String {
        let server = self.stream.shown_server.unwrap_or(NOBODY);
        format!("[{:04x}:{server:04x}]", number(&self.client.socket))
    }
}
