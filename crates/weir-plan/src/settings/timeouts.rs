//! `timeout ...` (manual 4.2). Milliseconds; `None` is not set, which is infinite or falls back as the manual says.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    pub client: Option<u32>,
    pub client_fin: Option<u32>,
    pub client_hs: Option<u32>,
    pub handshake: Option<u32>,
    pub server: Option<u32>,
    pub server_fin: Option<u32>,
    pub connect: Option<u32>,
    pub queue: Option<u32>,
    pub tunnel: Option<u32>,
    pub tarpit: Option<u32>,
    pub check: Option<u32>,
    pub http_request: Option<u32>,
    pub http_keep_alive: Option<u32>,
}
