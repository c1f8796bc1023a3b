//! The persistence cookie (manual 4.2 `cookie`): which server the client's names, and what the client is sent. Also
//! `capture cookie`.

use std::ops::Range;
use std::sync::Arc;

use weir_http::{Headers, Known, Method};
use weir_plan::Plan;
use weir_plan::settings::{Cookie, CookieMode};
use weir_sample::Verdict;
use weir_types::ServerId;

use super::dynamic_cookie::cookie_of;
use crate::turn::Turn;

/// Stands between the server's name and the application's own value in prefix mode.
const PREFIX_END: u8 = b'~';
/// Stands before each date.
const DATE_MARK: u8 = b'|';

impl Turn<'_, '_> {
    /// Reads the client's cookie, designates its server, and takes out of the request what the server must not see.
    pub fn persist_by_cookie(&mut self, plan: &Arc<Plan>) {
        let proxy = plan.proxy(self.stream.backend);
        let Some(backend) = proxy.backend.as_deref() else { return };
        let Some(cookie) = backend.cookie.as_deref() else { return };
        let shown = cookie.mode != CookieMode::Passive || cookie.indirect;
        let applies = |turn: &Self, conditions: &[weir_sample::Condition<weir_sample::Resolved>]| {
            conditions.iter().any(|condition| condition.eval(&turn.view(true)) == Verdict::Pass)
        };
        let ignored = applies(self, &backend.ignore_persist);
        let persist = proxy.settings.options.persist || applies(self, &backend.force_persist);
        let now_s = self.worker.clock.wall_us(self.now_us()) / 1_000_000;
        let mut state = b'N';
        let mut line = self.stream.request.headers.position_known(Known::Cookie, 0);
        while let Some(index) = line {
            let value = self.stream.request.headers.at(index).value;
            let Some(pair) = find_pair(value, cookie.name.as_bytes()) else {
                line = self.stream.request.headers.position_known(Known::Cookie, index + 1);
                continue;
            };
            let presented = Presented::parse(&value[pair.value.clone()], cookie);
            let (edit, removed) = presented.edit(value, &pair, cookie);
            let (found, letter) = presented.server(cookie, now_s, |wanted| {
                let of = |id: &ServerId| cookie_of(plan, proxy, *id, self.worker.shm);
                let named = |id: &ServerId| of(id).is_some_and(|name| name.as_bytes() == wanted);
                backend.servers.iter().find(named)
            });
            state = letter;
            if let Some(id) = found
                && !ignored
            {
                let up = self.worker.shm.server(plan.server(id).slot).state.usable_for_persistence();
                if up || persist {
                    self.stream.designated = Some(id);
                    self.stream.by_cookie = true;
                }
                state = if !up {
                    b'D'
                } else if presented.needs_update(cookie, now_s) {
                    self.stream.cookie_update = true;
                    letter
                } else {
                    letter
                };
                self.stream.cookie_first = presented.first;
            }
            edit_line(&mut self.stream.request.headers, index, edit, removed);
            break;
        }
        self.stream.cookie_state = state;
        if shown {
            self.stream.record.cookies = [state, b'N'];
        }
    }

    /// Treats the server's cookie of this name, and inserts ours where the client has none that leads to this server.
    pub fn insert_cookie(&mut self, plan: &Arc<Plan>) {
        let Some(backend) = plan.proxy(self.stream.backend).backend.as_deref() else { return };
        let Some(cookie) = backend.cookie.as_deref() else { return };
        let Some(assigned) = &self.stream.assigned else { return };
        if !plan.server(assigned.server).is_named() {
            return;
        }
        let server = cookie_of(plan, plan.proxy(self.stream.backend), assigned.server, self.worker.shm);
        let post_only = cookie.postonly && self.stream.request.method() != Method::Post;
        let mut operation = self.treat_server_cookie(cookie, server.as_deref());
        let valid = matches!(self.stream.cookie_state, b'V')
            && self.stream.by_cookie
            && !self.stream.record.redispatched;
        let wanted = cookie.mode == CookieMode::Insert && !post_only && operation != b'P';
        // Without a cookie of its own, the server must not be reached by one again.
        if wanted && (!valid || self.stream.cookie_update || server.is_none()) {
            let text = self.cookie_text(cookie, server.as_deref());
            if self.stream.response.headers.add(b"set-cookie", &text).is_ok() {
                operation = if valid && server.is_some() { b'U' } else { b'I' };
                if cookie.nocache && is_cacheable(&self.stream.response.headers) {
                    // A head without room goes on as it is.
                    let _ = self.stream.response.headers.add(b"cache-control", b"private");
                }
            }
        }
        if cookie.mode != CookieMode::Passive {
            self.stream.record.cookies[1] = operation;
        }
    }

