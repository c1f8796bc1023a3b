//! Keys of WebSocket handshakes (RFC 6455 section 4.2.2), which HTTP/1 needs and HTTP/2 has not.

use crate::worker::Worker;

/// A key for a handshake that came by HTTP/2.
pub fn new_key(worker: &Worker) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&worker.random().to_be_bytes());
    bytes[8..].copy_from_slice(&worker.random().to_be_bytes());
    openssl::base64::encode_block(&bytes)
}

/// What the server must answer to a key.
pub fn accept_of(key: &[u8]) -> String {
    weir_http::h2::websocket_accept(key)
}
