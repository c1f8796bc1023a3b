use super::*;

/// Replies of HAProxy 3.4, beside the repository.
fn oracle(command: &str) -> Option<String> {
    let root = std::env::var_os("WEIR_SHARED")
        .map(std::path::PathBuf::from)
        .unwrap_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let text = std::fs::read_to_string(root.join("oracle/runtime/master.txt")).ok()?;
    let reply = text.split(">>> ").find_map(|part| part.strip_prefix(&format!("{command}\n")))?;
    Some(reply.split("\n<no more").next()?.to_string())
}

#[test]
fn help_is_worded_as_in_haproxy() {
    let Some(expected) = oracle("help") else { return println!("skipped") };
    assert_eq!(help(&[]), expected);
}

#[test]
fn processes_are_listed_as_in_haproxy() {
    let Some(expected) = oracle("show proc") else { return println!("skipped") };
    let table = ProcessTable {
        master: 4102,
        reloads: 0,
        failed: 0,
        uptime_s: 57,
        worker: Some(4106),
        worker_uptime_s: 57,
        processes: vec![("controller".into(), 4106, 57), ("worker-0".into(), 4107, 57)],
        leaving: vec![],
    };
    assert_eq!(show_proc(&table, "3.4.0", false), expected);
}

#[test]
fn uptime_is_counted_in_days() {
    assert_eq!(uptime(92), "0d00h01m32s");
    assert_eq!(uptime(3 * 86_400 + 4 * 3600 + 5), "3d04h00m05s");
}