    /// Rewrites, prefixes, deletes or passes the server's own; answers with the letter of what was done.
    fn treat_server_cookie(&mut self, cookie: &Cookie, server: Option<&str>) -> u8 {
        let headers = &mut self.stream.response.headers;
        let mut operation = b'N';
        let mut at = 0;
        while let Some(index) = headers.position_known(Known::SetCookie, at) {
            at = index + 1;
            let value = headers.at(index).value;
            let Some(pair) = find_pair(value, cookie.name.as_bytes()).filter(|pair| pair.whole.start == 0)
            else {
                continue;
            };
            let replaced = |middle: &[&[u8]]| {
                let mut text = value[..pair.value.start].to_vec();
                middle.iter().for_each(|piece| text.extend_from_slice(piece));
                text.extend_from_slice(&value[pair.value.end..]);
                text
            };
            match (cookie.mode, server) {
                (CookieMode::Rewrite, Some(name)) => {
                    let text = replaced(&[name.as_bytes()]);
                    // A head without room keeps its line.
                    let _ = headers.replace_at(index, &text);
                    operation = b'R';
                }
                (CookieMode::Prefix, Some(name)) => {
                    let text = replaced(&[name.as_bytes(), &[PREFIX_END], &value[pair.value.clone()]]);
                    let _ = headers.replace_at(index, &text);
                    operation = b'R';
                }
                (CookieMode::Insert, _) if !cookie.preserve => {
                    headers.remove_at(index);
                    at = index;
                    operation = b'D';
                }
                _ => operation = b'P',
            }
        }
        operation
    }

    fn cookie_text(&self, cookie: &Cookie, server: Option<&str>) -> Vec<u8> {
        let mut text = Vec::with_capacity(64);
        text.extend_from_slice(cookie.name.as_bytes());
        text.push(b'=');
        match server {
            None => text.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT"),
            Some(name) => {
                text.extend_from_slice(name.as_bytes());
                if cookie.max_idle.is_some() || cookie.max_life.is_some() {
                    let now_s = self.worker.clock.wall_us(self.now_us()) / 1_000_000;
                    push_date(now_s, &mut text);
                    if cookie.max_life.is_some() {
                        push_date(self.stream.cookie_first.unwrap_or(now_s), &mut text);
                    }
                }
            }
        }
        text.extend_from_slice(b"; path=/");
        for domain in &cookie.domains {
            text.extend_from_slice(b"; domain=");
            text.extend_from_slice(domain.as_bytes());
        }
        if cookie.httponly {
            text.extend_from_slice(b"; HttpOnly");
        }
        if cookie.secure {
            text.extend_from_slice(b"; Secure");
        }
        for attribute in &cookie.attributes {
            text.extend_from_slice(b"; ");
            text.extend_from_slice(attribute.as_bytes());
        }
        text
    }

