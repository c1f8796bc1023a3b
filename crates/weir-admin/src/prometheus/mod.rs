//! `http-request use-service prometheus-exporter`: the figures of `show info` and `show stat` as metrics.
//!
//! Metrics of stick tables, resolvers, agents and listeners' extra counters are not here yet.

mod metrics;

use std::collections::HashMap;
use std::fmt::Write;

pub use metrics::{BACKENDS, FRONTENDS, Metric, PROCESS, ProcessMetric, SERVERS};

use crate::stats::{self, Object, Row, Selection, at};
use crate::{Value, View, info};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        }
    }
}

/// The media type of the page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// `scope=`, `metrics=`, `no-maint` of the page's query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub process: bool,
    pub frontends: bool,
    pub backends: bool,
    pub servers: bool,
    pub no_maint: bool,
    /// Names of metrics to keep; empty: all. With a `-` before it, a name to leave out.
    pub metrics: Vec<String>,
}

impl Query {
    /// What follows `?`. `None`: a scope that does not exist (HAProxy answers 400).
    pub fn parse(query: &str) -> Option<Self> {
        let mut parsed = Self {
            process: true,
            frontends: true,
            backends: true,
            servers: true,
            no_maint: false,
            metrics: Vec::new(),
        };
        let mut scoped = false;
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("scope", scope)) => {
                    if !std::mem::replace(&mut scoped, true) {
                        (parsed.process, parsed.frontends, parsed.backends, parsed.servers) =
                            (false, false, false, false);
                    }
                    parsed.enter(scope)?;
                }
                Some(("metrics", names)) => parsed.metrics.extend(names.split(',').map(str::to_owned)),
                _ if pair == "no-maint" => parsed.no_maint = true,
                _ => {}
            }
        }
        Some(parsed)
    }

    fn enter(&mut self, scope: &str) -> Option<()> {
        match scope {
            // An empty scope takes all of them back.
            "" => {}
            "*" => (self.process, self.frontends, self.backends, self.servers) = (true, true, true, true),
            "global" => self.process = true,
            "frontend" => self.frontends = true,
            "backend" => self.backends = true,
            "server" => self.servers = true,
            "listener" | "sticktable" | "resolver" => {}
            _ => return None,
        }
        Some(())
    }

    fn wants(&self, name: &str) -> bool {
        let listed = |wanted: &String| wanted == name;
        let left_out = self.metrics.iter().any(|it| it.strip_prefix('-') == Some(name));
        let only = self.metrics.iter().any(|it| !it.starts_with('-'));
        !left_out && (!only || self.metrics.iter().any(listed))
    }
}

/// The page.
pub fn page(view: &View<'_>, query: &Query) -> String {
    let mut page = String::new();
    if query.process {
        process(&mut page, view, query);
    }
    let selection = Selection { hide_maintenance: query.no_maint, ..Selection::default() };
    let rows = stats::rows(view, &selection);
    for (wanted, object, metrics) in [
        (query.frontends, Object::Frontend, FRONTENDS),
        (query.backends, Object::Backend, BACKENDS),
        (query.servers, Object::Server, SERVERS),
    ] {
        if wanted {
            let own: Vec<&Row> = rows.iter().filter(|row| row.object == object).collect();
            metrics.iter().for_each(|metric| proxies(&mut page, query, object, metric, &own, &rows));
        }
    }
    page
}

fn head(page: &mut String, name: &str, kind: Kind, help: &str) {
    let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {}\n", kind.word());
}

fn process(page: &mut String, view: &View<'_>, query: &Query) {
    let values: HashMap<&str, Option<Value>> =
        info::INFO_FIELDS.iter().map(|field| field.name).zip(info::values(view)).collect();
    for metric in PROCESS {
        let name = format!("haproxy_process_{}", metric.name);
        if !query.wants(&name) {
            continue;
        }
        let value = values.get(metric.field).cloned().flatten();
        if value.is_none() && metric.field == "description" {
            continue;
        }
        head(page, &name, metric.kind, metric.help);
        let _ = match (metric.field, value) {
            ("node", Some(node)) => writeln!(page, "{name}{{node=\"{}\"}} 1", label(&node.to_string())),
            ("description", Some(text)) => {
                writeln!(page, "{name}{{desc=\"{}\"}} 1", label(&text.to_string()))
            }
            ("Build info", Some(text)) => {
                writeln!(page, "{name}{{version=\"{}\"}} 1", label(&text.to_string()))
            }
            (_, Some(value)) => writeln!(page, "{name} {value}"),
            (_, None) => writeln!(page, "{name} NaN"),
        };
    }
}

/// One metric of every frontend, backend or server.
fn proxies(page: &mut String, query: &Query, object: Object, metric: &Metric, own: &[&Row], all: &[Row]) {
    let kind = match object {
        Object::Frontend => "frontend",
        Object::Backend => "backend",
        _ => "server",
    };
    let name = format!("haproxy_{kind}_{}", metric.name);
    if !query.wants(&name) {
        return;
    }
    let mut lines = String::new();
    match (metric.field, object) {
        (at::HRSP_1XX, _) => responses(&mut lines, &name, own),
        (at::STATUS, _) => own.iter().for_each(|row| states(&mut lines, &name, row, &row_states(row))),
        (at::CHECK_STATUS, _) => {
            let checked = own.iter().filter(|row| row.value(at::CHECK_STATUS).is_some());
            checked.for_each(|row| check_states(&mut lines, &name, row, &[row]));
        }
        (at::AGG_SERVER_STATUS | at::AGG_SERVER_CHECK_STATUS | at::AGG_CHECK_STATUS, _) => {
            own.iter().for_each(|row| aggregates(&mut lines, &name, metric.field, row, all));
        }
        (field, _) => own.iter().for_each(|row| plain(&mut lines, &name, field, row)),
    }
    if !lines.is_empty() {
        head(page, &name, metric.kind, metric.help);
        page.push_str(&lines);
    }
}

