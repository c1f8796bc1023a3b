//! TLS of several workers: sessions outlive reloads, deaths and restarts; OCSP responses come from their responder.
//!
//! `data/site.pem` is a certificate of `data/authority.pem` that ends in 2126, as the response in `data/site.ocsp.base64`
//! does, which OpenSSL's own command made; its responder is `http://127.0.0.1:1/`, where nobody answers.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::ssl::{
    Ssl, SslContext, SslMethod, SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion, StatusType,
};

use crate::running::{Place, Running, children, until};

const SITE: &str = include_str!("../data/site.pem");
const AUTHORITY: &str = include_str!("../data/authority.pem");
const RESPONSE: &str = include_str!("../data/site.ocsp.base64");

/// A client that keeps the session it is given.
struct Client {
    port: u16,
    version: SslVersion,
    tickets: bool,
    session: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Client {
    fn new(port: u16, version: SslVersion, tickets: bool) -> Self {
        Self { port, version, tickets, session: Arc::default() }
    }

    /// One request; whether its session was resumed. `None`: no answer.
    fn get(&self) -> Option<bool> {
        let offered = self.session.lock().unwrap().clone();
        let mut stream = self.connect(offered.as_deref(), false)?;
        let resumed = stream.ssl().session_reused();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        // How the connection ends does not matter.
        let _ = stream.read_to_end(&mut answer);
        answer.starts_with(b"HTTP/1.1 200").then_some(resumed)
    }

    fn connect(&self, offered: Option<&[u8]>, status: bool) -> Option<SslStream<TcpStream>> {
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_min_proto_version(Some(self.version)).unwrap();
        context.set_max_proto_version(Some(self.version)).unwrap();
        context.set_verify(SslVerifyMode::NONE);
        if !self.tickets {
            context.set_options(openssl::ssl::SslOptions::NO_TICKET);
        }
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let kept = self.session.clone();
        context.set_new_session_callback(move |_, session| *kept.lock().unwrap() = session.to_der().ok());
        let mut ssl = Ssl::new(&context.build()).unwrap();
        ssl.set_hostname("site.example.com").unwrap();
        if status {
            ssl.set_status_type(StatusType::OCSP).unwrap();
        }
        if let Some(session) = offered {
            weir_sys::tls::offer_session(&mut ssl, session);
        }
        let mut stream = SslStream::new(ssl, TcpStream::connect(("127.0.0.1", self.port)).ok()?).unwrap();
        stream.connect().ok()?;
        Some(stream)
    }
}

fn configuration(port: u16, global: &str, bind: &str) -> String {
    format!(
        "global\n nbthread 4\n{global}\ndefaults\n mode http\n timeout client 20s\n timeout server 5s\n timeout connect \
         5s\nfrontend f\n bind 127.0.0.1:{port} ssl {bind}\n http-request return status 200\n"
    )
}

fn start(place: &Place, text: &str) -> Running {
    let file = place.write("a.cfg", text);
    let running = Running::start(place, &["-W", "-f", &file]);
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    running
}

/// How sessions are kept: in tickets of either version, and by their numbers.
fn clients(port: u16) -> [Client; 3] {
    [
        Client::new(port, SslVersion::TLS1_2, true),
        Client::new(port, SslVersion::TLS1_2, false),
        Client::new(port, SslVersion::TLS1_3, true),
    ]
}

/// Each connection goes to whichever worker the kernel takes.
fn all_resumed(clients: &[Client], what: &str) {
    for client in clients {
        for _ in 0..8 {
            let resumed = until("an answer", || client.get());
            assert!(resumed, "{:?}, tickets {}: {what}", client.version, client.tickets);
        }
    }
}

#[test]
fn sessions_outlive_reloads_and_dead_workers() {
    let place = Place::new("sessions");
    let site = place.write("site.pem", SITE);
    let running = start(&place, &configuration(22490, "", &format!("crt {site}")));
    let clients = clients(22490);
    for client in &clients {
        assert!(!until("an answer", || client.get()));
    }
    all_resumed(&clients, "by any of four workers");
    running.signal(nix::libc::SIGUSR2);
    until("reload", || (place.read("errors").matches("Loading success.").count() == 2).then_some(()));
    all_resumed(&clients, "after a reload");
    let before = children(&running);
    for child in &before {
        weir_sys::process::kill(*child, nix::libc::SIGKILL).unwrap();
        until("its successor", || {
            let now = children(&running);
            (now.len() == before.len() && !now.contains(child)).then_some(())
        });
    }
    all_resumed(&clients, "after the death of every worker");
}

#[test]
fn tickets_outlive_a_restart_under_keys_of_a_file_alone() {
    let keys = (1..4).map(|number| openssl::base64::encode_block(&[number; 80]) + "\n").collect::<String>();
    for (with_file, port) in [(true, 22491), (false, 22492)] {
        let place = Place::new("restart");
        let (site, keys) = (place.write("site.pem", SITE), place.write("keys", &keys));
        let bind =
            if with_file { format!("crt {site} tls-ticket-keys {keys}") } else { format!("crt {site}") };
        let text = configuration(port, "", &bind);
        let client = Client::new(port, SslVersion::TLS1_3, true);
        let running = start(&place, &text);
        assert!(!until("an answer", || client.get()));
        drop(running);
        // The children of a supervisor that was killed end by themselves.
        until("the end of the first", || TcpListener::bind(("127.0.0.1", port)).ok());
        let _second = start(&place, &text);
        assert_eq!(until("an answer", || client.get()), with_file);
    }
}

#[test]
fn responses_come_from_the_responder_and_outlive_a_reload() {
    let place = Place::new("ocsp");
    let response = openssl::base64::decode_block(&RESPONSE.replace('\n', "")).unwrap();
    // In the responder's place stands the proxy through which it is asked.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let global = format!(" ocsp-update.httpproxy 127.0.0.1:{}", proxy.local_addr().unwrap().port());
    let site = place.write("site.pem", &format!("{SITE}{AUTHORITY}"));
    let list = place.write("list", &format!("{site} [ocsp-update on]\n"));
    let running = start(&place, &configuration(22493, &global, &format!("crt-list {list}")));
    let (mut asked, _) = proxy.accept().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        asked.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("GET http://127.0.0.1:1/MEMwQT"), "{head}");
    let client = Client::new(22493, SslVersion::TLS1_3, true);
    let stapled = || client.connect(None, true).map(|stream| stream.ssl().ocsp_status().map(<[u8]>::to_vec));
    assert_eq!(until("a handshake", stapled), None, "there is no response yet");
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/ocsp-response\r\ncontent-length: {}\r\n\r\n",
        response.len()
    );
    asked.write_all(&[answer.as_bytes(), &response].concat()).unwrap();
    until("a response", || stapled().flatten());
    // From then on all workers have it.
    for _ in 0..12 {
        assert_eq!(until("a handshake", stapled).as_ref(), Some(&response));
    }
    running.signal(nix::libc::SIGUSR2);
    until("reload", || (place.read("errors").matches("Loading success.").count() == 2).then_some(()));
    until("the response once more", || stapled().flatten());
}
