//! `show events`.

use crate::cli::reply::Reply;
use crate::cli::session::Context;

const STANDARD: [(&str, &str); 2] =
    [("stdout", "standard output (fd#1)"), ("stderr", "standard output (fd#2)")];

pub fn show(context: &mut Context<'_>) -> Reply {
    match context.arguments {
        [] => list(context),
        [name, options @ ..] => events(context, name, options),
    }
}

fn list(context: &Context<'_>) -> Reply {
    let view = context.view();
    let mut text = String::from(
        "Supported events sinks are listed below. Add -0(zero), -w(wait), -n(new). Any key to stop.\n",
    );
    let mut add = |name: &str, kind: &str, dropped: u64, description: &str| {
        text.push_str(&format!("    {name:<10} : type={kind}, {dropped} dropped, {description}\n"));
    };
    STANDARD.iter().for_each(|(name, description)| add(name, "fd", 0, description));
    if view.plan.rings.is_empty() {
        // Always there, and without `log` lines that name them never written to.
        add("buf0", "buffer", 0, "in-memory ring buffer");
        add("dpapi", "buffer", 0, "DPAPI ring buffer");
    }
    for ring in &view.plan.rings {
        let memory = view.shm.ring(&ring.name, view.shm.controller());
        add(&ring.name, "buffer", memory.map_or(0, |ring| ring.dropped()), &ring.description);
    }
    Reply::text(text)
}

fn events(context: &Context<'_>, name: &str, options: &[String]) -> Reply {
    let view = context.view();
    if STANDARD.iter().any(|(known, _)| *known == name) {
        return Reply::info("Nothing to report for this sink");
    }
    let unused = view.plan.rings.is_empty() && matches!(name, "buf0" | "dpapi");
    if !unused && !view.plan.rings.iter().any(|ring| &*ring.name == name) {
        return Reply::info("No such event sink");
    }
    let (mut new, mut end) = (false, '\n');
    for option in options {
        match option.as_str() {
            "-n" => new = true,
            "-0" => end = '\0',
            "-w" | "-wn" | "-nw" => {
                return Reply::info("waiting for events (-w) is not supported by weir yet");
            }
            _ => return Reply::info("unknown option"),
        }
    }
    let Some(ring) = view.shm.ring(name, view.shm.controller()) else { return Reply::text(String::new()) };
    let mut text = String::new();
    let mut position = if new { ring.end() } else { ring.oldest() };
    // Writers go on meanwhile: what was there when the command came is what it shows.
    let last = ring.end();
    while position < last
        && let Some((line, next)) = ring.read(position)
    {
        text.push_str(&String::from_utf8_lossy(&line));
        text.push(end);
        position = next;
    }
    Reply::text(text)
}
