//! What proxies inherit. Proxies that share one written `Settings` share the compiled one too, unless something in it
//! means the proxy itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use weir_config::model::{
    Config, Errors, LogFormat, LogLine, LogSetup, LogWhere, Proxy, Settings as Written,
};
use weir_plan::Settings;
use weir_plan::settings::{ErrorPage, ErrorPages, LogTarget, LogTransport, retry};
use weir_sample::{Format, Resolved};
use weir_types::{AddressFamily, Diagnostic, Diagnostics, Form, Level, Mode, PortSpec, Span};

use crate::resolver::Resolver;
use crate::ring;
use crate::standard;

/// Compiled settings with the written ones and the mode they came from, the latest last.
#[derive(Default)]
pub struct Shared {
    recent: VecDeque<(Arc<Written>, Mode, Arc<Settings>)>,
}

/// Sections with the same settings mostly stand near each other.
const RECENT: usize = 8;

impl Shared {
    pub fn compile(
        &mut self,
        config: &Config,
        proxy: &Proxy,
        resolver: &mut Resolver<'_, '_>,
    ) -> Arc<Settings> {
        let written = &proxy.settings;
        let shareable = proxy.description.is_none();
        let known =
            |(other, mode, _): &&(Arc<Written>, Mode, _)| *mode == proxy.mode && alike(other, written);
        if let Some((_, _, settings)) = self.recent.iter().rev().find(known).filter(|_| shareable) {
            return settings.clone();
        }
        resolver.used_current = false;
        let settings = Arc::new(compile(config, proxy, resolver));
        if shareable && !resolver.used_current {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back((written.clone(), proxy.mode, settings.clone()));
        }
        settings
    }
}

/// Whether everything that [`compile`] reads is the same.
fn alike(one: &Arc<Written>, other: &Arc<Written>) -> bool {
    fn same<T>(one: &Option<Arc<T>>, other: &Option<Arc<T>>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
    Arc::ptr_eq(one, other)
        || (one.timeouts == other.timeouts
            && (Arc::ptr_eq(&one.options, &other.options) || one.options == other.options)
            && Arc::ptr_eq(&one.log, &other.log)
            && Arc::ptr_eq(&one.errors, &other.errors)
            && same(&one.forwarded, &other.forwarded)
            && same(&one.stats, &other.stats)
            && same(&one.email_alert, &other.email_alert)
            && same(&one.unique_id_format, &other.unique_id_format)
            && one.unique_id_header == other.unique_id_header
            && one.monitor_uri == other.monitor_uri
            && same(&one.compression, &other.compression)
            && one.client_keepalive == other.client_keepalive
            && one.server_keepalive == other.server_keepalive
            && one.retries == other.retries
            && one.retry_on == other.retry_on)
}

fn compile(config: &Config, proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Settings {
    let written = &*proxy.settings;
    resolver.at("in log-format expression");
    let format = |resolver: &mut Resolver<'_, '_>, format: &Option<Arc<Format<weir_sample::Named>>>| {
        format.as_ref().and_then(|format| resolver.format(format))
    };
    Settings {
        timeouts: written.timeouts.clone(),
        options: (*written.options).clone(),
        errors: errors(config, &written.errors, resolver),
        client_keepalive: written.client_keepalive,
        server_keepalive: written.server_keepalive,
        logs: targets(config, &written.log.targets, &proxy.name, resolver.diagnostics),
        log_tag: written.log.tag.clone().or_else(|| config.global.log_tag.clone()),
        log_format: log_format(&written.log, proxy.mode, resolver),
        log_format_sd: format(resolver, &written.log.format_sd),
        log_steps: written.log.steps,
        error_log_format: format(resolver, &written.log.error_format),
        unique_id_format: format(resolver, &written.unique_id_format),
        unique_id_header: written.unique_id_header.as_deref().map(Into::into),
        stats: written.stats.as_ref().map(|stats| stats.page.clone()),
        email_alert: email_alert(config, written, resolver),
        monitor_uri: written.monitor_uri.as_deref().map(Into::into),
        description: proxy.description.clone(),
        forwarded: written.forwarded.as_deref().and_then(|(forwarded, span)| {
            resolver.at("in 'option forwarded' expression");
            Some(Box::new(forwarded.resolve(|expr| resolver.expr(expr, *span))?))
        }),
        compression: written.compression.clone(),
        retries: written.retries.unwrap_or(3),
        retry_on: written.retry_on.unwrap_or(retry::CONN_FAILURE),
    }
}

/// `email-alert` works only with all of what it needs.
fn email_alert(
    config: &Config,
    written: &Written,
    resolver: &mut Resolver<'_, '_>,
) -> Option<Arc<weir_plan::settings::EmailAlert>> {
    let alert = written.email_alert.as_deref()?;
    let proxy = resolver.proxy;
    let (Some(mailers), Some(from), Some(to)) = (&alert.mailers, &alert.from, &alert.to) else {
        let text = format!(
            "'email-alert' will be ignored for {} '{}' (the presence any of 'email-alert from', 'email-alert level' \
             'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', \
             'email-alert mailers' and 'email-alert to' to be present).",
            proxy.kind.noun(),
            proxy.name
        );
        resolver.diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(alert.span), text));
        return None;
    };
    let Some(section) = config.mailers.iter().find(|section| section.name == mailers.text) else {
        let text = format!("Proxy '{}': unable to find mailers '{}'.", proxy.name, mailers.text);
        resolver.missing(mailers.span, text, &mailers.text);
        return None;
    };
    let addresses = section.mailers.iter().filter_map(|(_, address, _)| {
        let PortSpec::Fixed(port) = address.port else { return None };
        let ip = match &address.family {
            AddressFamily::Ip(ip) => *ip,
            AddressFamily::Name(name) => resolver.names.host(name, address.only)?,
            _ => return None,
        };
        Some((ip, port).into())
    });
    Some(Arc::new(weir_plan::settings::EmailAlert {
        mailers: addresses.collect(),
        from: from.clone(),
        to: to.clone(),
        host: alert.myhostname.clone(),
        level: alert.level.unwrap_or(1),
        timeout_ms: section.timeout_mail.unwrap_or(10_000),
    }))
}

