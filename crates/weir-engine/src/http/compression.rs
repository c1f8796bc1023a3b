//! Which messages are compressed (manual 4.2 `compression`). The manual's conditions in HAProxy's order: the request
//! chooses an algorithm, the response is judged as the server sent it, and its head is changed once the rules were met.

use weir_http::coding::{accepted, is_entity_tag, vary_by_encoding, weaken_entity_tag};
use weir_http::{BodyKind, Headers, Known, LAST_CHUNK, Method, NoRoom, Version, write_chunk};
use weir_plan::settings::{Compression, CompressionAlgorithm as Algorithm};
use weir_plan::{Plan, Proxy};

use crate::channel::{BodyFilter, Pipeline};
use crate::compression::{Figures, Limits};
use crate::turn::Turn;

/// What a stream knows of its compression.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coding {
    /// What the request asks for.
    wanted: Option<Algorithm>,
    /// The response is to be compressed with this.
    pub chosen: Option<Algorithm>,
    /// The filter that compresses stands in the frontend, before those of the backend.
    pub by_frontend: bool,
}

impl Turn<'_, '_> {
    /// Once all rules of the request were met: compresses its body, and chooses an algorithm for the answer.
    pub fn prepare_compression(&mut self, plan: &Plan) {
        let (frontend, backend) = (plan.proxy(self.stream.frontend), plan.proxy(self.stream.backend));
        let (first, second) = (frontend.compresses, backend.compresses);
        if first.requests || second.requests {
            self.compress_request(plan, frontend, backend);
        }
        self.choose_coding(plan);
    }

    fn compress_request(&mut self, plan: &Plan, frontend: &Proxy, backend: &Proxy) {
        let settings = |proxy: &Proxy| proxy.settings.compression.clone();
        let (first, second) = (settings(frontend), settings(backend));
        let (first, second) = (first.as_deref(), second.as_deref());
        let algorithm = [second, first].into_iter().flatten().find_map(|settings| settings.request);
        let Some(algorithm) = algorithm else { return };
        let types = of_either(second, first, |settings| &settings.request_types);
        let minimum = of_either(second, first, |settings| std::slice::from_ref(&settings.request_minimum));
        let request = &mut self.stream.request;
        let length = match request.body {
            BodyKind::Length(length) => Some(length),
            BodyKind::Chunked => None,
            _ => return,
        };
        let applies = request.version() >= Version::HTTP_11
            && may_be_coded(&request.headers, types)
            && length.is_none_or(|length| length >= u64::from(minimum.first().copied().unwrap_or(0)));
        let limits = limits(plan);
        if !applies || !self.worker.compressors.has_room(algorithm, &limits) {
            return;
        }
        if code_head(&mut request.headers, algorithm).is_ok() {
            let mut pipeline = Pipeline::new(true);
            pipeline.add(Box::new(self.worker.compressors.filter(algorithm, limits, None)));
            self.stream.up.set_pipeline(pipeline);
        }
    }

    /// Chooses an algorithm among those that the client takes, where responses are compressed at all.
    pub fn choose_coding(&mut self, plan: &Plan) {
        let (frontend, backend) = (plan.proxy(self.stream.frontend), plan.proxy(self.stream.backend));
        if !frontend.compresses.responses && !backend.compresses.responses {
            return;
        }
        let settings = |proxy: &Proxy| proxy.settings.compression.clone();
        let (first, second) = (settings(frontend), settings(backend));
        let algorithms = of_either(second.as_deref(), first.as_deref(), |settings| &settings.response);
        let request = &mut self.stream.request;
        if algorithms.is_empty() || is_unable(&request.headers) {
            return;
        }
        let offload = [&first, &second].into_iter().flatten().any(|settings| settings.offload);
        let best = choose(algorithms, accepted(&request.headers));
        if best.is_some() && offload {
            request.headers.remove(b"accept-encoding");
        }
        let identity = || algorithms.iter().copied().find(|algorithm| *algorithm == Algorithm::Identity);
        self.stream.coding.wanted = best.or_else(identity);
    }

