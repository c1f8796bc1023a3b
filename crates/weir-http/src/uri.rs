//! Request targets and authorities taken apart (RFC 9112 section 3.2, RFC 3986 section 3).

/// A request target in its pieces, borrowed from the target itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target<'a> {
    pub raw: &'a [u8],
    /// Scheme without `:`, as sent.
    pub scheme: Option<&'a [u8]>,
    /// Authority with user information and port, as sent; the whole target in authority form.
    pub authority: Option<&'a [u8]>,
    /// Path without query; empty for `*`, authority form, and absolute form without a path.
    pub path: &'a [u8],
    /// What follows `?`.
    pub query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes a target apart; accepts anything, what has no form is an authority.
    pub fn parse(raw: &'a [u8]) -> Target<'a> {
        match raw.first() {
            Some(b'/') => Target { raw, ..Target::default() }.with_path(raw),
            Some(b'*') if raw.len() == 1 => Target { raw, ..Target::default() },
            _ => Target::absolute_or_authority(raw),
        }
    }

    fn absolute_or_authority(raw: &'a [u8]) -> Target<'a> {
        let Some(scheme_end) = scheme_end(raw) else {
            return Target { raw, authority: Some(raw), ..Target::default() };
        };
        let rest = &raw[scheme_end + 3..];
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        Target { raw, scheme: Some(&raw[..scheme_end]), authority: Some(authority), ..Target::default() }
            .with_path(path)
    }

    fn with_path(mut self, path_and_query: &'a [u8]) -> Target<'a> {
        match path_and_query.iter().position(|&byte| byte == b'?') {
            Some(mark) => {
                self.path = &path_and_query[..mark];
                self.query = Some(&path_and_query[mark + 1..]);
            }
            None => self.path = path_and_query,
        }
        self
    }

    /// Offset in `raw` where the path begins: scheme and authority are before it.
    pub fn path_start(&self) -> usize {
        match (self.scheme, self.authority) {
            (Some(scheme), Some(authority)) => scheme.len() + 3 + authority.len(),
            (None, Some(authority)) => authority.len(),
            _ => 0,
        }
    }

    /// Offset in `raw` where the path ends: `?` or the end.
    pub fn path_end(&self) -> usize {
        self.path_start() + self.path.len()
    }

    /// Path and query together.
    pub fn path_and_query(&self) -> &'a [u8] {
        &self.raw[self.path_start()..]
    }
}

/// Where the scheme of an absolute URI ends, at its `://`.
fn scheme_end(raw: &[u8]) -> Option<usize> {
    let end = raw.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)))?;
    (end > 0 && raw[end..].starts_with(b"://") && raw[0].is_ascii_alphabetic()).then_some(end)
}

/// An authority in its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    pub userinfo: Option<&'a [u8]>,
    /// Name, IPv4 address, or IPv6 address with its brackets.
    pub host: &'a [u8],
    /// Digits behind the last `:`; may be empty.
    pub port: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    pub fn parse(authority: &'a [u8]) -> Authority<'a> {
        let (userinfo, rest) = match authority.iter().rposition(|&byte| byte == b'@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let name_from = rest.iter().rposition(|&byte| byte == b']').unwrap_or(0);
        match rest[name_from..].iter().rposition(|&byte| byte == b':') {
            Some(colon) => {
                let colon = colon + name_from;
                Authority { userinfo, host: &rest[..colon], port: Some(&rest[colon + 1..]) }
            }
            None => Authority { userinfo, host: rest, port: None },
        }
    }
}

/// True if `port` says no more than the scheme does, as an empty one always; without a scheme, 80 and 443 both pass.
pub fn is_default_port(scheme: Option<&[u8]>, port: &[u8]) -> bool {
    match scheme {
        _ if port.is_empty() => true,
        Some(scheme) if scheme.eq_ignore_ascii_case(b"http") => port == b"80",
        Some(scheme) if scheme.eq_ignore_ascii_case(b"https") => port == b"443",
        Some(_) => false,
        None => port == b"80" || port == b"443",
    }
}

/// The authority without user information and without a port that its scheme implies.
pub fn normal_authority<'a>(scheme: Option<&[u8]>, authority: &'a [u8]) -> &'a [u8] {
    let parts = Authority::parse(authority);
    let whole = &authority[parts.userinfo.map_or(0, |user| user.len() + 1)..];
    match parts.port {
        Some(port) if is_default_port(scheme, port) => parts.host,
        _ => whole,
    }
}

/// True if `host` names the authority, default ports aside.
pub fn same_authority(scheme: Option<&[u8]>, authority: &[u8], host: &[u8]) -> bool {
    normal_authority(scheme, authority).eq_ignore_ascii_case(normal_authority(scheme, host))
}

