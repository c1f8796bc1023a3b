//! State files: `load-server-state-from-file` (manual 4.2) reads what `show servers state` printed. They are read with
//! the configuration, for a file is not there any more for those who run in an empty root; servers take from them only
//! what nobody knows better, at the very start.

use std::collections::HashMap;
use std::sync::Arc;

use weir_plan::settings::SavedServer;
use weir_sample::Files;
use weir_types::{Diagnostic, Form, Level};

use crate::model::{Proxy, ServerStateFrom};
use crate::parser::Parser;

/// States by `backend/server`.
pub type States = HashMap<Box<str>, SavedServer>;

/// Reads the files of all proxies that ask for one.
pub(crate) fn load(parser: &mut Parser<'_>) {
    let mut states = States::new();
    let mut said = Vec::new();
    let mut global: Option<Arc<States>> = None;
    let base = parser.config.global.server_state_base.clone();
    for proxy in parser.config.proxies.iter().filter(|proxy| proxy.kind.has_backend() && !proxy.disabled) {
        let (scope, name) = match proxy.settings.server_state_from {
            None | Some(ServerStateFrom::None) => continue,
            Some(ServerStateFrom::Global) => match &parser.config.global.server_state_file {
                Some(file) => ("global", file.clone()),
                None => continue,
            },
            Some(ServerStateFrom::Local) => ("proxy", local_name(proxy)),
        };
        let path = match &base {
            Some(base) if !name.starts_with('/') => format!("{base}/{name}"),
            _ => name.into(),
        };
        let found = match (scope, &global) {
            ("global", Some(found)) => found.clone(),
            _ => Arc::new(read(parser, &path, scope, &mut said)),
        };
        if scope == "global" {
            global = Some(found.clone());
        }
        let prefix = format!("{}/", proxy.name);
        let own = found.iter().filter(|(server, _)| server.starts_with(&*prefix));
        states.extend(own.map(|(server, state)| (server.clone(), state.clone())));
    }
    parser.config.server_states = states;
    said.into_iter().for_each(|diagnostic| parser.push(diagnostic));
}

fn local_name(proxy: &Proxy) -> Box<str> {
    proxy.settings.server_state_file.as_deref().unwrap_or(&proxy.name).into()
}

fn read(parser: &Parser<'_>, path: &str, scope: &str, said: &mut Vec<Diagnostic>) -> States {
    let mut say = |level, text: String| said.push(Diagnostic::new(level, Form::Config, None, text));
    let Some(bytes) = parser.files.read(path) else {
        let text =
            format!("config: Can't open {scope} server state file '{path}': No such file or directory");
        say(Level::Notice, text);
        return States::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    match lines.next() {
        None => {
            say(Level::Notice, format!("config: Empty {scope} server state file '{path}'."));
            return States::new();
        }
        Some(version) if version.trim() != "1" => {
            say(
                Level::Warning,
                format!("config: Can't get version of the {scope} server state file '{path}'."),
            );
            return States::new();
        }
        Some(_) => {}
    }
    let mut states = States::new();
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        if fields.len() < FIELDS {
            let text = format!("config: corrupted {scope} server state file '{path}' at line {}.", index + 1);
            say(Level::Warning, text);
            return States::new();
        }
        let name = format!("{}/{}", fields[1], fields[3]);
        match server(&fields) {
            Ok(state) => drop(states.insert(name.into(), state)),
            Err(wrong) => {
                let text =
                    format!("server-state application failed for server '{name}', {}", wrong.join(", "));
                say(Level::Warning, text);
            }
        }
    }
    states
}

/// Columns of format 1 that every release wrote.
const FIELDS: usize = 20;

fn server(fields: &[&str]) -> Result<SavedServer, Vec<String>> {
    let mut wrong = Vec::new();
    let mut number = |at: usize, name: &str, most: u32| match fields[at].parse::<u32>() {
        Ok(value) if value <= most => value,
        _ => {
            wrong.push(format!("invalid {name} value '{}'", fields[at]));
            0
        }
    };
    let operational = number(5, "srv_op_state", 3);
    let admin = number(6, "srv_admin_state", 0x7f);
    let user_weight = number(7, "srv_uweight", 256);
    let initial_weight = number(8, "srv_iweight", 256);
    let since_change = number(9, "srv_last_time_change", u32::MAX);
    let check_status = number(10, "srv_check_status", 255);
    let check_result = number(11, "srv_check_result", 4);
    let check_health = number(12, "srv_check_health", u32::MAX);
    let check_state = number(13, "srv_check_state", 255);
    let agent_state = number(14, "srv_agent_state", 255);
    let field = |at: usize| fields.get(at).copied().filter(|text| *text != "-");
    let port = |at: usize| field(at).and_then(|text| text.parse().ok()).filter(|port| *port > 0);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(SavedServer {
        address: field(4).and_then(|text| text.parse().ok()),
        operational,
        admin,
        user_weight,
        initial_weight,
        since_change,
        check_status,
        check_result,
        check_health,
        check_state,
        agent_state,
        fqdn: field(17).map(Into::into),
        port: port(18),
        check_port: port(21),
        check_address: field(22).and_then(|text| text.parse().ok()),
        agent_address: field(23).and_then(|text| text.parse().ok()),
        agent_port: port(24),
    })
}
