//! Header names that the proxy itself acts upon, recognised once when a line is parsed or added.

/// Identity of a header name; everything without a part in framing or persistence is [`Known::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Known {
    Other,
    Host,
    ContentLength,
    TransferEncoding,
    Connection,
    Upgrade,
    Expect,
    ProxyConnection,
    KeepAlive,
    Te,
    Trailer,
    SecWebSocketKey,
    SecWebSocketAccept,
    Cookie,
    SetCookie,
    Authorization,
    Date,
}

impl Known {
    /// The identity of a name in lower case.
    pub fn of(name: &[u8]) -> Known {
        match name {
            b"host" => Known::Host,
            b"connection" => Known::Connection,
            b"content-length" => Known::ContentLength,
            b"transfer-encoding" => Known::TransferEncoding,
            b"upgrade" => Known::Upgrade,
            b"expect" => Known::Expect,
            b"proxy-connection" => Known::ProxyConnection,
            b"keep-alive" => Known::KeepAlive,
            b"te" => Known::Te,
            b"trailer" => Known::Trailer,
            b"sec-websocket-key" => Known::SecWebSocketKey,
            b"sec-websocket-accept" => Known::SecWebSocketAccept,
            b"cookie" => Known::Cookie,
            b"set-cookie" => Known::SetCookie,
            b"authorization" => Known::Authorization,
            b"date" => Known::Date,
            _ => Known::Other,
        }
    }
}
