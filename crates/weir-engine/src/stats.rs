//! What the engine asks of whoever makes the statistics page. The page itself is not made here.

use std::net::IpAddr;

use weir_http::{BodyKind, LAST_CHUNK, Reply, write_chunk};
use weir_plan::Plan;
use weir_plan::settings::StatsPage;
use weir_types::ProxyId;

/// A request for the statistics page of `proxy`, its password already checked.
pub struct StatsRequest<'a> {
    pub plan: &'a Plan,
    pub proxy: ProxyId,
    pub page: &'a StatsPage,
    /// `GET`, `HEAD` or `POST`.
    pub method: &'a [u8],
    /// What follows `stats uri` in the request target: `;csv`, `;json`, `?...`.
    pub rest: &'a [u8],
    /// The whole target, for links back to the page.
    pub target: &'a [u8],
    /// Whether `stats admin` allows changes to this client.
    pub admin: bool,
    /// The form of a `POST`, as far as it fits a buffer.
    pub body: &'a [u8],
    pub client: Option<IpAddr>,
}

/// The answer; `content-length` and `connection` are added by the engine.
#[derive(Clone, Debug, Default)]
pub struct StatsAnswer {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl StatsAnswer {
    /// `None`: a header or the status cannot be sent. `chunked`: the client reads chunks, in which HAProxy sends what it
    /// makes piece by piece.
    pub(crate) fn reply(self, chunked: bool) -> Option<Reply> {
        let mut reply = Reply::new(self.status).ok()?;
        for (name, value) in &self.headers {
            // Behind what a redirection says of its empty body.
            if *name == "location" {
                reply.set_body(Vec::new()).ok()?;
            }
            reply.headers().add(name.as_bytes(), value.as_bytes()).ok()?;
        }
        let located = self.headers.iter().any(|(name, _)| *name == "location");
        if chunked && !self.body.is_empty() {
            reply.headers().add(b"transfer-encoding", b"chunked").ok()?;
            reply.head.body = BodyKind::Chunked;
            write_chunk(&self.body, &mut reply.body);
            reply.body.extend_from_slice(LAST_CHUNK);
            // No trailers.
            reply.body.extend_from_slice(b"\r\n");
        } else if !located {
            reply.set_body(self.body).ok()?;
        }
        Some(reply)
    }
}

pub trait StatsService {
    fn answer(&self, request: &StatsRequest<'_>) -> StatsAnswer;

    /// `http-request use-service prometheus-exporter`; `query` is what follows `?` in the target.
    fn metrics(&self, plan: &Plan, query: &[u8]) -> StatsAnswer;
}
