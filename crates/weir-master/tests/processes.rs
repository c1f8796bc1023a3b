//! Supervisor and children with a stand-in for the traffic.

mod standin;

use std::io::{Read, Write};

use nix::libc::*;
use standin::{Run, connect, edited, until};

fn echoes(mut stream: &std::net::TcpStream) -> bool {
    let mut byte = [0];
    stream.write_all(b"x").is_ok() && stream.read_exact(&mut byte).is_ok() && &byte == b"x"
}

#[test]
fn reload_swaps_the_plan_in_the_same_processes() {
    let run = Run::start("reload", "listen a 22310", &["-W"]);
    let (stream, generation, _, _) = until("a connection", || connect(22310));
    assert_eq!(generation, 0);
    run.until_said("Loading success.", 1);
    let pids = |count: usize| {
        let mut pids = std::collections::BTreeSet::new();
        until("all workers", || {
            pids.extend(connect(22310).map(|(.., pid)| pid));
            (pids.len() == count).then(|| pids.clone())
        })
    };
    let before = pids(2);
    for generation in 1..=5 {
        run.configure(&format!("listen a 22310\nlisten b{generation} 22311"));
        run.signal(SIGUSR2);
        run.until_said("Loading success.", generation + 1);
        assert_eq!(connect(22311).unwrap().1, generation as u64);
        assert_eq!(connect(22310).unwrap().1, generation as u64);
        assert!(echoes(&stream));
    }
    assert_eq!(pids(2), before);
    run.configure("listen a 22310");
    run.signal(SIGUSR2);
    run.until_said("Loading success.", 7);
    assert!(echoes(&stream));
}

#[test]
fn workers_come_and_go_with_nbthread() {
    let run = Run::start("nbthread", "workers 1\nlisten a 22315", &["-W"]);
    until("a connection", || connect(22315));
    run.until_said("Loading success.", 1);
    run.configure("workers 3\nlisten a 22315");
    run.signal(SIGHUP);
    run.until_said("Loading success.", 2);
    let mut places = std::collections::BTreeSet::new();
    until("three workers", || {
        places.extend(connect(22315).map(|(_, _, worker, _)| worker));
        (places.len() == 3).then_some(())
    });
    run.configure("workers 2\nlisten a 22315");
    run.signal(SIGUSR2);
    run.until_said("Loading success.", 3);
    for _ in 0..30 {
        assert!(connect(22315).unwrap().2 < 2);
    }
}

#[test]
fn a_failed_reload_changes_nothing_and_says_why() {
    let run = Run::start("failed", "listen a 22320", &["-W", "-S"]);
    let (stream, ..) = until("a connection", || connect(22320));
    run.until_said("Loading success.", 1);
    let taken = std::net::TcpListener::bind("127.0.0.1:22321").unwrap();
    let cases = [
        ("listen a 22320\nbogus", "config : unknown keyword 'bogus'"),
        ("listen a 22320\nrefuse-in-child", "refused in a child"),
        ("listen a 22320\ndie-in-child", "a worker died while it prepared the new configuration"),
        (
            "listen b 22322\nlisten a 22321",
            "Binding [standin:1] for frontend a: cannot bind socket (Address already in use) for [127.0.0.1:22321]",
        ),
    ];
    for (configuration, reason) in cases {
        until("calm", || run.ask("show proc").contains("worker ").then_some(()));
        run.configure(configuration);
        let answer = run.ask("reload");
        assert!(answer.starts_with("Success=0\n--\n"), "{answer}");
        assert!(answer.contains(reason), "{answer}");
        assert!(answer.contains("Loading failure!"), "{answer}");
        assert_eq!(until("service as before", || connect(22320)).1, 0);
        assert!(connect(22322).is_none());
    }
    drop(taken);
    run.configure("listen a 22320\nlisten b 22321");
    let answer = run.ask("reload");
    assert!(answer.starts_with("Success=1\n--\n"), "{answer}");
    assert!(connect(22321).is_some());
    let table = run.ask("show proc");
    assert!(table.contains("5 [failed: 0]"), "{table}");
    drop(stream);
}

