//! `show peers`.

use std::fmt::Write;

use weir_engine::peers::{PeerView, SectionView, TableView};

use super::sessions::span;
use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// `show peers [dict|-] [section]`
pub fn show(context: &mut Context<'_>) -> Reply {
    let dictionaries = context.argument(0) == "dict";
    let name = match context.argument(0) {
        "dict" | "-" => context.argument(1),
        name => name,
    };
    let sections = context.control.peers();
    if !name.is_empty() && !sections.iter().any(|section| &*section.name == name) {
        return Reply::info("No such peers");
    }
    let chosen = sections.iter().enumerate().filter(|(_, section)| name.is_empty() || &*section.name == name);
    let mut text = String::new();
    for (index, section) in chosen {
        self::section(index, section, dictionaries, &mut text);
    }
    Reply::text(text)
}

/// A number that tells what is shown apart, where HAProxy shows addresses: a section, a peer of it, a table of that.
fn number(section: usize, peer: usize, table: usize) -> String {
    format!("{:#x}", (section + 1) << 32 | peer << 16 | table)
}

fn section(index: usize, section: &SectionView, dictionaries: bool, out: &mut String) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let since = weir_sys::local_time((section.since_us / 1_000_000) as i64);
    let month = MONTHS[usize::from(since.month.clamp(1, 12)) - 1];
    let timeout = section.resync_ms.map_or_else(|| "<PAST>".to_owned(), span);
    // Whether everything is known is all that there is to flag.
    let _ = writeln!(
        out,
        "{}: [{:02}/{month}/{}:{:02}:{:02}:{:02}] id={} disabled=0 flags={:#x} resync_timeout={timeout} task_calls=0",
        number(index, 0, 0),
        since.day,
        since.year,
        since.hour,
        since.minute,
        since.second,
        section.name,
        u8::from(section.known) * 3,
    );
    for (place, peer) in section.peers.iter().enumerate().rev() {
        self::peer((index, place + 1), peer, dictionaries, out);
    }
}

fn peer((section, place): (usize, usize), peer: &PeerView, dictionaries: bool, out: &mut String) {
    let kind = if peer.local { "local" } else { "remote" };
    let (active, app) = if peer.active { ("active", "RUNNING") } else { ("inactive", "STOPPED") };
    let learn = if peer.asked { "ASSIGNED" } else { "NOTASSIGNED" };
    let or_never = |ms: Option<u64>| ms.map_or_else(|| "<NEVER>".to_owned(), span);
    let (sent, received, missed) = peer.heartbeats;
    let _ = writeln!(
        out,
        "  {}: id={}({kind},{active}) addr={} app_state={app} learn_state={learn} last_status={} last_hdshk={}",
        number(section, place, 0),
        peer.name,
        peer.address,
        peer.last_status,
        or_never(peer.last_handshake_ms),
    );
    let _ = writeln!(
        out,
        "        reconnect={} heartbeat={} confirm=0 tx_hbt={sent} rx_hbt={received} no_hbt={missed} new_conn={} \
         proto_err={} coll={}",
        or_never(peer.reconnect_ms.filter(|_| !peer.active && !peer.local)),
        or_never(peer.heartbeat_ms),
        peer.new_connections,
        peer.protocol_errors,
        peer.collisions,
    );
    let _ = write!(out, "        flags={:#x}", u8::from(peer.teaching));
    if peer.active {
        let _ = write!(out, " appctx:{} st0=7 st1=0 task_calls=0 state=EST", number(section, place, 0));
        let encrypted = if peer.encrypted { "SSL" } else { "RAW" };
        if let Some((from, to)) = peer.ends {
            let _ = write!(out, "\n        xprt={encrypted} src={from} addr={to}");
        }
    }
    out.push('\n');
    let table_number = |at: usize| number(section, place, at + 1);
    let mut named = |what: &str, at: Option<usize>| {
        if let Some((at, table)) = at.and_then(|at| Some((at, peer.tables.get(at)?))) {
            let (number, TableView { name, id, remote_id, .. }) = (table_number(at), table);
            let _ = writeln!(out, "        {what}:{number} id={name} local_id={id} remote_id={remote_id}");
        }
    };
    named("remote_table", peer.remote_table);
    named("last_local_table", peer.local_table);
    if peer.tables.is_empty() {
        return;
    }
    out.push_str("        shared tables:\n");
    for (at, table) in peer.tables.iter().enumerate().rev() {
        let _ = writeln!(
            out,
            "          {} local_id={} remote_id={} flags=0x0 remote_data={:#x}",
            table_number(at),
            table.id,
            table.remote_id,
            table.remote_data
        );
        let _ = writeln!(
            out,
            "              last_acked={} last_pushed={} last_get={} teaching_origin={} update={}",
            table.got_acked, table.pushed, table.got, table.taught_from, table.acked
        );
        let _ = writeln!(
            out,
            "              table:{} id={} update={updates} localupdate={updates} refcnt=1",
            number(0xff, 0, table.id as usize),
            table.name,
            updates = table.updates
        );
        match dictionaries {
            false => out.push_str("        Dictionary cache not dumped (use \"show peers dict\")\n"),
            true => {
                out.push_str("        TX dictionary cache:");
                // What was not told is not shown; what was not heard is.
                names(peer.told.iter().enumerate().filter(|(_, name)| name.is_some()), out);
                out.push_str("        RX dictionary cache:");
                names(peer.heard.iter().enumerate(), out);
            }
        }
    }
}

fn names<'n>(names: impl Iterator<Item = (usize, &'n Option<Vec<u8>>)>, out: &mut String) {
    for (shown, (place, name)) in names.enumerate() {
        if shown % 4 == 0 {
            out.push_str("\n        ");
        }
        let name = name.as_deref().map_or_else(|| "-".into(), String::from_utf8_lossy);
        let _ = write!(out, "{place:>5} -> {name}");
    }
    out.push('\n');
}
