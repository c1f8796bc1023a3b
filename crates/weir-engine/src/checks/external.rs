//! `option external-check`: a program decides (manual `external-check command`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::Arc;

use tokio::process;
use tokio::time::{Duration, timeout};
use weir_check::{CheckStatus, Command, Outcome};
use weir_plan::Plan;
use weir_types::{AddressFamily, PortSpec};

use super::about::About;
use super::now_ms;
use crate::server::{Target, target};

/// A program to be run.
pub struct Run {
    command: process::Command,
    limit_ms: u64,
    /// `insecure-fork-wanted` is there.
    allowed: bool,
}

/// Stands for an address or a port that there is none of.
const NOT_USED: &str = "NOT_USED";

impl Run {
    pub fn of(about: About, program: Arc<Command>, limit_ms: u64) -> Self {
        let plan = &about.plan;
        let proxy = plan.proxy(about.checked.backend);
        let server = plan.server(about.checked.server);
        let shared = about.shm.server(server.slot);
        let (address, port) = own_address(plan, &about);
        let (server_address, server_port) = match target(server, about.shm, || None) {
            Some(Target::Ip(place)) => (place.ip().to_string(), place.port().to_string()),
            Some(Target::Unix(path)) => (path.into(), NOT_USED.into()),
            _ => (String::new(), String::new()),
        };
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| NOT_USED.into());
        let mut command = process::Command::new(&*program.program);
        command.args([shown(&address), shown(&port), server_address.clone(), server_port.clone()]);
        command.env_clear();
        if plan.global.external_check_keeps_environment {
            let known = plan.environment.iter();
            command.envs(known.map(|(name, value)| (&**name, OsStr::from_bytes(value))));
        }
        let limit = match shared.state.maxconn.value() {
            0 => server.settings.maxconn,
            set => set - 1,
        };
        command.envs([
            ("HAPROXY_PROXY_ADDR", address.unwrap_or_default()),
            ("HAPROXY_PROXY_ID", proxy.id.to_string()),
            ("HAPROXY_PROXY_NAME", proxy.name.to_string()),
            ("HAPROXY_PROXY_PORT", port.filter(|port| port != NOT_USED).unwrap_or_default()),
            ("HAPROXY_SERVER_ADDR", server_address),
            ("HAPROXY_SERVER_CURCONN", shared.sum(|counters| counters.scur.value()).to_string()),
            ("HAPROXY_SERVER_ID", server.id.to_string()),
            ("HAPROXY_SERVER_MAXCONN", limit.to_string()),
            ("HAPROXY_SERVER_NAME", server.name.to_string()),
            ("HAPROXY_SERVER_PORT", if server_port == NOT_USED { String::new() } else { server_port }),
            ("HAPROXY_SERVER_SSL", "0".into()),
            ("HAPROXY_SERVER_PROTO", if proxy.mode == weir_types::Mode::Http { "h1" } else { "tcp" }.into()),
            ("PATH", program.path.as_deref().unwrap_or_default().to_owned()),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        Self { command, limit_ms, allowed: plan.global.fork_wanted }
    }

    pub async fn run(mut self) -> Outcome {
        let began_ms = now_ms();
        let (status, code) = if self.allowed { self.status().await } else { (CheckStatus::ProcessError, 0) };
        Outcome { status, code: Some(code), info: String::new(), duration_ms: now_ms() - began_ms }
    }

    async fn status(&mut self) -> (CheckStatus, u16) {
        // As the shell has it, and HAProxy: 255 for what could not be started.
        const NOT_STARTED: u16 = 255;
        let Ok(mut child) = self.command.spawn() else { return (CheckStatus::ProcessError, NOT_STARTED) };
        match timeout(Duration::from_millis(self.limit_ms), child.wait()).await {
            Err(_) => {
                // It ends with the handle.
                let _ = child.kill().await;
                (CheckStatus::ProcessTimeout, 0)
            }
            Ok(Ok(status)) if status.success() => (CheckStatus::ProcessOk, 0),
            Ok(Ok(status)) => {
                let code = status.code().and_then(|code| u16::try_from(code).ok());
                (CheckStatus::ProcessError, code.unwrap_or(u16::MAX))
            }
            Ok(Err(_)) => (CheckStatus::ProcessError, NOT_STARTED),
        }
    }
}

/// Address and port of the proxy's first listener.
fn own_address(plan: &Plan, about: &About) -> (Option<String>, Option<String>) {
    let proxy = plan.proxy(about.checked.backend);
    let listeners = proxy.frontend.iter().flat_map(|frontend| &frontend.listeners);
    for listener in listeners.map(|id| plan.listener(*id)) {
        match (&listener.address.family, listener.address.port) {
            (AddressFamily::Ip(ip), PortSpec::Fixed(port)) => {
                return (Some(ip.to_string()), Some(port.to_string()));
            }
            (AddressFamily::Unix(path), _) => return (Some(path.to_string()), Some(NOT_USED.into())),
            _ => {}
        }
    }
    (None, None)
}
