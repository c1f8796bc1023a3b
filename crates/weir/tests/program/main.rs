//! The program as scripts and supervisors run it.

mod cache;
mod encrypted;
mod http2;
mod limits;
mod privileges;
mod running;
mod servers;
mod tables;

use std::io::{Read, Write};
use std::process::Stdio;

use running::{Daemon, Load, Place, Running, children, configuration, get, run, until};

#[test]
fn exit_statuses_of_checks() {
    let place = Place::new("check");
    let good = place.write("good.cfg", &configuration(22401, "a", ""));
    let bad = place.write("bad.cfg", "global\n bogus\n");
    let silent = place.write("silent.cfg", "global\n maxconn 100\n");
    let cases: [(&[&str], i32); 12] = [
        (&["-c", "-f", &good], 0),
        (&["-c", "-q", "-W", "-f", &good], 0),
        (&["-c", "-f", &bad], 1),
        (&["-c", "-f", &silent], 2),
        (&["-f", &silent], 1),
        (&["-f", &bad], 1),
        (&["-c", "-f", "/nonexistent"], 1),
        (&["-v"], 0),
        (&["-h"], 1),
        (&["-cc", "version_atleast(3.4)"], 0),
        (&["-cc", "version_atleast(4.0)"], 1),
        (
            &["-cc", "feature(OPENSSL) && openssl_version_atleast(1.1.1) && ssllib_name_startswith(OpenSSL)"],
            0,
        ),
    ];
    for (words, status) in cases {
        assert_eq!(run(words).status.code(), Some(status), "{words:?}");
    }
    assert_eq!(run(&["-c", "-f", &good]).stdout, b"");
    assert_eq!(run(&["-c", "-V", "-f", &good]).stdout, b"Configuration file is valid\n");
    assert_eq!(run(&["-q", "-c", "-f", &bad]).stderr, b"");
    let shown = String::from_utf8(run(&["-c", "-dC", "-f", &good]).stdout).unwrap();
    assert!(shown.contains("frontend f \n\tbind 127.0.0.1:22401 \n"), "{shown}");
    let errors = String::from_utf8(run(&["-c", "-f", &bad]).stderr).unwrap();
    let texts: Vec<&str> =
        errors.lines().filter_map(|line| line.split_once(") : ")).map(|(_, text)| text).collect();
    let expected = format!("config : parsing [{bad}:2] : unknown keyword 'bogus' in 'global' section");
    assert_eq!(texts[2], expected);
    assert_eq!(texts.last(), Some(&"config : Fatal errors found in configuration."));
}

#[test]
fn version_gates_of_drivers_match() {
    let text = String::from_utf8(run(&["-v"]).stdout).unwrap();
    assert!(text.starts_with("HAProxy version 3.4.0-"), "{text}");
    assert!(text.lines().next().unwrap().contains("weir"), "{text}");
}

#[test]
fn what_no_option_takes_is_refused() {
    let place = Place::new("refusals");
    let good = place.write("good.cfg", &configuration(22402, "a", ""));
    let cases: [(&[&str], &str); 4] = [
        (&["-c", "-f", &good, "-sf", "12", "abc"], "-sf option: some bytes unconsumed in PID list {abc}"),
        (&["-c", "-f", &good, "-st", "12x"], "-st option: some bytes unconsumed in PID list {x}"),
        (
            &["-c", "-W", "-f", &good, "-S", "bogus:x"],
            "invalid character 'x' in port number 'x' in 'bogus:x'",
        ),
        (&["-c", "-W", "-f", &good, "-S", "/m.sock,foo"], "unknown keyword 'foo'"),
    ];
    for (words, text) in cases {
        let output = run(words);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && errors.contains(text), "{words:?}: {errors}");
    }
}

