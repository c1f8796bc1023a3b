//! `tcp-request connection` and `tcp-request session`: met before anything is read, and before the first request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use weir_plan::Plan;
use weir_rules::{Action, IntValue, Rule};
use weir_sample::{Expr, Resolved, Stream as _, Type, Value, Verdict};

use super::List;
use super::variable::store;
use crate::log_line::Origin;
use crate::session::Client;
use crate::stream::Stream;
use crate::view::View;
use crate::worker::Worker;

/// What the rules say about a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Accept,
    /// A PROXY header comes first (`expect-proxy layer4`).
    AcceptBehindProxy,
    /// A NetScaler header comes first (`expect-netscaler-cip layer4`).
    AcceptBehindNetscaler,
    Reject,
    SilentDrop,
}

/// `tcp-request connection`.
pub fn of_connection(worker: &Worker, client: &mut Client) -> Admission {
    let plan = client.session.plan.clone();
    meet(worker, &plan, client, List::Connection)
}

/// `tcp-request session`.
pub fn of_session(worker: &Worker, client: &mut Client) -> Admission {
    let plan = client.session.plan.clone();
    meet(worker, &plan, client, List::Session)
}

fn meet(worker: &Worker, plan: &Arc<Plan>, client: &mut Client, list: List) -> Admission {
    let Some(rules) = plan.proxy(client.session.frontend).rules.as_deref() else { return Admission::Accept };
    let rules: &[Rule<Resolved>] = match list {
        List::Connection => &rules.tcp_request_connection,
        _ => &rules.tcp_request_session,
    };
    if rules.is_empty() {
        return Admission::Accept;
    }
    let mut stream = Stream::default();
    stream.begin(client.session.frontend, client.session.accepted_us);
    let mut admission = Admission::Accept;
    for rule in rules {
        let view = View { worker, client, stream: &stream, finished: true, early: false };
        if rule.condition.as_ref().is_some_and(|condition| condition.eval(&view) != Verdict::Pass) {
            continue;
        }
        match &rule.action {
            Action::Allow => break,
            Action::Reject | Action::Close => return Admission::Reject,
            Action::SilentDrop { .. } => return Admission::SilentDrop,
            Action::ExpectProxyLayer4 => admission = Admission::AcceptBehindProxy,
            Action::ExpectNetscalerCip => admission = Admission::AcceptBehindNetscaler,
            Action::DoLog { profile } => {
                stream.log_origin = Origin::Rule(list);
                crate::log_line::write(worker, client, &stream, true, profile.as_deref());
            }
            action => apply(worker, client, &stream, action),
        }
    }
    admission
}

fn apply(worker: &Worker, client: &mut Client, stream: &Stream, action: &Action<Resolved>) {
    let view = View { worker, client, stream, finished: true, early: false };
    let address = |expr: &Expr<Resolved>| match expr.eval_as(&view, Type::Addr) {
        Some(Value::Ip4(ip)) => Some(IpAddr::from(ip)),
        Some(Value::Ip6(ip)) => Some(ip.into()),
        _ => None,
    };
    let integer = |expr: &Expr<Resolved>| match expr.eval_as(&view, Type::Sint) {
        Some(Value::Int(value)) => Some(value),
        _ => None,
    };
    let (source, destination) = (client.session.source, client.destination());
    let port = |address: Option<SocketAddr>| address.map_or(0, |address| address.port());
    match action {
        Action::SetVar { variable, expr, conditions } => {
            if let Some(value) = expr.eval(&view).value() {
                store(&view, variable, value.into_owned(), conditions);
            }
        }
        Action::SetVarFormat { variable, value, conditions } => {
            let mut text = Vec::new();
            value.write(&view, &mut text);
            store(&view, variable, Value::Str(text.into()), conditions);
        }
        Action::UnsetVar { variable } => view.unset_variable(variable),
        Action::TrackStickCounter { counter, key, table } => {
            crate::tracking::track_session(&view, *counter, key, *table);
        }
        Action::CountStickCounter { amount: value, .. } | Action::TagStickCounter { value, .. } => {
            let amount = match value {
                IntValue::Fixed(number) => Some(i64::from(*number)),
                IntValue::Expr(expr) => integer(expr),
            };
            crate::tracking::apply(&view, action, amount);
        }
        Action::SetSource(expr) => {
            let new = address(expr).map(|ip| SocketAddr::new(ip, port(source)));
            client.session.set_source(new);
        }
        Action::SetSourcePort(expr) => {
            let new =
                source.zip(integer(expr)).map(|(source, port)| SocketAddr::new(source.ip(), port as u16));
            client.session.set_source(new);
        }
        Action::SetDestination(expr) => {
            if let Some(ip) = address(expr) {
                client.session.set_destination(Some(SocketAddr::new(ip, port(destination))));
            }
        }
        Action::SetDestinationPort(expr) => {
            if let Some((to, port)) = destination.zip(integer(expr)) {
                client.session.set_destination(Some(SocketAddr::new(to.ip(), port as u16)));
            }
        }
        // Without the privilege, and over unix sockets, these stay as they are.
        Action::SetMark { value, to_server: false } => {
            if let (Some(mark), Ok(socket)) = (number(value, &integer), client.socket.descriptor()) {
                let _ = weir_sys::tcp::set_mark(socket, mark as u32);
            }
        }
        Action::SetTos { value, to_server: false } => {
            if let (Some(tos), Ok(socket)) = (number(value, &integer), client.socket.descriptor()) {
                let ipv6 = source.is_some_and(|source| source.is_ipv6());
                let _ = weir_sys::tcp::set_tos(socket, tos as u32, ipv6);
            }
        }
        // Others have no effect here; the compiler refuses what weir does not do.
        _ => {}
    }
}

fn number(value: &IntValue<Resolved>, integer: &impl Fn(&Expr<Resolved>) -> Option<i64>) -> Option<i64> {
    match value {
        IntValue::Fixed(number) => Some(i64::from(*number)),
        IntValue::Expr(expr) => integer(expr),
    }
}
