//! What is settled when a proxy's section ends, of that proxy alone.

use weir_types::{AddressFamily, Diagnostic, Form, Level, Mode, PortSpec};

use crate::model::{CheckStep, LogFormat, Proxy, Server};
use crate::parser::Parser;

/// The section is complete; its lines cannot change it any more.
pub(super) fn section(parser: &mut Parser<'_>, proxy: &mut Proxy) {
    log_format(parser, proxy);
    check_ports(parser, proxy);
    check_encryption(parser, proxy);
}

/// An HTTP log line says nothing of TCP streams; the TCP line takes its place.
fn log_format(parser: &mut Parser<'_>, proxy: &mut Proxy) {
    let (span, option) = match &proxy.settings.log.format {
        LogFormat::Http(span) | LogFormat::Clf(span) => (*span, "httplog"),
        LogFormat::Https(span) => (*span, "httpslog"),
        _ => return,
    };
    if proxy.mode == Mode::Http || !proxy.kind.has_frontend() {
        return;
    }
    let title = format!("{} '{}'", proxy.kind.noun(), proxy.name);
    let text = format!(
        "'option {option}' not usable with {title} (needs 'mode http'). Falling back to 'option tcplog'."
    );
    parser.push(Diagnostic::new(Level::Warning, Form::ParsingBare, Some(span), text));
    let settings = std::sync::Arc::make_mut(&mut proxy.settings);
    std::sync::Arc::make_mut(&mut settings.log).format = LogFormat::Tcp(span);
}

/// `connect ssl` takes what the server line says of TLS, also where the traffic is not encrypted.
fn check_encryption(parser: &mut Parser<'_>, proxy: &mut Proxy) {
    let encrypts = |step: &CheckStep| matches!(step, CheckStep::Connect { ssl: true, .. });
    if !proxy.settings.check.steps.iter().any(encrypts) {
        return;
    }
    let Some(backend) = &mut proxy.backend else { return };
    for server in backend.servers.iter_mut().filter(|server| server.options.settings.check.enabled) {
        crate::server::tls::for_checks(parser, &proxy.name, server);
    }
}

/// Every check needs a port from somewhere.
fn check_ports(parser: &mut Parser<'_>, proxy: &Proxy) {
    let Some(backend) = &proxy.backend else { return };
    let connects = |step: &CheckStep| matches!(step, CheckStep::Connect { port: Some(_), .. });
    if proxy.settings.check.steps.iter().any(connects) {
        return;
    }
    let portless = |server: &&Server| {
        let check = &server.options.settings.check;
        let network = matches!(server.address.family, AddressFamily::Ip(_) | AddressFamily::Name(_));
        check.enabled && check.port.is_none() && network && server.address.port == PortSpec::None
    };
    for server in backend.servers.iter().filter(portless) {
        let (title, name) = (format!("{} '{}'", proxy.kind.noun(), proxy.name), &server.name);
        let text = format!("config: {title}: server '{name}' has neither service port nor check port.");
        parser.push(Diagnostic::new(Level::Alert, Form::Bare, Some(server.span), text));
    }
}