/// What 2.8 tells of the same text under `-dD`, also with `-q`.
#[test]
fn diagnostics_are_told_when_asked_for() {
    let place = Place::new("diagnostics");
    let text = "backend b\n server s 127.0.0.1:1 cookie a weight 0\n server t 127.0.0.1:2 cookie a\n server u \
                127.0.0.1:3 cookie a backup\nglobal\n .diag \"told\"\n";
    let file = place.write("a.cfg", &format!("{}{text}", configuration(22403, "a", "")));
    assert_eq!(run(&["-c", "-q", "-f", &file]).stderr, b"");
    let output = run(&["-c", "-q", "-dD", "-f", &file]);
    assert_eq!(output.status.code(), Some(0));
    let errors = String::from_utf8(output.stderr).unwrap();
    let told: Vec<&str> = errors.lines().filter(|line| line.starts_with("[DIAG]")).collect();
    let expected = [
        format!(
            "config : [{file}:12] : 'server b/s' : configured with weight of 0 will never be selected by load balancing \
             algorithms"
        ),
        format!(
            "config : parsing [{file}:15] : global section detected after a non-global one, the prevalence of their \
             statements is unspecified"
        ),
        format!("config : parsing [{file}:16]: 'told'."),
        format!(
            "config : parsing [{file}:13] : 'server t' : same cookie value is set for a previous non-backup server in the \
             same backend, it may break connection persistence"
        ),
    ];
    assert_eq!(told.len(), expected.len(), "{errors}");
    for (line, text) in told.iter().zip(&expected) {
        assert!(line.ends_with(text.as_str()), "{line}");
    }
}

/// The form of 2.8; descriptors are each program's own.
#[test]
fn debug_mode_shows_what_passes() {
    let place = Place::new("debug");
    let text = "listen l\n bind 127.0.0.1:22405\n server s 127.0.0.1:22404\nlisten t\n mode tcp\n bind \
                127.0.0.1:22406\n server s 127.0.0.1:22404\n";
    let file = place.write("a.cfg", &format!("{}{text}", configuration(22404, "a", " nbthread 1")));
    let shown = std::fs::File::create(place.path("shown")).unwrap();
    let mut command = std::process::Command::new(running::PROGRAM);
    let _running = Running(
        command
            .args(["-d", "-f", &file])
            .stdin(Stdio::null())
            .stdout(shown)
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let of = |proxy: &str| -> Vec<String> {
        let text = place.read("shown");
        let lines = text.lines().filter(|line| line.contains(&format!(":{proxy}.")));
        lines.map(|line| line.split_once(&format!(":{proxy}.")).unwrap().1.to_owned()).collect()
    };
    until("service", || get(22405));
    until("the stream's end", || of("l").iter().any(|line| line.starts_with("closed[")).then_some(()));
    let lines = of("l");
    let events: Vec<&str> = lines.iter().map(|line| line.split(['[', '(']).next().unwrap()).collect();
    let head = events.iter().filter(|event| **event != "clihdr" && **event != "srvhdr").collect::<Vec<_>>();
    assert_eq!(head, [&"accept", &"clireq", &"srvrep", &"clicls", &"srvcls", &"closed"], "{lines:#?}");
    let tail = |event: &str| lines.iter().filter(|line| line.starts_with(event)).cloned().collect::<Vec<_>>();
    assert!(
        tail("accept(")[0].ends_with("] ALPN=<none>") && tail("accept(")[0].contains(" from [127.0.0.1:")
    );
    assert!(tail("clireq[")[0].contains(":ffffffff]: GET / HTTP/1."), "{lines:#?}");
    assert!(tail("srvrep[")[0].ends_with("]: HTTP/1.1 200 OK"), "{lines:#?}");
    assert!(tail("srvhdr[").iter().any(|line| line.ends_with("]: content-type: text/plain")), "{lines:#?}");
    until("a tunnel", || get(22406));
    until("its end", || of("t").iter().any(|line| line.starts_with("closed[")).then_some(()));
    let lines = of("t");
    assert!(lines[0].starts_with("accept(") && lines.len() == 4, "{lines:#?}");
    let closings: std::collections::BTreeSet<&str> = lines[1..3].iter().map(|line| &line[..6]).collect();
    assert_eq!(closings.into_iter().collect::<Vec<_>>(), ["clicls", "srvcls"]);
}

/// `mptcp@` in front of an address: a peer with plain TCP is understood, and the other way round.
#[test]
fn mptcp_on_both_sides() {
    let place = Place::new("mptcp");
    let text = "listen l\n bind mptcp@127.0.0.1:22409\n server s mptcp4@127.0.0.1:22408\n";
    let file = place.write("a.cfg", &format!("{}{text}", configuration(22408, "a", "")));
    let _running = Running::start(&place, &["-f", &file]);
    assert_eq!(until("service", || get(22409)), "a");
}

#[test]
fn one_process_number_and_one_date() {
    let place = Place::new("numbers");
    let (stats, master) = (place.path("s.sock"), place.path("m.sock"));
    let file =
        place.write("a.cfg", &configuration(22407, "a", &format!(" stats socket {stats} level admin")));
    let running = Running::start(&place, &["-W", "-S", &master, "-f", &file]);
    until("service", || get(22407));
    let ask = |path: &str, command: &str| -> String {
        let mut socket = std::os::unix::net::UnixStream::connect(path).unwrap();
        socket.write_all(format!("{command};quit\n").as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut socket, &mut answer).unwrap();
        answer
    };
    let info = ask(&stats, "show info");
    let field = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap().to_owned()
    };
    let processes = ask(&master, "show proc");
    let worker = processes.lines().find(|line| line.contains(" worker ")).unwrap();
    assert_eq!(worker.split_whitespace().next(), Some(field("Pid").as_str()), "{processes}");
    let version = String::from_utf8(run(&["-v"]).stdout).unwrap();
    assert_eq!(version.split_whitespace().nth(3), Some(field("Release_date").as_str()));
    // Each process has the variables that are its own (manual 2.3).
    let of_master = ask(&master, "show env");
    assert!(of_master.contains(&format!("HAPROXY_MASTER_CLI=unix@{master}\n")), "{of_master}");
    assert!(of_master.contains("HAPROXY_MWORKER=1\n") && !of_master.contains("HAPROXY_LOCALPEER="));
    let of_worker = ask(&stats, "show env");
    assert!(of_worker.contains(&format!("HAPROXY_CLI=unix@{stats}\n")), "{of_worker}");
    assert!(of_worker.contains("HAPROXY_LOCALPEER=") && of_worker.contains("HAPROXY_BRANCH=3.4\n"));
    assert!(!of_worker.contains("HAPROXY_MASTER_CLI=") && !of_worker.contains("LOG_FMT="), "{of_worker}");
    running.signal(nix::libc::SIGALRM);
    assert_eq!(get(22407).as_deref(), Some("a"));
}

