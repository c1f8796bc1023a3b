//! Answers as rules describe them: `deny`, `return`, `tarpit`, `redirect`, `http-error`.

use weir_http::{Reply, error_page};
use weir_plan::Plan;
use weir_rules::{Redirect, RedirectKind, Reply as Described, ReplyBody};
use weir_sample::Resolved;

use super::reply::raw_reply;
use crate::turn::Turn;

impl Turn<'_, '_> {
    /// The answer that `described` stands for now. `None`: no answer at all (`errorfile` of `/dev/null`, no room).
    pub fn make_reply(
        &self,
        plan: &Plan,
        described: &Described<Resolved>,
        default_status: u16,
    ) -> Option<Reply> {
        let status = described.status.unwrap_or(default_status);
        let body = match &described.body {
            // A section's pages were put in place by the compiler; what is left of the name is the proxy's own page.
            ReplyBody::ErrorPage | ReplyBody::ErrorFiles(_) | ReplyBody::DefaultErrorFiles => {
                return self.page_reply(plan, status);
            }
            ReplyBody::Nothing => return None,
            ReplyBody::Raw(message) => return raw_reply(message),
            ReplyBody::Empty => Vec::new(),
            ReplyBody::Bytes(bytes) => bytes.to_vec(),
            ReplyBody::Format(format) => {
                let mut text = Vec::new();
                format.write(&self.view(true), &mut text);
                text
            }
        };
        let content_type = described.content_type.as_deref().map(str::as_bytes).filter(|_| !body.is_empty());
        let mut reply = Reply::new(status).ok()?;
        for (name, value) in &described.headers {
            let mut text = Vec::new();
            value.write(&self.view(true), &mut text);
            // A header whose value comes to nothing is left out, as HAProxy does.
            if !text.is_empty() {
                reply.headers().add(name.to_ascii_lowercase().as_bytes(), &text).ok()?;
            }
        }
        reply.set_content(content_type, body).ok()?;
        Some(reply)
    }

    /// The proxy's page for a status, or the built-in one of its class.
    fn page_reply(&self, plan: &Plan, status: u16) -> Option<Reply> {
        let own = [self.stream.backend, self.stream.frontend]
            .iter()
            .any(|proxy| plan.proxy(*proxy).settings.errors.by_status.contains_key(&status));
        if own || error_page::find(status).is_some() {
            return self.error_reply(plan, status);
        }
        self.error_reply(plan, 500)
    }

    /// `redirect` (manual 4.2). `None` where `ignore-empty` finds nothing to go to.
    pub fn make_redirect(&self, redirect: &Redirect<Resolved>) -> Option<Reply> {
        let request = &self.stream.request;
        let mut target = Vec::new();
        redirect.target.write(&self.view(true), &mut target);
        if redirect.ignore_empty && target.is_empty() {
            return None;
        }
        let mut location = Vec::new();
        match redirect.kind {
            RedirectKind::Location => location = target,
            RedirectKind::Scheme => {
                location.extend_from_slice(&target);
                location.extend_from_slice(b"://");
                location.extend_from_slice(request.host().unwrap_or_default());
                self.append_path(redirect, &mut location);
            }
            RedirectKind::Prefix => {
                // A prefix of a mere slash would make a location of two.
                if target != b"/" {
                    location.extend_from_slice(&target);
                }
                self.append_path(redirect, &mut location);
            }
        }
        if redirect.keep_query
            && redirect.kind == RedirectKind::Location
            && let Some(query) = request.query()
        {
            location.push(if location.contains(&b'?') { b'&' } else { b'?' });
            location.extend_from_slice(query);
        }
        let mut reply = Reply::redirect(redirect.code, &location).ok()?;
        if let Some(cookie) = &redirect.set_cookie {
            reply.headers().add(b"set-cookie", cookie.as_bytes()).ok()?;
        }
        Some(reply)
    }

    fn append_path(&self, redirect: &Redirect<Resolved>, location: &mut Vec<u8>) {
        let request = &self.stream.request;
        let path = request.path();
        location.extend_from_slice(if path.is_empty() { b"/" } else { path });
        if redirect.append_slash && !path.ends_with(b"/") {
            location.push(b'/');
        }
        if !redirect.drop_query
            && let Some(query) = request.query()
        {
            location.push(b'?');
            location.extend_from_slice(query);
        }
    }
}
