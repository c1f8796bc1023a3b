//! `http-response cache-store`: which answers are kept, and the filter through which their bodies pass into the cache.

use std::rc::Rc;

use weir_http::cache_control::{self, Lifetime};
use weir_http::{BodyKind, Known, Method, WriteOptions, write_response};
use weir_plan::Plan;
use weir_shm::{Facts, Writer};
use weir_types::ProxyId;

use super::{date, variant};
use crate::channel::{BodyFilter, Pipeline, Taken};
use crate::clock::Clock;
use crate::turn::Turn;

/// What is known of an object while its body comes.
#[derive(Debug)]
pub struct Storing {
    facts: Facts,
    /// Bytes of head and body at most.
    most: u64,
    clock: Rc<Clock>,
}

/// Passes a body on and keeps it.
#[derive(Debug)]
struct Tap {
    writer: Option<Writer>,
    storing: Storing,
}

impl Turn<'_, '_> {
    /// `http-response cache-store`: keeps the head as it is now; what later rules do to it is done to hits as well.
    pub fn cache_store(&mut self, plan: &Plan, proxy: ProxyId) {
        let Some(cache) = self.stream.cache.as_deref() else { return };
        if cache.serving || cache.writer.is_some() {
            return;
        }
        let (settings, key) = (&plan.caches[cache.index as usize], cache.key);
        let shared = self.worker.shm.cache(settings.slot, self.worker.id);
        let (method, status) = (self.stream.request.method(), self.stream.response.status());
        // What was changed is no longer what was stored (RFC 9111 section 4.4).
        if !method.is_safe() && method != Method::Connect && (200..400).contains(&status) {
            shared.invalidate(&key);
        }
        let Some(storing) = self.judge_for_cache(settings) else { return };
        if storing.facts.flags != 0 && shared.count(&key, self.now_ms()) >= settings.max_secondary_entries {
            return;
        }
        if let Some(line) = self.stream.response.headers.position(b"age", 0) {
            self.stream.response.headers.remove_at(line);
        }
        let mut head = self.worker.buffers.text();
        write_response(&self.stream.response, &WriteOptions::default(), &mut head);
        let length = head.len();
        let announced = match self.stream.response.body {
            BodyKind::Length(length) => length,
            _ => 0,
        };
        let fits = length as u64 + announced <= settings.max_object_size;
        let writer = if fits { shared.begin(&key) } else { None };
        let writer = writer.and_then(|mut writer| writer.append(&head).then_some(writer));
        self.worker.buffers.reclaim_text(head);
        let of_backend = proxy != self.stream.frontend;
        if let (Some(writer), Some(cache)) = (writer, self.stream.cache.as_deref_mut()) {
            let facts = Facts { head: length as u32, ..storing.facts };
            cache.writer = Some((writer, Storing { facts, ..storing }));
            cache.of_backend = of_backend;
        }
    }

    /// Whether an answer may be kept, and what is to be known of it (manual 6.1).
    fn judge_for_cache(&self, settings: &weir_plan::Cache) -> Option<Storing> {
        let cache = self.stream.cache.as_deref()?;
        let headers = &self.stream.response.headers;
        let kept = cache.store
            && self.stream.request.method() == Method::Get
            && self.stream.response.status() == 200
            && cache_control::may_be_stored(headers)
            && (self.stream.request.headers.find_known(Known::Authorization).is_none()
                || cache_control::is_public(headers));
        if !kept {
            return None;
        }
        let now_s = self.worker.clock.wall_us(self.now_us()) / 1_000_000;
        let fresh = match cache_control::lifetime(headers) {
            Lifetime::Seconds(seconds) => Some(seconds),
            Lifetime::Expires => {
                let expires = date(headers, b"expires").unwrap_or(0);
                Some(expires.checked_sub(now_s).filter(|left| *left > 0)?)
            }
            Lifetime::Unspecified => None,
            Lifetime::Invalid => return None,
        };
        let age = match headers.find(b"age") {
            Some(value) => cache_control::age(value)?,
            None => 0,
        };
        if u64::from(age) > fresh.unwrap_or(0) {
            return None;
        }
        let (flags, codings) = match headers.contains(b"vary") {
            false => (0, 0),
            true if !settings.process_vary => return None,
            true => (variant::depends_on(headers)?, variant::codings_of(headers)?),
        };
        let most = u64::from(settings.max_age);
        let modified = date(headers, b"last-modified").or_else(|| date(headers, b"date"));
        let now_ms = self.now_ms();
        let facts = Facts {
            secondary: cache.variant.secondary(flags, codings),
            flags,
            head: 0,
            age,
            stored_ms: now_ms,
            expires_ms: now_ms + 1000 * fresh.map_or(most, |fresh| fresh.min(most)),
            modified_s: modified.unwrap_or(now_s),
        };
        Some(Storing { facts, most: settings.max_object_size, clock: self.worker.clock.clone() })
    }

    /// Puts the filter that keeps the body in its place, in front of compression. What a frontend compresses does not
    /// come to a backend's cache as the server sent it, and is not kept.
    pub fn tap_response(&mut self, pipeline: &mut Option<Pipeline>) {
        let compressed_before = self.stream.coding.chosen.is_some() && self.stream.coding.by_frontend;
        let Some(cache) = self.stream.cache.as_deref_mut() else { return };
        let Some((writer, storing)) = cache.writer.take() else { return };
        if compressed_before && cache.of_backend {
            return;
        }
        match self.stream.response.body {
            BodyKind::None | BodyKind::Length(0) => storing.commit(writer),
            _ => {
                let tap = Tap { writer: Some(writer), storing };
                pipeline.get_or_insert_default().add(Box::new(tap));
            }
        }
    }
}

impl Storing {
    fn commit(&self, writer: Writer) {
        writer.commit(&self.facts, self.clock.now_ms());
    }
}

impl BodyFilter for Tap {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        out.extend_from_slice(payload);
        if let Some(writer) = &mut self.writer {
            let fits = writer.bytes() + payload.len() as u64 <= self.storing.most;
            if !fits || !writer.append(payload) {
                self.writer = None;
            }
        }
        Taken::all(payload)
    }

    fn finish(&mut self, _: &mut Vec<u8>) {
        if let Some(writer) = self.writer.take() {
            self.storing.commit(writer);
        }
    }
}
