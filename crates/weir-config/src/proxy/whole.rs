//! Facts about whole proxies that need no other section: what stands beside what, missing timeouts, formats without a
//! log. HAProxy looks at these once every line was understood.

use weir_types::{Diagnostic, Diagnostics, Form, Level, Mode};

use crate::model::{Config, LogFormat, Proxy};
use crate::parser::Parser;

/// What HAProxy settles when a section ends.
pub(super) fn section(_: &mut Parser<'_>, _: &mut Proxy) {}

/// All proxies, in the order of the text.
pub(crate) fn check(config: &Config, diagnostics: &mut Diagnostics) {
    for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
        binds(proxy, diagnostics);
        timeouts(proxy, diagnostics);
        log_format(proxy, diagnostics);
    }
}

fn bare(level: Level, proxy: &Proxy, text: String) -> Diagnostic {
    Diagnostic::new(level, Form::Bare, Some(proxy.span), text)
}

fn title(proxy: &Proxy) -> String {
    format!("{} '{}'", proxy.kind.noun(), proxy.name)
}

fn binds(proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let listens = proxy.frontend.as_ref().is_some_and(|frontend| !frontend.binds.is_empty());
    if proxy.kind == weir_types::ProxyKind::Frontend && !listens {
        let title = title(proxy);
        let text =
            format!("{title} has no 'bind' directive. Please declare it as a backend if this was intended.");
        diagnostics.push(bare(Level::Warning, proxy, text));
    }
}

fn timeouts(proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let timeouts = &proxy.settings.timeouts;
    let set = |value: Option<u32>| value.is_some_and(|value| value > 0);
    let has_servers = proxy.backend.as_ref().is_some_and(|backend| !backend.servers.is_empty());
    let missing = (proxy.kind.has_frontend() && !set(timeouts.client))
        || (proxy.kind.has_backend() && has_servers && (!set(timeouts.connect) || !set(timeouts.server)));
    if !missing || proxy.mode == Mode::Syslog {
        return;
    }
    let text = format!(
        "missing timeouts for {}.\n   | While not properly invalid, you will certainly encounter various problems\n   | \
         with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero \
         value: 'client', 'connect', 'server'.",
        title(proxy)
    );
    diagnostics.push(bare(Level::Warning, proxy, text));
}

fn log_format(proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let log = &proxy.settings.log;
    if proxy.kind.has_frontend() && log.targets.is_empty() && !matches!(log.format, LogFormat::Default) {
        let text = format!("log format ignored for {} since it has no log address.", title(proxy));
        diagnostics.push(bare(Level::Warning, proxy, text));
    }
}
