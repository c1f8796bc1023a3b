//! The answer to a WebSocket's key (RFC 6455 section 4.2.2), which a server that was asked by HTTP/2 does not give.

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// `sec-websocket-accept` for a `sec-websocket-key`.
pub fn websocket_accept(key: &[u8]) -> String {
    openssl::base64::encode_block(&openssl::sha::sha1(&[key, GUID].concat()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn example_of_the_rfc() {
        // RFC 6455 section 1.3.
        assert_eq!(super::websocket_accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