    /// Judges the response as the server sent it, before any rule changed it.
    pub fn judge_response(&mut self, plan: &Plan) {
        let Some(algorithm) = self.stream.coding.wanted else { return };
        let (frontend, backend) = (plan.proxy(self.stream.frontend), plan.proxy(self.stream.backend));
        let (first, second) =
            (frontend.settings.compression.as_deref(), backend.settings.compression.as_deref());
        let types = of_either(second, first, |settings| &settings.response_types);
        let minimum = of_either(second, first, |settings| std::slice::from_ref(&settings.response_minimum));
        let minimum = u64::from(minimum.first().copied().unwrap_or(0));
        let (request, response) = (&self.stream.request, &self.stream.response);
        let has_body = match response.body {
            BodyKind::Length(length) => length >= minimum,
            BodyKind::Chunked => true,
            _ => false,
        };
        let applies = has_body
            && request.method() != Method::Head
            && request.version() >= Version::HTTP_11
            && response.version() >= Version::HTTP_11
            && (200..=203).contains(&response.status())
            && may_be_transformed(&response.headers)
            && may_be_coded(&response.headers, types);
        if applies && self.worker.compressors.has_room(algorithm, &limits(plan)) {
            self.stream.coding.chosen = Some(algorithm);
            self.stream.coding.by_frontend = frontend.compresses.responses;
        }
    }

    /// Adds the compressor of a response that is to be compressed to its body's filters.
    pub fn compress_response(&mut self, plan: &Plan, pipeline: &mut Option<Pipeline>) {
        let Some(filter) = self.compressor_of_response(plan) else { return };
        let pipeline = pipeline.get_or_insert_default();
        pipeline.set_chunked();
        pipeline.add(filter);
    }

    /// A body of our own that is known as a whole, in chunks where its head says so, compressed where it is to be.
    pub fn frame_own_body(&mut self, plan: &Plan, body: Vec<u8>) -> Vec<u8> {
        if self.stream.response.body != BodyKind::Chunked {
            return body;
        }
        let coded = match self.compressor_of_response(plan) {
            Some(mut filter) => {
                let mut coded = Vec::new();
                // A compressor takes all it is given.
                filter.push(&body, &mut coded);
                filter.finish(&mut coded);
                coded
            }
            None => body,
        };
        let mut chunks = Vec::with_capacity(coded.len() + 32);
        if !coded.is_empty() {
            write_chunk(&coded, &mut chunks);
        }
        chunks.extend_from_slice(LAST_CHUNK);
        // No trailers.
        chunks.extend_from_slice(b"\r\n");
        chunks
    }

    /// Changes the head of a response that is to be compressed; what compresses its body.
    fn compressor_of_response(&mut self, plan: &Plan) -> Option<Box<dyn BodyFilter>> {
        let algorithm = self.stream.coding.chosen?;
        if code_head(&mut self.stream.response.headers, algorithm).is_err() {
            // Without room for the lines the response goes on as it is.
            self.stream.coding.chosen = None;
            return None;
        }
        let figures = Figures {
            frontend: self.client.session.frontend_counters,
            backend: self.stream.backend_counters,
        };
        figures.frontend.comp_rsp.increment();
        if let Some(backend) = figures.backend {
            backend.comp_rsp.increment();
        }
        Some(Box::new(self.worker.compressors.filter(algorithm, limits(plan), Some(figures))))
    }
}

fn limits(plan: &Plan) -> Limits {
    let global = &plan.global;
    Limits {
        max_level: global.tune.compression_level,
        window: global.tune.zlib_window,
        memory: u64::from(global.maxzlibmem) << 20,
        cpu: if global.maxcompcpuusage == 0 { 100 } else { global.maxcompcpuusage },
    }
}

/// A list of the backend's settings, or the frontend's where the backend has none.
fn of_either<'s, T>(
    backend: Option<&'s Compression>,
    frontend: Option<&'s Compression>,
    list: impl Fn(&'s Compression) -> &'s [T],
) -> &'s [T] {
    let lists = [backend, frontend].into_iter().flatten().map(list);
    lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default()
}

/// The algorithm of the first token with the highest weight. `*` is the first algorithm there is.
fn choose<'h>(
    algorithms: &[Algorithm],
    accepted: impl Iterator<Item = (&'h [u8], u32)>,
) -> Option<Algorithm> {
    let (mut best, mut highest) = (None, 0);
    for (token, weight) in accepted {
        if weight <= highest {
            continue;
        }
        let fits = |algorithm: &&Algorithm| {
            token == b"*" || token.eq_ignore_ascii_case(algorithm.token().as_bytes())
        };
        if let Some(algorithm) = algorithms.iter().find(fits) {
            (best, highest) = (Some(*algorithm), weight);
        }
    }
    best
}

/// Browsers that call themselves `Mozilla/4` and cannot be trusted with compressed bodies: all but MSIE 6 of Windows
/// XP SP2, and 7 to 9, which are known by where they name themselves.
fn is_unable(headers: &Headers) -> bool {
    let Some(agent) = headers.find(b"user-agent") else { return false };
    if !agent.starts_with(b"Mozilla/4") {
        return false;
    }
    let version = agent.get(25..31).and_then(|name| name.strip_prefix(b"MSIE "));
    match version {
        Some([b'6']) => agent.get(51..54) != Some(b"SV1"),
        Some([b'7'..=b'9']) => false,
        _ => true,
    }
}