/// True if `host` may be a `Host` value: a name, or an address in brackets, and a port. Names may hold every printable
/// ASCII character but those that end a host or begin another part of a URI, and the comma, which would join two.
pub fn is_host(host: &[u8]) -> bool {
    let name = match host {
        [b'[', rest @ ..] => match rest.iter().position(|&byte| byte == b']') {
            Some(end)
                if rest[..end].iter().all(|byte| byte.is_ascii_alphanumeric() || b":.%_-".contains(byte)) =>
            {
                &rest[end + 1..]
            }
            _ => return false,
        },
        _ => host,
    };
    name.iter().all(|&byte| HOST[byte as usize])
}

static HOST: [bool; 256] = host_table();

const fn host_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        table[byte] = !matches!(byte as u8, b'#' | b',' | b'/' | b'?' | b'@' | b'[' | b'\\' | b']');
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(raw: &str) -> (Option<&str>, Option<&str>, &str, Option<&str>) {
        let text = |bytes| std::str::from_utf8(bytes).expect("text");
        let target = Target::parse(raw.as_bytes());
        (target.scheme.map(text), target.authority.map(text), text(target.path), target.query.map(text))
    }

    #[test]
    fn the_four_forms_of_a_target() {
        assert_eq!(parts("/a/b?c?d"), (None, None, "/a/b", Some("c?d")));
        assert_eq!(parts("//x"), (None, None, "//x", None));
        assert_eq!(parts("/?"), (None, None, "/", Some("")));
        assert_eq!(parts("*"), (None, None, "", None));
        assert_eq!(parts("http://u@h:80/p?q"), (Some("http"), Some("u@h:80"), "/p", Some("q")));
        assert_eq!(parts("http://h?q"), (Some("http"), Some("h"), "", Some("q")));
        assert_eq!(parts("http:///p"), (Some("http"), Some(""), "/p", None));
        assert_eq!(parts("h:443"), (None, Some("h:443"), "", None));
        assert_eq!(parts("1http://h/"), (None, Some("1http://h/"), "", None));
    }

    #[test]
    fn authorities() {
        let parts = |authority: &'static str| {
            let parts = Authority::parse(authority.as_bytes());
            (parts.userinfo, parts.host, parts.port)
        };
        assert_eq!(parts("h"), (None, &b"h"[..], None));
        assert_eq!(parts("u:p@h:8"), (Some(&b"u:p"[..]), &b"h"[..], Some(&b"8"[..])));
        assert_eq!(parts("[::1]:443"), (None, &b"[::1]"[..], Some(&b"443"[..])));
        assert_eq!(parts("[::1]"), (None, &b"[::1]"[..], None));
        assert_eq!(parts("h:"), (None, &b"h"[..], Some(&b""[..])));
    }

    #[test]
    fn hosts_agree_default_ports_and_case_aside() {
        // Each pair was accepted or refused (400) by HAProxy 2.8 as target and Host.
        let agrees = |scheme: Option<&str>, authority: &str, host: &str| {
            same_authority(scheme.map(str::as_bytes), authority.as_bytes(), host.as_bytes())
        };
        assert!(agrees(Some("http"), "H:80", "h"));
        assert!(agrees(Some("http"), "h", "h:80"));
        assert!(agrees(Some("https"), "h:443", "h"));
        assert!(agrees(Some("https"), "h:80", "h:80"));
        assert!(agrees(Some("http"), "u@h", "h"));
        assert!(agrees(Some("http"), "h:", "h"));
        assert!(agrees(Some("http"), "h:80", "h:"));
        assert!(agrees(Some("ftp"), "h:", "h:"));
        assert!(agrees(None, "h:443", "h"));
        assert!(agrees(None, "h:80", "h"));
        assert!(!agrees(Some("http"), "h:8080", "h"));
        assert!(!agrees(None, "h:443", "other:443"));
    }

    #[test]
    fn host_characters_are_those_that_haproxy_takes() {
        // Every byte was sent as `Host: h<byte>b` to HAProxy 2.8.
        for byte in 0..=255u8 {
            let refused = byte <= b' ' || byte >= 0x7f || b"#,/?@[\\]".contains(&byte);
            assert_eq!(is_host(&[b'h', byte, b'b']), !refused, "{byte:#x}");
        }
        assert!(is_host(b"[::1]:80") && is_host(b"[fe80::1%25eth0]") && is_host(b""));
        assert!(!is_host(b"[::1") && !is_host(b"[a/b]"));
    }
}
