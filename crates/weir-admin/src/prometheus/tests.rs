//! The page against the one of HAProxy 3.4 (`oracle/runtime/metrics.txt`).

use std::collections::BTreeSet;

use super::{Query, page};
use crate::cli::Control;
use crate::cli::lab::{Lab, checked_lab, shared};

fn all(lab: &Lab) -> String {
    page(&lab.view(), &Query::parse("").expect("an empty query"))
}

/// Lines about the proxies that the lab shares with the recorded configuration.
fn of_common_proxies(text: &str) -> Vec<&str> {
    let common = ["{proxy=\"be\"", "{proxy=\"be2\"", "{proxy=\"static\""];
    let varies = ["need_connections", "agent_"];
    text.lines()
        .filter(|line| common.iter().any(|part| line.contains(part)))
        .filter(|line| !varies.iter().any(|part| line.contains(part)))
        .collect()
}

#[test]
fn metrics_of_proxies_as_recorded() {
    let Some(recorded) = shared("oracle/runtime/metrics.txt") else {
        return eprintln!("skipped: no recorded page");
    };
    let lab = checked_lab();
    lab.now_ms.set(4000);
    let (page, mut failures) = (all(&lab), Vec::new());
    let (found, expected) = (of_common_proxies(&page), of_common_proxies(&recorded));
    let (found_set, expected_set): (BTreeSet<_>, BTreeSet<_>) =
        (found.iter().copied().collect(), expected.iter().copied().collect());
    failures.extend(expected_set.difference(&found_set).map(|line| format!("missing {line}")));
    failures.extend(found_set.difference(&expected_set).map(|line| format!("surplus {line}")));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(found, expected, "the order");
}

#[test]
fn names_and_helps_as_recorded() {
    let Some(recorded) = shared("oracle/runtime/metrics.txt") else {
        return eprintln!("skipped: no recorded page");
    };
    let lab = checked_lab();
    let page = all(&lab);
    let comments = |text: &str| -> Vec<String> {
        let later = ["sticktable", "resolver", "agent_"];
        let lines = text.lines().filter(|line| line.starts_with('#'));
        lines.filter(|line| !later.iter().any(|part| line.contains(part))).map(str::to_owned).collect()
    };
    assert_eq!(comments(&page), comments(&recorded));
}

#[test]
fn queries() {
    let lab = checked_lab();
    let ask = |query: &str| page(&lab.view(), &Query::parse(query).expect(query));
    let only_servers = ask("scope=server&no-maint");
    assert!(only_servers.contains("server=\"s1\"") && !only_servers.contains("server=\"s3\""));
    assert!(!only_servers.contains("haproxy_process") && !only_servers.contains("haproxy_backend"));
    let one = ask("metrics=haproxy_backend_weight");
    assert_eq!(one.lines().count(), 5, "{one}");
    assert!(!ask("metrics=-haproxy_backend_weight").contains("haproxy_backend_weight"));
    assert_eq!(Query::parse("scope=nosuch"), None);
}