/// Nothing in the head forbids another coding.
fn may_be_transformed(headers: &Headers) -> bool {
    !headers.elements(b"cache-control").any(|element| element.eq_ignore_ascii_case(b"no-transform"))
        && headers.values(b"etag").all(is_entity_tag)
        && headers.values(b"etag").count() <= 1
}

/// The body is not coded yet, and of a type that is wanted.
fn may_be_coded(headers: &Headers, types: &[Box<str>]) -> bool {
    let begins = |value: &[u8], start: &[u8]| {
        value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    if headers.contains(b"content-encoding") {
        return false;
    }
    match headers.find(b"content-type") {
        Some(value) if begins(value, b"multipart") => false,
        Some(value) => types.is_empty() || types.iter().any(|wanted| begins(value, wanted.as_bytes())),
        None => types.is_empty(),
    }
}

/// The head of a body that is sent in another coding, in chunks.
fn code_head(headers: &mut Headers, algorithm: Algorithm) -> Result<(), NoRoom> {
    weaken_entity_tag(headers)?;
    if headers.find_known(Known::TransferEncoding).is_none() {
        headers.remove_known(Known::ContentLength);
        headers.add(b"transfer-encoding", b"chunked")?;
    }
    vary_by_encoding(headers)?;
    match algorithm {
        Algorithm::Identity => Ok(()),
        other => headers.add(b"content-encoding", other.token().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::Deflate, Algorithm::Gzip];

    fn with(name: &str, value: &str) -> Headers {
        let mut headers = Headers::new();
        headers.add(name.as_bytes(), value.as_bytes()).expect("room");
        headers
    }

    // Expected values: HAProxy 2.8 with `compression algo gzip deflate`.
    #[test]
    fn choice_among_what_is_accepted() {
        for (value, expected) in [
            ("gzip", Some(Algorithm::Gzip)),
            ("GZIP", Some(Algorithm::Gzip)),
            ("gzip, deflate", Some(Algorithm::Gzip)),
            ("deflate, gzip", Some(Algorithm::Deflate)),
            ("gzip;q=0.5, deflate", Some(Algorithm::Deflate)),
            ("gzip ; q=0.4, deflate ; q=0.6", Some(Algorithm::Deflate)),
            ("gzip;Q=0.2,deflate;Q=0.3", Some(Algorithm::Gzip)),
            ("br, gzip;q=0.001", Some(Algorithm::Gzip)),
            ("*", Some(Algorithm::Deflate)),
            ("gzip;q=0,*", Some(Algorithm::Deflate)),
            ("gzip;q=0", None),
            ("gzip;q=0.0", None),
            ("identity", None),
            ("x-gzip", None),
            ("gzipx", None),
            ("", None),
        ] {
            let headers = with("accept-encoding", value);
            assert_eq!(choose(&BOTH, accepted(&headers)), expected, "{value}");
        }
    }

    // Expected values: HAProxy 2.8.
    #[test]
    fn old_browsers() {
        for (agent, unable) in [
            ("Mozilla/5.0", false),
            ("mozilla/4.0 x", false),
            ("Mozilla/4.0 (compatible)", true),
            ("Mozilla/4.08 [en] (Win98)", true),
            ("Mozilla/4.0 (compatible; MSIE 5.5)", true),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", true),
            ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", false),
            ("Mozilla/4.0 (compatible; MSIE 6.0; SV1)", true),
            ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1)", false),
            ("Mozilla/4.0 (compatible; MSIE 10.0)", true),
            ("Mozilla/4.0 (x; MSIE 8.0)", true),
        ] {
            assert_eq!(is_unable(&with("user-agent", agent)), unable, "{agent}");
        }
    }

    // Expected values: HAProxy 2.8 with `compression type text/html text/plain`, and without types.
    #[test]
    fn types_are_beginnings() {
        let types: [Box<str>; 2] = ["text/html".into(), "text/plain".into()];
        for (value, listed, any) in [
            ("text/plain", true, true),
            ("TEXT/Plain; charset=utf-8", true, true),
            ("text/plainx", true, true),
            ("image/png", false, true),
            ("Multipart/mixed", false, false),
        ] {
            let headers = with("content-type", value);
            assert_eq!(may_be_coded(&headers, &types), listed, "{value}");
            assert_eq!(may_be_coded(&headers, &[]), any, "{value}");
        }
        assert!(!may_be_coded(&Headers::new(), &types));
        assert!(may_be_coded(&Headers::new(), &[]));
    }
}
