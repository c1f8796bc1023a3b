//! What the engine asks of whoever makes the statistics page. The page itself is not made here.

use std::net::IpAddr;
use std::sync::Arc;

use weir_http::{BodyKind, Method, Reply};
use weir_plan::Plan;
use weir_plan::settings::StatsPage;
use weir_types::ProxyId;

use crate::stream::Step;
use crate::turn::Turn;

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
    /// `None`: a header or the status cannot be sent. `chunked`: the client reads chunks, which the body is then put
    /// into when it is sent.
    fn reply(self, head_only: bool, chunked: bool) -> Option<Reply> {
        let mut reply = Reply::new(self.status).ok()?;
        for (name, value) in &self.headers {
            // Behind what a redirection says of its empty body.
            if *name == "location" {
                reply.set_body(Vec::new()).ok()?;
            }
            reply.headers().add(name.as_bytes(), value.as_bytes()).ok()?;
        }
        let located = self.headers.iter().any(|(name, _)| *name == "location");
        if self.body.is_empty() || located {
            if !located {
                reply.set_body(self.body).ok()?;
            }
        } else if head_only {
            reply.head.body = BodyKind::None;
        } else if chunked {
            reply.headers().add(b"transfer-encoding", b"chunked").ok()?;
            reply.head.body = BodyKind::Chunked;
            reply.body = self.body;
        } else {
            reply.set_body(self.body).ok()?;
        }
        Some(reply)
    }
}

impl Turn<'_, '_> {
    /// A service of weir's own answers in the place of a server, `name` in the log; what it says may be compressed as a
    /// server's response.
    pub fn answer_by_service(&mut self, plan: &Arc<Plan>, name: &'static str, answer: StatsAnswer) -> Step {
        let now = self.now_us();
        let record = &mut self.stream.record;
        (record.assigned_us, record.connected_us, record.response_us) = (now, now, now);
        self.stream.substitute = name;
        let head_only = self.stream.request.method() == Method::Head;
        let Some(mut reply) = answer.reply(head_only, self.client_reads_chunks()) else {
            return self.answer_error(500);
        };
        self.stream.response = std::mem::take(&mut reply.head);
        self.choose_coding(plan);
        self.judge_response(plan);
        reply.head = std::mem::take(&mut self.stream.response);
        // As the service made it, without what rules and compression make of it.
        let size = crate::http::size_of_response(&reply.head);
        self.answer_counted(plan, reply, Some(size))
    }
}

pub trait StatsService {
    fn answer(&self, request: &StatsRequest<'_>) -> StatsAnswer;

    /// `http-request use-service prometheus-exporter`; `query` is what follows `?` in the target.
    fn metrics(&self, plan: &Plan, query: &[u8]) -> StatsAnswer;
}
