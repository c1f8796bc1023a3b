//! The listing of `-dKcfg`, in HAProxy's format, made from the tables.

use std::fmt::Write;

use weir_registry::Status;
use weir_rules::RuleSet;
use weir_rules::parse::{self, ActionRow};

use crate::bind::{self, BindOption, CRT_LIST_OPTIONS};
use crate::keyword::Index;
use crate::parser::sections;
use crate::proxy::{self, OPTIONS};
use crate::server;

/// `-dKflt`: the filters.
pub fn filters(every: bool) -> String {
    let mut kinds: Vec<_> =
        proxy::filter::KINDS.iter().filter(|kind| every || kind.2 != Status::NotYet).collect();
    kinds.sort_by_key(|kind| kind.0);
    let rows = kinds.iter().map(|(name, package, _)| format!("{name} [{package}]\n"));
    std::iter::once("# List of registered filter names:\n".to_string()).chain(rows).collect()
}

/// Configuration keywords that register themselves in HAProxy, section by section. Those that are not implemented yet
/// are left out unless `every` is set.
pub fn keywords(every: bool) -> String {
    let shown = |status: Status| every || status != Status::NotYet;
    let mut out = String::from("# List of registered configuration keywords:\n");
    for kind in ["global", "listen", "userlist", "peers", "crt-list", "crt-store", "traces", "acme"] {
        let _ = writeln!(out, "{kind}");
        match kind {
            "listen" => listen(&mut out, &shown),
            "crt-list" => crt_list(&mut out, &shown),
            _ => section(&mut out, kind, &shown),
        }
    }
    out
}

type Shown<'s> = &'s dyn Fn(Status) -> bool;

fn section(out: &mut String, kind: &str, shown: Shown<'_>) {
    if let Some(section) = sections().iter().find(|section| section.keyword == kind) {
        rows(out, (section.index)(), shown);
    }
}

fn rows(out: &mut String, index: &Index, shown: Shown<'_>) {
    let listed = index.rows().filter(|row| row.listed && shown(row.status));
    write_sorted(out, listed.map(|row| row.name.to_owned()).collect());
}

fn write_sorted(out: &mut String, mut lines: Vec<String>) {
    lines.sort();
    for line in lines {
        let _ = writeln!(out, "\t{line}");
    }
}

fn listen(out: &mut String, shown: Shown<'_>) {
    rows(out, proxy::index(), shown);
    let options = |tls: bool| {
        let prefix = if tls { "bind <addr> ssl" } else { "bind <addr>" };
        let rows = bind::OPTIONS.iter().filter(move |row| row.listed && row.tls == tls);
        rows.filter(|row| shown(row.status)).map(|row| format!("{prefix} {}", with_value(row))).collect()
    };
    write_sorted(out, options(false));
    write_sorted(out, options(true));
    let servers = server::OPTIONS.iter().filter(|row| row.listed && shown(row.status));
    let words = |words: &str| if words.is_empty() { String::new() } else { format!(" {words}") };
    write_sorted(
        out,
        servers.map(|row| format!("server <name> <addr> {}{}", row.name, words(row.words))).collect(),
    );
    let switches = OPTIONS.iter().filter(|row| shown(row.status)).map(|row| {
        let halves = [(row.frontend, " FE"), (row.backend, " BE"), (row.http, " HTTP")];
        let halves: String = halves.into_iter().filter(|(known, _)| *known).map(|(_, text)| text).collect();
        format!("option {} [{halves} ]", row.name)
    });
    write_sorted(out, switches.collect());
    for set in [
        RuleSet::TcpRequestConnection,
        RuleSet::TcpRequestSession,
        RuleSet::TcpRequestContent,
        RuleSet::TcpResponseContent,
        RuleSet::HttpRequest,
        RuleSet::HttpResponse,
        RuleSet::HttpAfterResponse,
    ] {
        write_sorted(out, actions(set, shown));
    }
}

fn with_value(row: &BindOption) -> String {
    format!("{}{}", row.name, if row.value { " +1" } else { "" })
}

fn actions(set: RuleSet, shown: Shown<'_>) -> Vec<String> {
    let line =
        |row: &ActionRow| format!("{} {}{}", set.keyword(), row.name, if row.prefix { "*" } else { "" });
    let rows = parse::rows().filter(|row| row.listed && row.sets.contains(set) && shown(row.status));
    rows.map(line).collect()
}

fn crt_list(out: &mut String, shown: Shown<'_>) {
    let rows = bind::OPTIONS.iter().filter(|row| CRT_LIST_OPTIONS.contains(&row.name) && shown(row.status));
    write_sorted(out, rows.map(|row| with_value(row)).collect());
}