/// Left out where nothing is logged.
fn log_format(log: &LogSetup, mode: Mode, resolver: &mut Resolver<'_, '_>) -> Option<Format<Resolved>> {
    if log.targets.is_empty() {
        return None;
    }
    match &log.format {
        LogFormat::Custom(format) => resolver.format(format),
        named => standard::log_format(named, mode, resolver),
    }
}

/// What the `log` lines of `owner` come to.
pub fn targets(
    config: &Config,
    lines: &[LogLine],
    owner: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<LogTarget> {
    lines
        .iter()
        .flat_map(|line| match &line.to {
            LogWhere::Global => {
                let targets = config.global.logs.iter().take(line.global_targets as usize);
                targets.map(|target| ring::shape(config, target.clone())).collect::<Vec<_>>()
            }
            LogWhere::Address(_) => {
                let target = target(line, config, owner, diagnostics);
                target.map(|target| ring::shape(config, target)).into_iter().collect()
            }
        })
        .collect()
}

/// Where a `log` line of `owner` leads; its faults are noted in `diagnostics`.
fn target(line: &LogLine, config: &Config, owner: &str, diagnostics: &mut Diagnostics) -> Option<LogTarget> {
    let mut missing = |span: Span, text: String, name: &str| {
        diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text).wanting(name));
    };
    let LogWhere::Address(address) = &line.to else { return None };
    let transport = match (&address.family, address.port) {
        (AddressFamily::Ip(ip), PortSpec::Fixed(port)) => LogTransport::Udp((*ip, port).into()),
        (AddressFamily::Ip(ip), _) => LogTransport::Udp((*ip, 514).into()),
        (AddressFamily::Unix(path), _) => LogTransport::Unix(path.clone()),
        (AddressFamily::Fd(fd), _) => LogTransport::Fd(*fd),
        (AddressFamily::Ring(name), _) => {
            if !ring::is_known(config, name) {
                let text = format!("Proxy '{owner}': log server uses unknown ring named '{name}'.");
                missing(line.span, text, name);
            }
            // Those two are the standard descriptors under another name.
            match &**name {
                "stdout" => LogTransport::Fd(1),
                "stderr" => LogTransport::Fd(2),
                _ => LogTransport::Ring(name.clone()),
            }
        }
        (AddressFamily::Backend(name), _) => LogTransport::Backend(name.clone()),
        (other, _) => {
            let text = format!("'log' to {other:?} is not supported by weir yet.");
            diagnostics.push(Diagnostic::new(Level::Alert, Form::Parsing, Some(line.span), text));
            return None;
        }
    };
    if let Some(profile) = &line.profile
        && !config.log_profiles.iter().any(|known| known.name == profile.text)
    {
        let text = format!("Proxy '{owner}': unknown log-profile '{}'.", profile.text);
        missing(profile.span, text, &profile.text);
    }
    Some(LogTarget {
        transport,
        len: line.len,
        format: line.format.unwrap_or_default(),
        as_received: line.format.is_none(),
        sample: line.sample.clone(),
        facility: line.facility,
        level: line.level,
        min_level: line.min_level,
        profile: line.profile.as_ref().map(|name| name.text.clone()),
    })
}

fn errors(config: &Config, written: &Errors, resolver: &mut Resolver<'_, '_>) -> ErrorPages {
    let mut by_status: BTreeMap<u16, ErrorPage> = BTreeMap::new();
    for reference in &written.sections {
        let section = config.http_errors.iter().find(|section| section.name == reference.section.text);
        let Some(section) = section else {
            let (at, name) = (reference.section.span, &reference.section.text);
            let text = format!(
                "proxy '{}': unknown http-errors section '{}' (at {}).",
                resolver.proxy.name,
                name,
                resolver.names.place(at)
            );
            resolver.missing(at, text, name);
            continue;
        };
        let wanted = |status: &u16| reference.codes.is_empty() || reference.codes.contains(status);
        by_status.extend(
            section
                .pages
                .iter()
                .filter(|(status, _)| wanted(status))
                .map(|(status, page)| (*status, page.clone())),
        );
    }
    by_status.extend(written.pages.iter().map(|(status, page)| (*status, page.clone())));
    for (status, reply) in &written.replies {
        let result = reply.resolve(resolver);
        if let Some(reply) = resolver.keep(result, resolver.proxy.span) {
            by_status.insert(*status, ErrorPage::Reply(Arc::new(reply)));
        }
    }
    ErrorPages { by_status }
}

pub fn not_yet(resolver: &mut Resolver<'_, '_>, span: Span, text: String) {
    resolver.diagnostics.push(Diagnostic::new(Level::Alert, Form::Parsing, Some(span), text));
}