#[test]
fn a_daemon_is_up_when_its_parent_ends() {
    let place = Place::new("daemon");
    let file = place.write("a.cfg", &configuration(22410, "a", ""));
    let pidfile = place.path("pid");
    assert_eq!(run(&["-D", "-p", &pidfile, "-f", &file]).status.code(), Some(0));
    let daemon = Daemon::of(&place, "pid");
    assert_eq!(get(22410).as_deref(), Some("a"));
    weir_sys::process::kill(daemon.0, nix::libc::SIGTERM).unwrap();
    until("the end", || weir_sys::process::kill(daemon.0, 0).is_err().then_some(()));
    let taken = std::net::TcpListener::bind("127.0.0.1:22410").unwrap();
    let refused = run(&["-D", "-p", &pidfile, "-f", &file]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8(refused.stderr).unwrap().contains("cannot bind socket (Address already in use)")
    );
    drop(taken);
}

#[test]
fn no_request_fails_while_one_weir_takes_over_from_another() {
    let place = Place::new("handover");
    let socket = place.path("stats.sock");
    let global = format!(" nbthread 2\n stats socket {socket} level admin expose-fd listeners");
    let file = place.write("a.cfg", &configuration(22420, "a", &global));
    let pidfile = place.path("pid");
    assert_eq!(run(&["-D", "-p", &pidfile, "-f", &file]).status.code(), Some(0));
    let mut daemon = Daemon::of(&place, "pid");
    let load = Load::start(22420);
    for _ in 0..4 {
        load.continue_for(100);
        let old = daemon.0.to_string();
        let start = run(&["-D", "-p", &pidfile, "-f", &file, "-x", &socket, "-sf", &old]);
        assert_eq!(start.status.code(), Some(0), "{}", String::from_utf8_lossy(&start.stderr));
        until("the old one's end", || weir_sys::process::kill(daemon.0, 0).is_err().then_some(()));
        daemon = Daemon::of(&place, "pid");
    }
    load.continue_for(100);
    assert_eq!(load.end(), 0);
}

