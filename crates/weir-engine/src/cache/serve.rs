//! Answers from the cache: the stored head with its age, 304 where the client has the object, and the body.

use std::sync::Arc;

use weir_http::cache_control::none_match_fails;
use weir_http::{BodyKind, Limits, Status, parse_response};
use weir_plan::Plan;

use super::date;
use crate::record::{Cause, Stage};
use crate::stream::{Phase, Step};
use crate::turn::Turn;

/// Bytes of an object that are read at once into an empty buffer.
const PIECE: usize = 16 * 1024;

impl Turn<'_, '_> {
    /// The rules of the request are met and an answer was found: it takes the place of a server's.
    pub fn serve_from_cache(&mut self, plan: &Arc<Plan>) -> Step {
        let now = self.now_us();
        let stream = &mut *self.stream;
        stream.record.assigned_us = now;
        stream.record.connected_us = now;
        stream.record.response_us = now;
        stream.substitute = "<CACHE>";
        let drained = self.request_drained();
        let Some(cache) = self.stream.cache.as_deref_mut() else { return self.answer_error(500) };
        let Some(held) = &mut cache.held else { return self.answer_error(500) };
        cache.serving = true;
        let facts = *held.facts();
        let mut head = vec![0; facts.head as usize];
        let read = held.read(&mut head);
        // The head was a valid one when it was stored, and may have grown by rules since it was received.
        let limits = Limits { bufsize: u32::MAX, maxrewrite: 0, accept_unsafe: true, ..Limits::default() };
        let stream = &mut *self.stream;
        stream.response.clear();
        let parsed = parse_response(&head[..read], &limits, &stream.request, &mut stream.response);
        if !matches!(parsed, Ok(Status::Complete { .. })) {
            return self.answer_error(500);
        }
        stream.response.headers.set_limit(plan.global.tune.bufsize);
        let age = u64::from(facts.age) + (now / 1000).saturating_sub(facts.stored_ms) / 1000;
        // A head without room goes on as it is.
        let _ = stream.response.headers.add(b"age", age.to_string().as_bytes());
        if self.client_has_it(facts.modified_s) {
            let stream = &mut *self.stream;
            if stream.response.set_status(304, None).is_ok() {
                stream.response.body = BodyKind::None;
            }
        }
        let stream = &mut *self.stream;
        stream.record.status = stream.response.status();
        stream.record.bytes_out += crate::http::size_of_response(&stream.response);
        stream.down.clear();
        stream.up.shut = true;
        if !drained {
            self.client.session.last = true;
        }
        if self.stream.backend == self.stream.frontend {
            self.client.session.frontend_counters.intercepted.increment();
        }
        self.stream.client_moved_ms = now / 1000;
        self.stream.phase = Phase::Exchange;
        self.judge_response(plan);
        self.response_ready(plan)
    }

    /// `if-none-match`, and `if-modified-since` where there is none (RFC 9110 section 13.2.2).
    fn client_has_it(&self, modified_s: u64) -> bool {
        let (request, response) = (&self.stream.request.headers, &self.stream.response.headers);
        if request.contains(b"if-none-match") {
            return none_match_fails(request, response.find(b"etag"));
        }
        date(request, b"if-modified-since").is_some_and(|since| since >= modified_s)
    }

    /// Moves more of the object into the buffer of the response. True: there was some, or its end.
    pub fn read_from_cache(&mut self) -> bool {
        let stream = &mut *self.stream;
        let Some(cache) = stream.cache.as_deref_mut().filter(|cache| cache.serving) else { return false };
        if !stream.down.wants_input() {
            return false;
        }
        let Some(held) = &mut cache.held else { return false };
        self.worker.buffers.fill(&mut stream.down.buffer);
        let room = stream.down.buffer.room();
        let size = room.len().min(PIECE);
        let count = held.read(&mut room[..size]);
        stream.down.buffer.filled(count);
        if held.left() == 0 {
            cache.held = None;
            stream.down.eof = true;
        }
        true
    }

    /// How the log calls an answer that came from the cache.
    pub fn end_from_cache(&mut self) {
        if self.stream.cache.as_ref().is_some_and(|cache| cache.serving) {
            self.stream.record.end(Cause::Local, Stage::Request);
        }
    }
}