    /// `capture cookie`: the whole pair whose name begins with the text.
    pub fn capture_cookie(&mut self, plan: &Plan, response: bool) {
        let Some(frontend) = plan.proxy(self.stream.frontend).frontend.as_deref() else { return };
        let Some(capture) = &frontend.capture_cookie else { return };
        let stream = &mut *self.stream;
        let (headers, name, into) = match response {
            true => (&stream.response.headers, &b"set-cookie"[..], &mut stream.record.response_cookie),
            false => (&stream.request.headers, &b"cookie"[..], &mut stream.record.request_cookie),
        };
        for value in headers.values(name) {
            let found =
                pairs(value).find(|pair| value[pair.whole.clone()].starts_with(capture.name.as_bytes()));
            if let Some(pair) = found {
                let text = &value[pair.whole];
                into.extend_from_slice(&text[..text.len().min(capture.len as usize)]);
                return;
            }
        }
    }
}

/// The client's cookie taken apart.
struct Presented<'v> {
    server: &'v [u8],
    /// Where in the value the server's part ends; prefix mode cuts it off.
    rest: Option<&'v [u8]>,
    /// Dates in seconds since 1970.
    last: Option<u64>,
    first: Option<u64>,
}

impl<'v> Presented<'v> {
    fn parse(value: &'v [u8], cookie: &Cookie) -> Self {
        match cookie.mode {
            CookieMode::Prefix => match value.iter().position(|byte| *byte == PREFIX_END) {
                Some(end) => {
                    Self { server: &value[..end], rest: Some(&value[end + 1..]), last: None, first: None }
                }
                None => Self { server: value, rest: None, last: None, first: None },
            },
            CookieMode::Insert => {
                let mut parts = value.split(|byte| *byte == DATE_MARK);
                let server = parts.next().unwrap_or_default();
                let mut date = || parts.next().and_then(parse_date);
                Self { server, rest: None, last: date(), first: date() }
            }
            _ => Self { server: value, rest: None, last: None, first: None },
        }
    }

    /// The server it names, and the third letter of the termination state.
    fn server(
        &self,
        cookie: &Cookie,
        now_s: u64,
        find: impl Fn(&[u8]) -> Option<ServerId>,
    ) -> (Option<ServerId>, u8) {
        let too_old = |date: Option<u64>, limit: Option<u32>| match (date, limit) {
            (Some(date), Some(limit)) => now_s.abs_diff(date) > u64::from(limit),
            _ => false,
        };
        if too_old(self.first, cookie.max_life) {
            return (None, b'O');
        }
        if too_old(self.last, cookie.max_idle) {
            return (None, b'E');
        }
        match find(self.server) {
            Some(id) => (Some(id), b'V'),
            None => (None, b'I'),
        }
    }

    /// Whether the dates have to be sent anew.
    fn needs_update(&self, cookie: &Cookie, now_s: u64) -> bool {
        let stale = |date: Option<u64>| date.is_none_or(|date| date >> 2 != now_s >> 2);
        cookie.max_idle.is_some() && stale(self.last) || cookie.max_life.is_some() && self.first.is_none()
    }

    /// What the line becomes: a new text, or (with `true`) nothing.
    fn edit(&self, line: &[u8], pair: &Pair, cookie: &Cookie) -> (Option<Vec<u8>>, bool) {
        if let Some(rest) = self.rest {
            let mut text = line[..pair.value.start].to_vec();
            text.extend_from_slice(rest);
            text.extend_from_slice(&line[pair.value.end..]);
            return (Some(text), false);
        }
        if !cookie.indirect || cookie.mode != CookieMode::Insert {
            return (None, false);
        }
        let mut text = line[..pair.whole.start].trim_ascii_end().to_vec();
        let after = line[pair.whole.end..].trim_ascii_start();
        let after = after.strip_prefix(b";").unwrap_or(after).trim_ascii_start();
        if after.is_empty() {
            if text.ends_with(b";") {
                text.pop();
            }
        } else {
            if !text.is_empty() {
                text.push(b' ');
            }
            text.extend_from_slice(after);
        }
        let gone = text.is_empty();
        (Some(text), gone)
    }
}

fn edit_line(headers: &mut Headers, index: usize, text: Option<Vec<u8>>, remove: bool) {
    match text {
        _ if remove => headers.remove_at(index),
        Some(text) => {
            // A head without room keeps its line.
            let _ = headers.replace_at(index, &text);
        }
        None => {}
    }
}