/// What an abstract name answers; `abns@` pads it with zeros.
fn get_abstract(name: &str) -> Option<String> {
    use std::os::linux::net::SocketAddrExt;
    let mut padded = name.as_bytes().to_vec();
    padded.resize(107, 0);
    let address = std::os::unix::net::SocketAddr::from_abstract_name(padded).unwrap();
    let mut client = std::os::unix::net::UnixStream::connect_addr(&address).ok()?;
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_string())
}

#[test]
fn an_abstract_name_goes_to_whoever_takes_over_and_comes_back_when_that_fails() {
    let place = Place::new("abstract");
    let name = format!("weir-abstract-{}", std::process::id());
    let of = |text: &str, more: &str| {
        format!(
            "global\n nbthread 2\ndefaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
             frontend f\n bind abns@{name}\n{more} http-request return status 200 content-type text/plain string {text}\n"
        )
    };
    let pidfile = place.path("pid");
    let file = place.write("a.cfg", &of("a", ""));
    assert_eq!(run(&["-D", "-p", &pidfile, "-f", &file]).status.code(), Some(0));
    let old = Daemon::of(&place, "pid");
    assert_eq!(get_abstract(&name).as_deref(), Some("a"));

    // An address that nobody gives up: the old one goes on.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let more = format!(" bind {}\n", taken.local_addr().unwrap());
    let file = place.write("c.cfg", &of("c", &more));
    let refused = run(&["-D", "-p", &pidfile, "-f", &file, "-sf", &old.0.to_string()]);
    assert_eq!(refused.status.code(), Some(1));
    until("service again", || get_abstract(&name).filter(|text| text == "a"));

    let file = place.write("b.cfg", &of("b", ""));
    let start = run(&["-D", "-p", &pidfile, "-f", &file, "-sf", &old.0.to_string()]);
    assert_eq!(start.status.code(), Some(0), "{}", String::from_utf8_lossy(&start.stderr));
    until("the old one's end", || weir_sys::process::kill(old.0, 0).is_err().then_some(()));
    let _new = Daemon::of(&place, "pid");
    assert_eq!(get_abstract(&name).as_deref(), Some("b"));
}

#[test]
fn no_request_fails_while_plans_are_swapped() {
    let place = Place::new("swap");
    let one = configuration(22430, "a", " nbthread 2");
    let two = format!(
        "{one}frontend g\n bind 127.0.0.1:22431\n http-request return status 200 content-type text/plain string g\n"
    );
    let file = place.write("a.cfg", &one);
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("service", || get(22430));
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    let load = Load::start(22430);
    for round in 0..20 {
        place.write("a.cfg", if round % 2 == 0 { &two } else { &one });
        running.signal(nix::libc::SIGUSR2);
        until("reload", || {
            (place.read("errors").matches("Loading success.").count() == round + 2).then_some(())
        });
        assert_eq!(get(22431).is_some(), round % 2 == 0);
        load.continue_for(20);
    }
    place.write("a.cfg", "bogus\n");
    running.signal(nix::libc::SIGUSR2);
    until("refusal", || place.read("errors").contains("Loading failure!").then_some(()));
    load.continue_for(20);
    assert_eq!(load.end(), 0);
}

#[test]
fn paused_ports_are_free_for_others() {
    let place = Place::new("pause");
    let file = place.write("a.cfg", &configuration(22440, "a", " nbthread 2"));
    let running = Running::start(&place, &["-db", "-f", &file]);
    until("service", || get(22440));
    running.signal(nix::libc::SIGTTOU);
    until("pause", || get(22440).is_none().then_some(()));
    running.signal(nix::libc::SIGTTIN);
    until("service again", || get(22440));
    for _ in 0..20 {
        assert_eq!(get(22440).as_deref(), Some("a"));
    }
}