#[test]
fn a_killed_worker_is_replaced_and_nobody_else_notices() {
    let run = Run::start("killed", "listen a 22330", &["-W"]);
    until("a connection", || connect(22330));
    run.until_said("Loading success.", 1);
    let mut kept = std::collections::BTreeMap::new();
    until("both workers", || {
        let (stream, _, worker, pid) = connect(22330)?;
        kept.insert(worker, (stream, pid));
        (kept.len() == 2).then_some(())
    });
    // Longer than a life that ends in a pause before the next.
    until("age", || {
        (std::fs::metadata(run.directory.join("errors")).ok()?.modified().ok()?.elapsed().ok()?.as_millis()
            > 1100)
            .then_some(())
    });
    let (_, victim) = kept.remove(&1).unwrap();
    weir_sys::process::kill(victim, SIGKILL).unwrap();
    run.until_said(&format!("Current worker ({victim}) exited with code 137 (Killed)"), 1);
    assert!(echoes(&kept[&0].0));
    let successor = until("a successor", || connect(22330).filter(|(_, _, worker, _)| *worker == 1));
    assert_ne!(successor.3, victim);
    let stopped = successor.3;
    weir_sys::process::kill(stopped, SIGSTOP).unwrap();
    run.until_said(&format!("Current worker ({stopped}) exited with code 137 (Killed)"), 1);
    until("another successor", || {
        connect(22330).filter(|(_, _, worker, pid)| *worker == 1 && *pid != stopped)
    });
    assert!(echoes(&kept[&0].0));
}

/// As HAProxy 2.8 does in the same modes, but for TERM in master-worker mode, where 3.4 ends with 143.
#[test]
fn signals_end_it_with_haproxys_status() {
    let cases: [(&[&str], i32, i32); 6] = [
        (&[], SIGTERM, 143),
        (&[], SIGINT, 130),
        (&[], SIGUSR1, 0),
        (&["-W"], SIGTERM, 143),
        (&["-W"], SIGINT, 130),
        (&["-W"], SIGUSR1, 0),
    ];
    for (words, signal, status) in cases {
        let mut run = Run::start("signals", "listen a 22340", words);
        until("a connection", || connect(22340));
        run.signal(signal);
        assert_eq!(run.end(), status, "{words:?} {signal}");
        assert!(connect(22340).is_none());
    }
}

#[test]
fn a_soft_stop_waits_for_connections_but_not_for_ever() {
    let mut run = Run::start("soft", "listen a 22350\nhard-stop-after 60000", &["-W"]);
    let (stream, ..) = until("a connection", || connect(22350));
    run.signal(SIGUSR1);
    until("closed sockets", || connect(22350).is_none().then_some(()));
    assert!(echoes(&stream));
    drop(stream);
    assert_eq!(run.end(), 0);
    let mut run = Run::start("soft", "listen a 22350\nhard-stop-after 50", &["-W"]);
    let (stream, ..) = until("a connection", || connect(22350));
    run.signal(SIGUSR1);
    assert_eq!(run.end(), 0);
    assert!(!echoes(&stream));
}

#[test]
fn master_socket_reaches_the_controller() {
    let run = Run::start("socket", "listen a 22360", &["-W", "-S"]);
    run.until_said("Loading success.", 1);
    assert_eq!(run.ask("@1 show info"), "level 3: show info\n");
    assert_eq!(run.ask("@2 show info"), "Can't find the target PID matching the prefix '@2'\n");
    assert_eq!(run.ask("@1 show version; show version"), "level 3: show version\n3.4.0\n\n");
    assert_eq!(run.ask("@1; a; b"), "level 3: a\nlevel 3: b\n");
    assert_eq!(run.ask("expert-mode on; @1 x"), "level 3: expert-mode on;x\n");
    assert_eq!(run.ask("operator; @1 x"), "level 2: x\n");
    assert_eq!(run.ask("user; reload"), "Permission denied\n\n");
    assert_eq!(run.ask("prompt\nquit"), "master> ");
    assert_eq!(run.ask("@1 add map m <<\na b\n\n"), "level 3: add map m <<\na b\n\n");
}