/// Where a pair stands in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    whole: Range<usize>,
    name: Range<usize>,
    value: Range<usize>,
}

fn pairs(line: &[u8]) -> impl Iterator<Item = Pair> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < line.len() && matches!(line[at], b' ' | b'\t' | b';') {
            at += 1;
        }
        if at >= line.len() {
            return None;
        }
        let end = line[at..].iter().position(|byte| *byte == b';').map_or(line.len(), |length| at + length);
        let whole = at..at + line[at..end].trim_ascii_end().len();
        at = end;
        let equals = line[whole.clone()].iter().position(|byte| *byte == b'=');
        let (name_end, value_start) = match equals {
            Some(place) => (whole.start + place, whole.start + place + 1),
            None => (whole.end, whole.end),
        };
        let name = whole.start..whole.start + line[whole.start..name_end].trim_ascii_end().len();
        let value = value_start + line[value_start..whole.end].len()
            - line[value_start..whole.end].trim_ascii_start().len()..whole.end;
        Some(Pair { whole, name, value })
    })
}

fn find_pair(line: &[u8], name: &[u8]) -> Option<Pair> {
    pairs(line).find(|pair| &line[pair.name.clone()] == name)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A mark and a date in units of four seconds, in five base64 digits.
fn push_date(seconds: u64, out: &mut Vec<u8>) {
    out.push(DATE_MARK);
    out.extend((0..5).rev().map(|place| DIGITS[(seconds >> 2 >> (6 * place)) as usize & 63]));
}

fn parse_date(text: &[u8]) -> Option<u64> {
    let digits = text.get(..5)?;
    let value = digits.iter().try_fold(0u64, |value, digit| {
        let digit = DIGITS.iter().position(|known| known == digit)?;
        Some(value << 6 | digit as u64)
    })?;
    Some(value << 2)
}

/// Whether a cache might keep this response: it says how long it is fresh or how it is validated, and forbids nothing.
fn is_cacheable(headers: &Headers) -> bool {
    let directives = || headers.elements(b"cache-control");
    let forbids = |element: &[u8]| {
        [&b"no-cache"[..], b"no-store", b"private", b"max-age=0", b"s-maxage=0"]
            .iter()
            .any(|word| element.eq_ignore_ascii_case(word))
    };
    if directives().any(forbids)
        || headers.elements(b"pragma").any(|element| element.eq_ignore_ascii_case(b"no-cache"))
    {
        return false;
    }
    let lower = |element: &[u8]| element.to_ascii_lowercase();
    let fresh = directives().map(lower).any(|element| {
        element.starts_with(b"max-age") || element.starts_with(b"s-maxage") || element == b"public"
    });
    fresh || [&b"expires"[..], b"etag", b"last-modified"].iter().any(|name| headers.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_as_haproxy_writes_it() {
        // HAProxy 2.8 wrote `SRV=c1|awOIL|awOIL` at this second.
        let mut text = Vec::new();
        push_date(1_795_393_580, &mut text);
        assert_eq!(text, b"|awOIL");
        assert_eq!(parse_date(b"awOIL"), Some(1_795_393_580));
    }

    #[test]
    fn removed_pair_leaves_its_neighbours() {
        let cookie =
            Cookie { name: "SRV".into(), mode: CookieMode::Insert, indirect: true, ..Cookie::default() };
        let edited = |line: &[u8]| {
            let pair = find_pair(line, b"SRV").unwrap();
            Presented::parse(&line[pair.value.clone()], &cookie).edit(line, &pair, &cookie).0.unwrap()
        };
        assert_eq!(edited(b"a=b; SRV=c1; d=e"), b"a=b; d=e");
        assert_eq!(edited(b"SRV=c1; d=e"), b"d=e");
        assert_eq!(edited(b"a=b; SRV=c1"), b"a=b");
        assert_eq!(edited(b"SRV=c1"), b"");
    }
}