/// A part that ends would leave a worker that holds connections and serves none.
#[test]
fn a_worker_that_panics_is_replaced() {
    let place = Place::new("panic");
    let socket = format!(" nbthread 2\n stats socket {} level admin", place.path("s.sock"));
    let file = place.write("a.cfg", &configuration(22460, "a", &socket));
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("service", || get(22460));
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    let before = children(&running);
    assert_eq!(before.len(), 3, "two workers and a controller");
    let mut stream = std::os::unix::net::UnixStream::connect(place.path("s.sock")).unwrap();
    stream.write_all(b"expert-mode on; debug dev panic\n").unwrap();
    let after = until("a replacement", || {
        Some(children(&running)).filter(|now| now.len() == before.len() && *now != before)
    });
    assert_eq!(after.iter().filter(|child| before.contains(child)).count(), 2, "one alone was replaced");
    assert!(place.read("errors").contains("a part of this process panicked"));
    until("service of the replacement", || get(22460));
}

/// A terminal or a pipe that is gone.
#[test]
fn what_nobody_reads_ends_nothing() {
    let place = Place::new("unread");
    let file = place.write("a.cfg", &configuration(22470, "a", ""));
    let mut command = std::process::Command::new(running::PROGRAM);
    command.args(["-W", "-f", &file]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    until("service", || get(22470));
    drop(running.0.stderr.take());
    place.write("a.cfg", "bogus\n");
    running.signal(nix::libc::SIGUSR2);
    until("the new plan", || {
        // The first signal may still be on its way: only when it is done is the file read again.
        place.write("a.cfg", &configuration(22470, "b", ""));
        running.signal(nix::libc::SIGUSR2);
        get(22470).filter(|body| body == "b")
    });
    assert!(running.0.try_wait().unwrap().is_none());
}

/// The lines are HAProxy 2.8's for the same configuration.
#[test]
fn states_are_told_on_sighup_and_at_the_end() {
    let place = Place::new("states");
    let text = configuration(22450, "a", "")
        + "backend b\n server s1 127.0.0.1:22459\n server s3 127.0.0.1:22459 backup\nbackend e\n\
           listen l\n bind 127.0.0.1:22451\n server x 127.0.0.1:22459 disabled\n";
    let file = place.write("a.cfg", &text);
    let mut running = Running::start(&place, &["-db", "-f", &file]);
    until("service", || get(22450));
    running.signal(nix::libc::SIGHUP);
    until("states", || place.read("errors").contains("Proxy l has").then_some(()));
    running.signal(nix::libc::SIGUSR1);
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let errors = place.read("errors");
    let lines: Vec<&str> =
        errors.lines().filter_map(|line| line.split_once(") : ")).map(|(_, text)| text).collect();
    let idle = "Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.";
    let expected = [
        "SIGHUP received, dumping servers states.".to_string(),
        "SIGHUP: Proxy f has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 1+0."
            .to_string(),
        "SIGHUP: Server b/s1 is UP. Conn: 0 act, 0 pend, 0 tot.".to_string(),
        "SIGHUP: Server b/s3 is UP. Conn: 0 act, 0 pend, 0 tot.".to_string(),
        format!("SIGHUP: Proxy b has 1 active servers and 1 backup servers available. {idle}"),
        format!("SIGHUP: Proxy e has no servers. {idle}"),
        "SIGHUP: Server l/x is DOWN. Conn: 0 act, 0 pend, 0 tot.".to_string(),
        format!("SIGHUP: Proxy l has no server available ! {idle}"),
        "Proxy f stopped (cumulated conns: FE: 1, BE: 0).".to_string(),
        "Proxy l stopped (cumulated conns: FE: 0, BE: 0).".to_string(),
        "Proxy b stopped (cumulated conns: FE: 0, BE: 0).".to_string(),
        "Proxy e stopped (cumulated conns: FE: 0, BE: 0).".to_string(),
    ];
    assert_eq!(lines, expected);
}
