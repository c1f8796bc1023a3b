//! HAProxy's warnings about a proxy that is valid and will not do all that is written in it.

use weir_config::model::{CheckProtocol, CheckStep, Config, ExpectMatch, LogFormat, Proxy};
use weir_plan::settings::Algorithm;
use weir_types::{Diagnostic, Diagnostics, Form, Level, Mode, Span};

/// Everything worth saying of one proxy, in HAProxy's order.
pub fn proxy(config: &Config, proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let mut warn = |span: Span, text: String| {
        diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(span), text));
    };
    let span = proxy.span;
    let (noun, name) = (proxy.kind.noun(), &proxy.name);
    if without_bind(proxy) {
        let hint = "Please declare it as a backend if this was intended.";
        warn(span, format!("{noun} '{name}' has no 'bind' directive. {hint}"));
    }
    if proxy.settings.cookie.is_some() && proxy.mode != Mode::Http && proxy.kind.has_backend() {
        warn(span, format!("cookie will be ignored for {noun} '{name}' (needs 'mode http')."));
    }
    if layer7(&proxy.settings.balance.algorithm) && proxy.mode != Mode::Http && proxy.kind.has_backend() {
        let fallback = "(needs 'mode http'). Falling back to round robin.";
        warn(span, format!("Layer 7 hash not possible for {noun} '{name}' {fallback}"));
    }
    if missing_timeouts(proxy) {
        warn(span, format!("missing timeouts for {noun} '{name}'.\n{TIMEOUTS}"));
    }
    if proxy.kind.has_frontend() && log_format_without_target(config, proxy) {
        warn(span, format!("log format ignored for {noun} '{name}' since it has no log address."));
    }
    if http_check_rules_ignored(proxy) {
        let why = "uses http-check rules without 'option httpchk', so the rules are ignored.";
        warn(span, format!("{noun} '{name}' {why}"));
    }
    if proxy.kind.has_backend() && matches!(proxy.settings.check.protocol, CheckProtocol::External) {
        external_check(config, proxy, diagnostics);
    }
    let mut warn = |span: Span, text: String| {
        diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(span), text));
    };
    if proxy.mode != Mode::Http {
        http_only(proxy, &mut warn);
    }
}

/// What `option external-check` needs elsewhere.
fn external_check(config: &Config, proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let (span, name) = (proxy.span, &proxy.name);
    let missing = [
        (!config.global.external_check, "global.external-check"),
        (proxy.settings.check.external_command.is_none(), "external-check command"),
    ];
    for (_, what) in missing.into_iter().filter(|(missing, _)| *missing) {
        let text = format!("Proxy '{name}' : 'option external-check' unable to find required '{what}'.");
        diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text));
    }
    if !config.global.fork_wanted {
        let text = format!(
            "Proxy '{name}' : 'insecure-fork-wanted' not enabled in the global section, 'option external-check' will \
             likely fail."
        );
        diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(span), text));
    }
}

const TIMEOUTS: &str = "   | While not properly invalid, you will certainly encounter various problems
   | with such a configuration. To fix this, please ensure that all following
   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.";

fn without_bind(proxy: &Proxy) -> bool {
    proxy.kind.has_frontend() && proxy.frontend.as_ref().is_none_or(|parts| parts.binds.is_empty())
}

fn has_servers(proxy: &Proxy) -> bool {
    proxy.backend.as_ref().is_some_and(|parts| !parts.servers.is_empty() || !parts.templates.is_empty())
}

fn missing_timeouts(proxy: &Proxy) -> bool {
    if !matches!(proxy.mode, Mode::Tcp | Mode::Http) {
        return false;
    }
    let timeouts = &proxy.settings.timeouts;
    let unset = |timeout: Option<u32>| timeout.is_none_or(|milliseconds| milliseconds == 0);
    let client = proxy.kind.has_frontend() && unset(timeouts.client);
    let server = proxy.kind.has_backend()
        && has_servers(proxy)
        && (unset(timeouts.connect) || (unset(timeouts.server) && unset(timeouts.tunnel)));
    client || server
}

fn log_format_without_target(config: &Config, proxy: &Proxy) -> bool {
    let log = &proxy.settings.log;
    let sends = log.targets.iter().any(|line| match line.to {
        weir_config::model::LogWhere::Global => line.global_targets > 0 && !config.global.logs.is_empty(),
        weir_config::model::LogWhere::Address(_) => true,
    });
    !matches!(log.format, LogFormat::Default) && !sends
}

fn http_check_rules_ignored(proxy: &Proxy) -> bool {
    proxy.kind.has_backend()
        && has_servers(proxy)
        && !proxy.settings.check.steps.is_empty()
        && matches!(proxy.settings.check.protocol, CheckProtocol::Connect)
        && proxy.settings.check.steps.iter().any(is_http_step)
}

/// A step that only `http-check` has, or an expectation that only an HTTP answer can meet.
fn is_http_step(step: &CheckStep) -> bool {
    match step {
        CheckStep::HttpSend { .. } => true,
        CheckStep::Expect { matching, .. } => {
            matches!(
                matching,
                ExpectMatch::Status(_) | ExpectMatch::StatusRegex(_) | ExpectMatch::Header { .. }
            )
        }
        _ => false,
    }
}

fn layer7(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Uri { .. } | Algorithm::UrlParam { .. } | Algorithm::Header { .. })
}

/// What a proxy in another mode than HTTP ignores.
fn http_only(proxy: &Proxy, warn: &mut impl FnMut(Span, String)) {
    let (noun, name, span) = (proxy.kind.noun(), &proxy.name, proxy.span);
    if proxy.settings.stats.is_some() {
        warn(span, format!("'stats' statement ignored for {noun} '{name}' as it requires HTTP mode."));
    }
    let rules = proxy.rules.as_deref();
    // Connections that are upgraded do meet them.
    let switches = |rule: &weir_rules::Rule<_>| matches!(rule.action, weir_rules::Action::SwitchModeHttp);
    if rules.is_some_and(|rules| rules.tcp_request_content.iter().any(switches)) {
        return;
    }
    let lists = [
        ("http-request", rules.map_or(0, |rules| rules.http_request.len())),
        ("http-response", rules.map_or(0, |rules| rules.http_response.len())),
        ("http-after-response", rules.map_or(0, |rules| rules.http_after_response.len())),
        ("redirect", rules.map_or(0, |rules| rules.redirect.len())),
    ];
    for (keyword, _) in lists.iter().filter(|(_, count)| *count > 0) {
        warn(span, format!("'{keyword}' rules ignored for {noun} '{name}' as they require HTTP mode."));
    }
    for (option, set) in [
        ("forwardfor", proxy.settings.options.forwardfor.is_some()),
        ("originalto", proxy.settings.options.originalto.is_some()),
        ("forwarded", proxy.settings.forwarded.is_some()),
    ] {
        if set {
            warn(span, format!("'option {option}' ignored for {noun} '{name}' as it requires HTTP mode."));
        }
    }
}