/// What each of `workers` shows of edits, and its process.
fn shown(port: u16, workers: usize) -> std::collections::BTreeMap<u16, (u32, String)> {
    let mut seen = std::collections::BTreeMap::new();
    until("every worker", || {
        let (worker, pid, words) = edited(port)?;
        seen.insert(worker, (pid, words));
        (seen.len() == workers).then_some(())
    });
    seen
}

#[test]
fn an_edit_is_in_force_everywhere_or_nowhere() {
    let run = Run::start("edits", "workers 2\nlisten a 22350", &["-W", "-S"]);
    run.until_said("Loading success.", 1);
    assert_eq!(run.ask("@1 edit one"), "done");
    assert_eq!(run.ask("@1 patterns two"), "done");
    assert_eq!(run.ask("@1 large x"), "done");
    assert_eq!(run.ask("@1 edit refuse"), "refused: as asked");
    assert_eq!(run.ask("@1 patterns panic"), "refused: internal error");
    let workers = shown(22350, 2);
    for (_, words) in workers.values() {
        assert_eq!(words, "one,|two,xxxxxxxx");
    }
    for kind in ["edit", "patterns"] {
        let refused = run.ask(&format!("@1 {kind} refuse-in {}", workers[&1].0));
        assert_eq!(refused, "refused: just here");
    }
    assert_eq!(shown(22350, 2), workers);
    run.configure("workers 3\nlisten a 22350");
    run.signal(SIGUSR2);
    run.until_said("Loading success.", 2);
    assert_eq!(run.ask("@1 edit new"), "done");
    for (worker, (_, words)) in shown(22350, 3) {
        let before = if worker < 2 { "two,xxxxxxxx" } else { "" };
        assert_eq!(words, format!("new,|{before}"), "a reload forgets edits of the plan before");
    }
}

#[test]
fn edits_of_many_have_one_order() {
    let run = Run::start("ordered", "workers 3\nlisten a 22355", &["-W", "-S"]);
    run.until_said("Loading success.", 1);
    std::thread::scope(|scope| {
        for client in 0..20 {
            let run = &run;
            scope.spawn(move || {
                for number in 0..5 {
                    let kind = if number == 2 { "edit" } else { "patterns" };
                    assert_eq!(run.ask(&format!("@1 {kind} {client}.{number}")), "done");
                }
            });
        }
    });
    let workers = shown(22355, 3);
    let words = &workers[&0].1;
    assert_eq!(words.split(['|', ',']).filter(|word| !word.is_empty()).count(), 100, "{words}");
    assert!(workers.values().all(|(_, others)| others == words), "{workers:?}");
}

#[test]
fn edits_go_on_while_children_stop_and_die() {
    let run = Run::start("surviving", "workers 3\nlisten a 22360", &["-W", "-S"]);
    run.until_said("Loading success.", 1);
    assert_eq!(run.ask("@1 patterns a"), "done");
    assert_eq!(run.ask("@1 edit b"), "done");
    let first = shown(22360, 3);
    weir_sys::process::kill(first[&0].0, SIGSTOP).unwrap();
    weir_sys::process::kill(first[&1].0, SIGKILL).unwrap();
    assert_eq!(run.ask("@1 large y"), "done");
    assert_eq!(run.ask("@1 patterns c"), "done");
    let replaced = until("successors", || {
        let now = shown(22360, 3);
        (now[&0].0 != first[&0].0 && now[&1].0 != first[&1].0).then_some(now)
    });
    assert_eq!(replaced[&2].0, first[&2].0);
    for (_, words) in replaced.values() {
        assert_eq!(words, "b,|a,yyyyyyyy,c");
    }
}
