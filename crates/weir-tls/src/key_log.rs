//! Secrets of a connection for packet captures (`tune.ssl.keylog`): kept with the connection, for expressions alone.

use std::sync::{Mutex, OnceLock};

use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContextBuilder, SslRef};

/// Lines as OpenSSL writes them: label, client random, secret.
type Lines = Mutex<Vec<String>>;

/// More are not written in a handshake with its tickets.
const MOST: usize = 16;

fn index() -> Option<Index<Ssl, Lines>> {
    static INDEX: OnceLock<Option<Index<Ssl, Lines>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// Lets the connections of a context keep their secrets.
pub fn keep(builder: &mut SslContextBuilder) {
    builder.set_keylog_callback(|ssl, line| {
        let lines = index().and_then(|index| ssl.ex_data(index));
        if let Some(Ok(mut lines)) = lines.map(Mutex::lock)
            && lines.len() < MOST
        {
            lines.push(line.to_owned());
        }
    });
}

/// Makes room for the secrets of a connection.
pub fn attach(ssl: &mut SslRef) {
    if let Some(index) = index() {
        ssl.set_ex_data(index, Lines::default());
    }
}

/// The secret with this label.
pub fn find(ssl: &SslRef, label: &str) -> Option<String> {
    let lines = ssl.ex_data(index()?)?.lock().ok()?;
    lines.iter().find_map(|line| {
        let (first, rest) = line.split_once(' ')?;
        (first == label).then(|| rest.rsplit(' ').next().unwrap_or_default().to_owned())
    })
}
