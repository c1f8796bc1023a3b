//! Servers that come and go at run time: in every worker at once, also in one that starts later; a reload reads the file.

use crate::running::{Place, Running, children, get, until};
use crate::tables::{command, reload};

const PORT: u16 = 22485;

fn configuration(socket: &str, servers: &str) -> String {
    let origin = |name: &str, port: u16| {
        format!(
            "frontend {name}\n bind 127.0.0.1:{port}\n http-request return status 200 content-type text/plain string \
             {name}\n"
        )
    };
    format!(
        "global\n nbthread 4\n stats socket {socket} level admin\ndefaults\n mode http\n timeout client 20s\n timeout \
         server 5s\n timeout connect 5s\n{}{}frontend f\n bind 127.0.0.1:{PORT}\n default_backend b\nbackend b\n \
         balance roundrobin\n server s1 127.0.0.1:{}\n{servers}",
        origin("one", PORT + 1),
        origin("two", PORT + 2),
        PORT + 1,
    )
}

/// How many of so many requests each origin answered.
fn answers(requests: usize) -> (usize, usize) {
    let all: Vec<String> = (0..requests).map(|_| get(PORT).expect("an answer")).collect();
    let of = |name: &str| all.iter().filter(|body| body.trim() == name).count();
    (of("one"), of("two"))
}

#[test]
fn servers_come_and_go_in_all_workers() {
    let place = Place::new("servers");
    let socket = place.path("stats.sock");
    let file = place.write("a.cfg", &configuration(&socket, ""));
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    until("service", || get(PORT));
    let ask = |text: &str| command(&socket, text).trim().to_owned();
    let added = format!("add server b/n1 127.0.0.1:{}", PORT + 2);
    assert_eq!(answers(4), (4, 0));
    assert_eq!(ask(&added), "New server registered.");
    assert_eq!(answers(4), (4, 0));
    assert_eq!(ask("wait 1ms srv-removable b/n2"), "Failed. No such server.");
    assert_eq!(ask("enable server b/n1"), "");
    assert_eq!(
        ask("wait 1ms srv-removable b/n1"),
        "Failed. Only servers in maintenance mode can be deleted."
    );
    // One order of turns for all workers.
    assert_eq!(answers(12), (6, 6));
    for victim in [0, 2] {
        let before = children(&running);
        weir_sys::process::kill(before[victim], nix::libc::SIGKILL).unwrap();
        until("a successor", || {
            Some(children(&running)).filter(|now| now.len() == before.len() && *now != before)
        });
        until("commands", || {
            std::os::unix::net::UnixStream::connect(&socket).ok()?;
            Some(())
        });
        assert_eq!(answers(12), (6, 6), "after the end of {victim}");
    }
    assert_eq!(ask("disable server b/n1"), "");
    assert_eq!(ask("wait 10s srv-removable b/n1"), "Done.");
    assert_eq!(ask("del server b/n1"), "Server deleted.");
    assert_eq!(answers(4), (4, 0));
    // The name is free again, and nothing is left of the server that had it.
    assert_eq!(ask(&format!("{added} weight 3")), "New server registered.");
    assert_eq!(ask("enable server b/n1"), "");
    assert_eq!(answers(12), (3, 9));
    reload(&place, &running, &configuration(&socket, ""), 1);
    assert_eq!(answers(4), (4, 0));
    assert_eq!(ask("del server b/n1"), "No such server.");
    reload(&place, &running, &configuration(&socket, &format!(" server n1 127.0.0.1:{}\n", PORT + 2)), 2);
    assert_eq!(answers(12), (6, 6));
    // Servers of the file can go too; a reload brings them back.
    assert_eq!(ask("disable server b/s1"), "");
    assert_eq!(ask("wait 10s srv-removable b/s1"), "Done.");
    assert_eq!(ask("del server b/s1"), "Server deleted.");
    assert_eq!(answers(4), (0, 4));
    reload(&place, &running, &configuration(&socket, ""), 3);
    assert_eq!(answers(4), (4, 0));
}
