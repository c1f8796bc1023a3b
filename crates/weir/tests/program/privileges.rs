//! What the processes may do once they run: needs root, as starting with a `user` does.

use crate::running::{Place, Running, configuration, get, until};

/// Bits of `/proc/PID/status`, by the numbers of capabilities(7).
const NET_RAW: u64 = 1 << 13;
const SYS_PTRACE: u64 = 1 << 19;
const SYS_ADMIN: u64 = 1 << 21;

fn status(pid: &str, field: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').split_whitespace().next().unwrap().to_string()
}

fn rights(pid: &str, field: &str) -> u64 {
    u64::from_str_radix(&status(pid, field), 16).unwrap()
}

#[test]
fn children_keep_what_setcap_names_and_the_supervisor_what_it_needs() {
    if !weir_sys::privilege::is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let place = Place::new("privileges");
    std::fs::create_dir(place.0.join("root")).unwrap();
    let port = 22460;
    let global =
        format!(" uid 65534\n gid 65534\n chroot {}\n setcap cap_net_raw\n nbthread 2", place.path("root"));
    // The host's address is found by the supervisor: in the empty root nobody could look it up.
    let text = |answer: &str| {
        configuration(port, answer, &global) + "backend b\n server s localhost:1 init-addr libc\n"
    };
    let path = place.write("a.cfg", &text("first"));
    let weir = Running::start(&place, &["-W", "-db", "-f", &path]);
    until("the first answer", || get(port).filter(|body| body == "first"));

    let supervisor = weir.0.id().to_string();
    let children = std::fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children")).unwrap();
    let children: Vec<&str> = children.split_whitespace().collect();
    assert_eq!(children.len(), 3, "two workers and the controller");
    for child in children {
        assert_eq!(status(child, "Uid"), "65534");
        assert_eq!((rights(child, "CapPrm"), rights(child, "CapEff")), (NET_RAW, NET_RAW));
    }
    for field in ["CapPrm", "CapEff", "CapBnd"] {
        assert_eq!(rights(&supervisor, field) & (SYS_ADMIN | SYS_PTRACE), 0, "{field}");
    }

    place.write("a.cfg", &text("second"));
    weir.signal(nix::libc::SIGUSR2);
    until("the answer of the new plan", || get(port).filter(|body| body == "second"));
}
