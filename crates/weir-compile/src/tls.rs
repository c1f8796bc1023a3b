//! TLS of listeners and servers: contexts that can be made, and what is wrong with those that cannot.

use std::collections::HashMap;
use std::sync::Arc;

use weir_config::model::{Bind, ServerOptions, TlsBind, TlsServer};
use weir_plan::settings::GlobalTls;
use weir_plan::{ServerName, ServerTls};
use weir_tls::context::Refused;
use weir_tls::forge::{Authority, Forge};
use weir_tls::{
    Connector, ConnectorSettings, ContextSettings, Listener, ListenerEntry, ListenerSettings, Verify,
};
use weir_types::{Diagnostic, Diagnostics, Form, Level, Mode, Span};

use crate::names::Names;
use crate::resolver::Resolver;

/// What frontends in HTTP mode negotiate unless a line says otherwise (5.1 `alpn`).
const DEFAULT_ALPN: &str = "h2,http/1.1";

/// The protocols of a list that checks speak: what nobody would answer must not be agreed upon.
fn spoken(list: &str) -> Arc<str> {
    let names: Vec<&str> = list.split(',').filter(|name| *name != "h2").collect();
    names.join(",").into()
}

/// The certificates of a `bind` line with `ssl`. `scope` tells the line from others, for its sessions.
pub fn listener(
    bind: &Bind,
    proxy: &str,
    mode: Mode,
    scope: &str,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Listener>> {
    let tls = bind.options.tls.as_deref().filter(|tls| tls.enabled)?;
    let config = names.config;
    let global = &config.global.tls;
    let mut settings = line_settings(tls, global, mode);
    // A request of early data is one that a buffer holds.
    let tune = &config.global.tune;
    settings.early_data_limit = tune.bufsize.saturating_sub(tune.maxrewrite);
    let place = names.place(bind.span);
    let name = format!("for bind '{}' at [{place}]", bind.text);
    let mut say = |level: Level, text: String| {
        let text = format!("Proxy '{proxy}': {text}");
        diagnostics.push(Diagnostic::new(level, Form::Config, Some(bind.span), text));
    };
    if !config.checked {
        remarks(&tls.settings, &name, &mut say);
        if verifies(&settings) && settings.ca_file.is_none() && settings.ca_verify_file.is_none() {
            say(Level::Alert, format!("verify is enabled but no CA file specified {name}."));
            return None;
        }
    }
    let forge = match forge(tls, &place, names) {
        Ok(forge) => forge.map(Arc::new),
        Err(text) => {
            say(Level::Alert, text);
            return None;
        }
    };
    let shared = Arc::new(settings.clone());
    let mut overlaid: HashMap<*const ContextSettings, Arc<ContextSettings>> = HashMap::new();
    let entries = tls.entries.iter().map(|entry| {
        let settings = match &entry.settings {
            None => shared.clone(),
            Some(own) => {
                let over = || Arc::new(own.over(&settings));
                overlaid.entry(Arc::as_ptr(own)).or_insert_with(over).clone()
            }
        };
        let origin = entry.origin.clone();
        ListenerEntry::new(entry.certificate.clone(), entry.filters.clone(), settings, origin)
    });
    let entries = entries.collect();
    let settings = ListenerSettings {
        context: settings,
        strict_sni: tls.strict_sni.unwrap_or(global.strict_sni),
        session_scope: scope.as_bytes().into(),
        ticket_keys: tls.ticket_keys.clone(),
        lists: tls.lists.clone(),
        forge,
    };
    let listener = Listener::new(settings, entries);
    if !config.checked {
        // What one certificate's context refuses, that of any other with the same settings refuses too.
        let mut seen: Vec<*const ContextSettings> = Vec::new();
        for entry in &listener.entries().list {
            let settings = Arc::as_ptr(&entry.settings());
            if seen.contains(&settings) {
                continue;
            }
            seen.push(settings);
            if let Err(refused) = listener.build(entry) {
                say(Level::Alert, format!("{}.", worded(&refused, &name)));
                return None;
            }
        }
    }
    Some(Arc::new(listener))
}

/// `generate-certificates`; the error is HAProxy's text without the proxy.
fn forge(tls: &TlsBind, place: &str, names: &Names<'_>) -> Result<Option<Forge>, String> {
    if !tls.generate {
        return Ok(None);
    }
    let Some(file) = tls.ca_sign_file.as_deref() else {
        return Err(format!(
            "cannot enable certificate generation, no CA certificate File configured at [{place}]."
        ));
    };
    let refused = |reason: String| {
        format!("Failed to read CA certificate file '{file}' at [{place}]. Chain loading failed: {reason}")
    };
    let pem = names.file(file).ok_or_else(|| refused(format!("cannot open the file '{file}'.")))?;
    let key = names.file(&format!("{file}.key"));
    let authority = Authority::read(&pem, key.as_deref(), tls.ca_sign_pass.as_deref());
    let authority = authority.map_err(|fault| refused(fault.worded(file)))?;
    Ok(Some(Forge::new(authority, names.forged.clone())))
}

fn line_settings(tls: &TlsBind, global: &GlobalTls, mode: Mode) -> ContextSettings {
    let mut settings = tls.settings.over(&global.bind);
    if settings.alpn.is_none() && mode == Mode::Http {
        settings.alpn = Some(DEFAULT_ALPN.into());
    }
    settings.lifetime_s = global.lifetime_s;
    settings.keylog = global.keylog;
    settings
}

fn verifies(settings: &ContextSettings) -> bool {
    settings.verify.unwrap_or_default() != Verify::None
}

/// Versions that cannot all be meant.
fn remarks(settings: &ContextSettings, name: &str, say: &mut impl FnMut(Level, String)) {
    let versions = &settings.versions;
    if versions.without != 0 && (versions.min.is_some() || versions.max.is_some()) {
        let text = format!(
            "no-sslv3/no-tlsv1x are ignored {name}. Use only 'ssl-min-ver' and 'ssl-max-ver' to fix."
        );
        say(Level::Warning, text);
    } else if let (None, Some(max)) = (versions.min, versions.max)
        && max < weir_tls::Version::Tls12
    {
        let max = max.as_str();
        let text = format!(
            "Ambiguous configuration {name}: the ssl-min-ver value is not configured and the ssl-max-ver value is lower \
             than the default ssl-min-ver value (TLSv1.2). Setting the ssl-min-ver to {max}. Use 'ssl-min-ver' to fix \
             this."
        );
        say(Level::Warning, text);
    }
}

/// Which setting is at fault; `name` follows it.
fn worded(refused: &Refused, name: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    match refused {
        Refused::Versions => format!("all SSL/TLS versions are disabled{name}"),
        Refused::Ciphers(list) => format!("unable to set SSL cipher list to '{list}'{name}"),
        Refused::Ciphersuites(list) => format!("unable to set TLS 1.3 cipher suites to '{list}'{name}"),
        Refused::Curves(list) => format!("unable to set SSL curves list to '{list}'{name}"),
        Refused::Ecdhe(curve) => format!("unable to set elliptic named curve to '{curve}'{name}"),
        Refused::Sigalgs(list) | Refused::ClientSigalgs(list) => {
            format!("unable to set SSL Signature Algorithm list to '{list}'{name}")
        }
        Refused::Alpn => format!("ALPN protocol name too long{name}"),
        Refused::Certificate(reason) => format!("unable to use the certificate{name}: {reason}"),
        Refused::OpenSsl(reason) => format!("unable to allocate SSL context{name}: {reason}"),
    }
}

/// Contexts of servers by the options they came from, which lines that say the same share.
#[derive(Default)]
pub struct Connectors {
    by_source: HashMap<*const ServerOptions, Option<Arc<ServerTls>>>,
}

impl Connectors {
    pub fn of(
        &mut self,
        options: &Arc<ServerOptions>,
        mode: Mode,
        path: &str,
        span: Span,
        resolver: &mut Resolver<'_, '_>,
    ) -> Option<Arc<ServerTls>> {
        let tls = options.tls.as_deref().filter(|tls| tls.enabled || tls.check || tls.connect)?;
        let key = Arc::as_ptr(options);
        if let Some(known) = self.by_source.get(&key) {
            return known.clone();
        }
        let made = server(tls, options, mode, path, span, resolver).map(Arc::new);
        self.by_source.insert(key, made.clone());
        made
    }
}

/// What a peer's line says of encryption. Connections to peers belong to no stream that a name could be taken from.
pub fn peer(
    options: &ServerOptions,
    path: &str,
    span: Span,
    names: &Names<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Connector> {
    let tls = options.tls.as_deref().filter(|tls| tls.enabled)?;
    if options.sni.is_some() {
        let text = "'peer ... sni' is not supported by weir yet";
        diagnostics.push(Diagnostic::alert(span, text).as_unsupported());
    }
    connector(connector_settings(tls, names), path, span, diagnostics)
}

fn connector_settings(tls: &TlsServer, names: &Names<'_>) -> ConnectorSettings {
    let mut context = tls.settings.over(&names.config.global.tls.server);
    context.keylog = names.config.global.tls.keylog;
    ConnectorSettings {
        context,
        certificate: tls.certificate.clone(),
        verify_host: tls.verify_host.clone(),
        no_reuse: tls.no_reuse,
    }
}

fn connector(
    settings: ConnectorSettings,
    path: &str,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Option<Connector> {
    match Connector::new(settings) {
        Ok(connector) => Some(connector),
        Err(refused) => {
            let what = match (&refused, path.split_once('/')) {
                (Refused::Versions, Some((proxy, server))) => {
                    format!("proxy '{proxy}': all SSL/TLS versions are disabled for server '{server}'")
                }
                _ => worded(&refused, ""),
            };
            let text = format!("'server {path}' : {what}.");
            diagnostics.push(Diagnostic::new(Level::Alert, Form::Place, Some(span), text));
            None
        }
    }
}

fn server(
    tls: &TlsServer,
    options: &ServerOptions,
    mode: Mode,
    path: &str,
    span: Span,
    resolver: &mut Resolver<'_, '_>,
) -> Option<ServerTls> {
    let settings = connector_settings(tls, resolver.names);
    let mut make = |settings| connector(settings, path, span, resolver.diagnostics);
    // Checks follow the traffic's list unless they have their own.
    let traffic_alpn = settings.context.alpn.clone().filter(|list| list.split(',').any(|name| name == "h2"));
    let check_alpn = tls.check_alpn.as_deref().or(traffic_alpn.as_deref());
    let check_connector = match check_alpn {
        Some(list) => {
            let context = ContextSettings { alpn: Some(spoken(list)), ..settings.context.clone() };
            Some(make(ConnectorSettings { context, ..settings.clone() })?)
        }
        None => None,
    };
    let connector = make(settings)?;
    resolver.at("in server sni expression");
    let name = match &options.sni {
        Some(sni) => ServerName::Expression(resolver.expr(&sni.expr, span)?),
        None if mode == Mode::Http && !tls.no_sni_auto => ServerName::Host,
        None => ServerName::None,
    };
    Some(ServerTls {
        connector,
        check_connector,
        traffic: tls.enabled,
        // Checks follow the traffic unless they go elsewhere (5.2 `check-ssl`).
        checks: tls.check
            || tls.enabled
                && options.settings.check.port.is_none()
                && options.settings.check.address.is_none(),
        name,
        check_name: tls.check_sni.clone(),
        check_host: !tls.no_check_sni_auto,
    })
}