fn plain(lines: &mut String, name: &str, field: usize, row: &Row) {
    let checked = row.value(at::CHECK_STATUS).is_some();
    let http_only = matches!(field, at::REQ_TOT | at::REQ_RATE_MAX | at::INTERCEPTED | at::COMP_RSP);
    let of_check = matches!(field, at::CHECK_CODE | at::CHECK_DURATION);
    if of_check && !checked || http_only && row.word(at::MODE) != "http" {
        return;
    }
    let _ = match row.value(field) {
        None if field == at::CHECK_CODE => writeln!(lines, "{name}{{{}}} 0", labels(row)),
        None => writeln!(lines, "{name}{{{}}} NaN", labels(row)),
        Some(value) if in_seconds(field) => {
            let ms = value.number().unwrap_or(0);
            writeln!(lines, "{name}{{{}}} {}.{:03}000", labels(row), ms / 1000, ms % 1000)
        }
        Some(value) => writeln!(lines, "{name}{{{}}} {value}", labels(row)),
    };
}

/// Milliseconds in `show stat`, seconds here.
const fn in_seconds(field: usize) -> bool {
    matches!(
        field,
        at::QTIME
            | at::CTIME
            | at::RTIME
            | at::TTIME
            | at::QTIME_MAX
            | at::CTIME_MAX
            | at::RTIME_MAX
            | at::TTIME_MAX
            | at::CHECK_DURATION
    )
}

fn labels(row: &Row) -> String {
    let proxy = label(row.word(at::PXNAME));
    match row.object {
        Object::Server => format!("proxy=\"{proxy}\",server=\"{}\"", label(row.word(at::SVNAME))),
        _ => format!("proxy=\"{proxy}\""),
    }
}

/// A label's value: backslash, quote and line feed escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn responses(lines: &mut String, name: &str, rows: &[&Row]) {
    let codes = [
        ("1xx", at::HRSP_1XX),
        ("2xx", at::HRSP_2XX),
        ("3xx", at::HRSP_3XX),
        ("4xx", at::HRSP_4XX),
        ("5xx", at::HRSP_5XX),
        ("other", at::HRSP_OTHER),
    ];
    for (code, field) in codes {
        for row in rows.iter().filter(|row| row.value(field).is_some()) {
            let _ = writeln!(lines, "{name}{{{},code=\"{code}\"}} {}", labels(row), row.number(field));
        }
    }
}

fn states(lines: &mut String, name: &str, row: &Row, states: &[(&str, u32)]) {
    for (state, value) in states {
        let _ = writeln!(lines, "{name}{{{},state=\"{state}\"}} {value}", labels(row));
    }
}

const SERVER_STATES: [&str; 5] = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];

/// Which of the states a row is in.
fn row_states(row: &Row) -> Vec<(&'static str, u32)> {
    match row.object {
        Object::Server => {
            SERVER_STATES.into_iter().map(|state| (state, u32::from(server_state(row) == state))).collect()
        }
        _ => {
            let up = matches!(row.word(at::STATUS).split(' ').next(), Some("OPEN" | "UP"));
            vec![("DOWN", u32::from(!up)), ("UP", u32::from(up))]
        }
    }
}

fn server_state(row: &Row) -> &'static str {
    match row.word(at::STATUS).split(' ').next() {
        Some("DOWN") => "DOWN",
        Some("MAINT") => "MAINT",
        Some("DRAIN") => "DRAIN",
        Some("NOLB") => "NOLB",
        _ => "UP",
    }
}

const CHECK_STATES: [&str; 16] = [
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK",
    "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
];

/// How many of `servers` have each check status.
fn check_states(lines: &mut String, name: &str, row: &Row, servers: &[&Row]) {
    let status = |row: &Row| row.word(at::CHECK_STATUS).trim_start_matches("* ").to_owned();
    let count = |state: &str| servers.iter().filter(|row| status(row) == state).count() as u32;
    let counted: Vec<(&str, u32)> = CHECK_STATES.into_iter().map(|state| (state, count(state))).collect();
    states(lines, name, row, &counted);
}

/// How many servers of a backend are in each state.
fn aggregates(lines: &mut String, name: &str, field: usize, row: &Row, all: &[Row]) {
    let servers: Vec<&Row> =
        all.iter().filter(|it| it.object == Object::Server && it.proxy_id == row.proxy_id).collect();
    if servers.is_empty() {
        return;
    }
    if field == at::AGG_CHECK_STATUS {
        return check_states(lines, name, row, &servers);
    }
    let count = |state: &str| servers.iter().filter(|row| server_state(row) == state).count() as u32;
    let counted: Vec<(&str, u32)> = SERVER_STATES.into_iter().map(|state| (state, count(state))).collect();
    states(lines, name, row, &counted);
}

#[cfg(test)]
mod tests;
