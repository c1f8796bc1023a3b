//! Whether a check's connection is encrypted, and as what: `ssl` and `check-ssl` of the server line, `ssl`, `sni` and
//! `alpn` of a `connect`.

use std::io;
use std::sync::Arc;

use openssl::ssl::Ssl;
use weir_check::Opening;
use weir_plan::Server;
use weir_tls::{Connector, ConnectorSettings, ContextSettings, Verify};

/// The handshake to come; `None` for a connection in the clear.
pub fn begin(server: &Server, opening: &Opening) -> Option<io::Result<Ssl>> {
    let line = server.tls.as_ref();
    let asked = opening.tls.as_deref();
    if asked.is_none() && !(opening.as_server && line.is_some_and(|tls| tls.checks)) {
        return None;
    }
    let own_name = line.and_then(|tls| tls.check_name.as_deref());
    let name = asked.and_then(|tls| tls.sni.as_deref()).or(own_name);
    let begun = match (line, asked.and_then(|tls| tls.alpn.as_deref())) {
        (Some(tls), None) => {
            tls.check_connector.as_ref().unwrap_or(&tls.connector).begin(name, server.slot.0)
        }
        (line, alpn) => {
            let state = line.map(|tls| tls.connector.state());
            apart(state.as_ref().map(|state| &state.settings), alpn)
                .and_then(|connector| connector.begin(name, server.slot.0))
        }
    };
    Some(begun.ok_or(io::ErrorKind::OutOfMemory.into()))
}

/// For a `connect` that asks for what the server line does not say.
fn apart(line: Option<&ConnectorSettings>, alpn: Option<&str>) -> Option<Connector> {
    let mut settings = line.cloned().unwrap_or_else(|| ConnectorSettings {
        context: ContextSettings { verify: Some(Verify::None), ..ContextSettings::default() },
        ..ConnectorSettings::default()
    });
    if let Some(alpn) = alpn {
        settings.context.alpn = Some(Arc::from(alpn));
    }
    Connector::new(settings).ok()
}
