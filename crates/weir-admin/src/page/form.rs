//! The form under each backend (`stats admin`): which servers, which order.

use std::collections::BTreeSet;

use weir_check::report::Line;
use weir_engine::{StatsAnswer, StatsRequest};
use weir_types::{ProxyId, ServerId};

use crate::View;
use crate::servers::{self, HealthOrder, Told};

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
        order(view, *server).into_iter().for_each(|(backend, line)| tell(backend, line));
    }
    match (found.len(), names.len()) {
        (0, _) => Status::Errors,
        (found, asked) if found < asked => Status::Partial,
        _ => Status::Done,
    }
}

type Order = fn(&View<'_>, ServerId) -> Vec<Told>;

/// The values of the list `action`. Agents are not there yet, nor is `shutdown`: they are no actions.
fn order(action: &str) -> Option<Order> {
    Some(match action {
        "ready" | "enable" => servers::ready,
        "drain" | "stop" => servers::drain,
        "maint" | "disable" => servers::maintenance,
        "dhlth" => |view, server| {
            servers::checks_enabled(view, server, false);
            Vec::new()
        },
        "ehlth" => |view, server| {
            servers::checks_enabled(view, server, true);
            Vec::new()
        },
        "hrunn" => |view, server| health(view, server, HealthOrder::Up),
        "hnolb" => |view, server| health(view, server, HealthOrder::Stopping),
        "hdown" => |view, server| health(view, server, HealthOrder::Down),
        _ => return None,
    })
}

fn health(view: &View<'_>, server: ServerId, order: HealthOrder) -> Vec<Told> {
    match view.plan.server(server).track {
        Some(_) => Vec::new(),
        None => servers::health(view, server, order),
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
