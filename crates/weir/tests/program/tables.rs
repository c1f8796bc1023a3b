//! Stick tables of several workers: counts are exact, reloads forget nothing, and the dead hold nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use crate::running::{Place, Running, get, until};

fn configuration(port: u16, socket: &str, table: &str, rules: &str) -> String {
    format!(
        "global\n nbthread 4\n stats socket {socket} level admin\ndefaults\n mode http\n timeout client 20s\n \
         timeout server 5s\n timeout connect 5s\nfrontend f\n bind 127.0.0.1:{port}\n stick-table {table}\n{rules}\n \
         http-request return status 200 content-type text/plain string a\n"
    )
}

pub fn command(socket: &str, text: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(format!("{text}\n").as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// The number behind a word of the table's only entry.
fn number(socket: &str, word: &str) -> Option<u64> {
    let reply = command(socket, "show table f");
    let text = reply.split_whitespace().find_map(|part| part.strip_prefix(word)?.strip_prefix('='))?;
    text.parse().ok()
}

pub fn reload(place: &Place, running: &Running, text: &str, times: usize) {
    place.write("a.cfg", text);
    running.signal(nix::libc::SIGUSR2);
    until("reload", || (place.read("errors").matches("Loading success.").count() == times + 1).then_some(()));
}

#[test]
fn counts_are_exact_over_four_workers_and_survive_reloads() {
    const CLIENTS: u64 = 4;
    const REQUESTS: u64 = 60;
    let place = Place::new("tables");
    let socket = place.path("stats.sock");
    let rules = " http-request track-sc0 src\n http-request sc-inc-gpc0(0)";
    let store = "store http_req_cnt,gpc0,gpc0_rate(1h)";
    let first = configuration(22480, &socket, &format!("type ip size 1k expire 1h {store}"), rules);
    let file = place.write("a.cfg", &first);
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("service", || get(22480));
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    until("an end", || (number(&socket, "use") == Some(0)).then_some(()));
    command(&socket, "clear table f");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| std::thread::spawn(|| (0..REQUESTS).filter(|_| get(22480).is_some()).count() as u64))
        .collect();
    // Reloaded meanwhile, with the same table.
    reload(&place, &running, &format!("{first}backend other\n"), 1);
    let answered: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(answered, CLIENTS * REQUESTS);
    until("the last end", || (number(&socket, "use") == Some(0)).then_some(()));
    for word in ["http_req_cnt", "gpc0", "gpc0_rate(3600000)"] {
        assert_eq!(number(&socket, word), Some(answered), "{word}");
    }
    // Another size and other data: what both store is carried over.
    let table = "type ip size 20k expire 1h store http_req_cnt,gpc0,gpc1";
    reload(&place, &running, &configuration(22480, &socket, table, rules), 2);
    assert!(command(&socket, "show table").contains("# table: f, type: ip, size:20480, used:1\n"));
    assert_eq!(number(&socket, "http_req_cnt"), Some(answered));
    assert_eq!(number(&socket, "gpc1"), Some(0));
    get(22480).unwrap();
    until("one more", || (number(&socket, "gpc0") == Some(answered + 1)).then_some(()));
    // Another type of key is another table.
    let table = "type string size 1k store http_req_cnt";
    reload(&place, &running, &configuration(22480, &socket, table, ""), 3);
    assert!(command(&socket, "show table").contains("# table: f, type: string, size:1024, used:0\n"));
}

#[test]
fn a_killed_worker_gives_back_what_it_held() {
    let place = Place::new("tables-death");
    let socket = place.path("stats.sock");
    let rules = " tcp-request connection track-sc0 src";
    let text = configuration(22481, &socket, "type ip size 1k expire 1h store conn_cur", rules);
    let file = place.write("a.cfg", &text);
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("service", || get(22481));
    until("an end", || (number(&socket, "use") == Some(0)).then_some(()));
    let mut held: Vec<TcpStream> =
        (0..24).map(|_| TcpStream::connect(("127.0.0.1", 22481)).unwrap()).collect();
    until("all", || (number(&socket, "conn_cur") == Some(24)).then_some(()));
    let victim = worker_with_connections(&running);
    weir_sys::process::kill(victim, nix::libc::SIGKILL).unwrap();
    until("the loss", || number(&socket, "conn_cur").filter(|left| *left < 24));
    // Connections of the dead are closed; the others still count.
    held.retain_mut(|stream| {
        stream.set_nonblocking(true).unwrap();
        matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert!(!held.is_empty());
    let left = held.len() as u64;
    until("an exact count", || {
        (number(&socket, "conn_cur") == Some(left) && number(&socket, "use") == Some(left)).then_some(())
    });
    drop(held);
    until("nobody", || (number(&socket, "conn_cur") == Some(0)).then_some(()));
}

/// A child that holds a connection of a client: one with more sockets than it listens on.
fn worker_with_connections(running: &Running) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.0.id())).unwrap();
    let sockets = |pid: &u32| {
        let links = std::fs::read_dir(format!("/proc/{pid}/fd")).map(Iterator::collect::<Vec<_>>);
        let links = links.unwrap_or_default().into_iter().flatten();
        links
            .filter(|entry| {
                std::fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
            })
            .count()
    };
    let is_worker = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(8).any(|part| part == b"=worker-")
    };
    let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    children.filter(is_worker).max_by_key(sockets).unwrap()
}
