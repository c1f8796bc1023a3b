//! The form under each backend (`stats admin`): which servers, which order.

use std::collections::BTreeSet;

use weir_check::report::Line;
use weir_engine::servers::{self, HealthOrder, Servers, Told};
use weir_engine::{StatsAnswer, StatsRequest};
use weir_types::{ProxyId, ServerId};

use crate::View;

/// What the page says afterwards; the words stand in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Done,
    None,
    Partial,
    Errors,
    Denied,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Status::Done => "DONE",
            Status::None => "NONE",
            Status::Partial => "PART",
            Status::Errors => "ERRP",
            Status::Denied => "DENY",
        }
    }
}

/// 303 to the page with the outcome.
pub fn see_other(request: &StatsRequest<'_>, status: Status) -> StatsAnswer {
    let query = super::Options::parse(&String::from_utf8_lossy(request.rest)).scope_query();
    let headers = vec![
        ("cache-control", "no-cache".to_owned()),
        ("content-type", "text/plain".to_owned()),
        ("location", format!("{};st={}{query}", request.page.uri, status.word())),
    ];
    StatsAnswer { status: 303, headers, body: Vec::new() }
}

pub fn process(view: &View<'_>, request: &StatsRequest<'_>, tell: &dyn Fn(ProxyId, Line)) -> Status {
    if !request.admin {
        return Status::Denied;
    }
    let fields = fields(&String::from_utf8_lossy(request.body));
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let names: Vec<&str> =
        fields.iter().filter(|(name, _)| name == "s").map(|(_, value)| value.as_str()).collect();
    let (Some(action), false) = (field("action"), names.is_empty()) else { return Status::None };
    if action.is_empty() {
        return Status::None;
    }
    let Some(order) = order(action) else { return Status::Errors };
    let Some(backend) = field("b").and_then(|name| view.find_backend(name)) else { return Status::Errors };
    let found: BTreeSet<ServerId> = names.iter().filter_map(|name| view.find_server(backend, name)).collect();
    for server in &found {
        order(&view.servers(), *server).into_iter().for_each(|(backend, line)| tell(backend, line));
    }
    match (found.len(), names.len()) {
        (0, _) => Status::Errors,
        (found, asked) if found < asked => Status::Partial,
        _ => Status::Done,
    }
}

type Order = fn(&Servers<'_>, ServerId) -> Vec<Told>;

/// The values of the list `action`.
fn order(action: &str) -> Option<Order> {
    Some(match action {
        "ready" | "enable" => servers::ready,
        "drain" | "stop" => servers::drain,
        "maint" | "disable" => servers::maintenance,
        "dhlth" => |servers, server| switch(&servers.state(server).check, false),
        "ehlth" => |servers, server| switch(&servers.state(server).check, true),
        "dagent" => |servers, server| switch(&servers.state(server).agent, false),
        "eagent" => |servers, server| switch(&servers.state(server).agent, true),
        "arunn" => |servers, server| agent(servers, server, true),
        "adown" => |servers, server| agent(servers, server, false),
        "hrunn" => |servers, server| health(servers, server, HealthOrder::Up),
        "hnolb" => |servers, server| health(servers, server, HealthOrder::Stopping),
        "hdown" => |servers, server| health(servers, server, HealthOrder::Down),
        "shutdown" => |servers, server| {
            weir_engine::servers::shut_sessions(servers, server);
            Vec::new()
        },
        _ => return None,
    })
}

fn switch(check: &weir_shm::CheckState, enabled: bool) -> Vec<Told> {
    servers::checks_enabled(check, enabled);
    Vec::new()
}

fn agent(servers: &Servers<'_>, server: ServerId, up: bool) -> Vec<Told> {
    match servers.state(server).agent.is_enabled() {
        true => servers::agent(servers, server, up),
        false => Vec::new(),
    }
}

fn health(servers: &Servers<'_>, server: ServerId, order: HealthOrder) -> Vec<Told> {
    match servers.server(server).track {
        Some(_) => Vec::new(),
        None => servers::health(servers, server, order),
    }
}

/// `a=b&c=d` with `%` and `+` undone.
fn fields(body: &str) -> Vec<(String, String)> {
    // Clients pad what they announce a length for.
    let body = body.trim_ascii_end();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
