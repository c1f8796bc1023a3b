//! Whether a check's connection is encrypted, and as what: `ssl` and `check-ssl` of the server line, `ssl`, `sni` and
//! `alpn` of a `connect`.

use std::io;
use std::sync::Arc;

use openssl::ssl::Ssl;
use weir_check::Opening;
use weir_plan::Server;
use weir_tls::{Connector, ConnectorSettings};

/// The handshake to come; `None` for a connection in the clear.
pub fn begin(server: &Server, opening: &Opening) -> Option<io::Result<Ssl>> {
    // Whatever asks for encryption has made the configuration keep what the server line says of it.
    let tls = server.tls.as_deref()?;
    let asked = opening.tls.as_deref();
    if asked.is_none() && !(opening.as_server && tls.checks) {
        return None;
    }
    let name = asked.and_then(|asked| asked.sni.as_deref()).or(tls.check_name.as_deref());
    let begun = match asked.and_then(|asked| asked.alpn.as_deref()) {
        None => tls.check_connector.as_ref().unwrap_or(&tls.connector).begin(name, server.slot.0),
        Some(alpn) => {
            apart(&tls.connector.state().settings, alpn).and_then(|it| it.begin(name, server.slot.0))
        }
    };
    Some(begun.ok_or(io::ErrorKind::OutOfMemory.into()))
}

/// For a `connect` that asks for what the server line does not say.
fn apart(line: &ConnectorSettings, alpn: &str) -> Option<Connector> {
    let mut settings = line.clone();
    settings.context.alpn = Some(Arc::from(alpn));
    Connector::new(settings).ok()
}
