//! Lines as `-dC<key>` shows them (management manual 3): safe to be given away. Names, addresses and paths become hashes of
//! themselves with the key, the same for the same text, so that what is connected stays seen; what may tell more is cut.

use super::line::Line;
use crate::section::is_section;
use std::net::IpAddr;
use xxhash_rust::xxh32::xxh32;

/// What stands for the words that are left out.
const CUT: &str = "[...]";

/// How a word of a line is shown.
#[derive(Clone, Copy)]
enum Shown {
    /// As it stands.
    Plain,
    Name,
    Address,
    Path,
    /// A hash alone.
    Secret,
}

use Shown::{Address, Name, Path, Plain, Secret};

/// What is shown behind the keyword of a line, and whether it is said that more was there.
fn shape(line: &Line<'_>) -> (&'static [Shown], bool) {
    let keyword = line.keyword();
    if is_section(keyword) {
        return (&[Name], false);
    }
    match (keyword, line.word(1)) {
        ("default_backend" | "table", _) => (&[Name], false),
        ("maxconn" | "mode", _) => (&[Plain], false),
        ("timeout", _) => (&[Plain, Plain], false),
        ("user" | "use_backend" | "use-server" | "group", _) => (&[Name], true),
        ("acl" | "cookie", _) => (&[Name, Plain], true),
        ("server" | "peer" | "nameserver" | "mailer", _) => (&[Name, Address], true),
        ("server-template", _) => (&[Name, Plain, Address], true),
        ("bind" | "log" | "source" | "dispatch" | "dgram-bind", _) => (&[Address], true),
        ("errorfile", _) => (&[Plain, Path], false),
        ("filter" | "http-request" | "http-response" | "http-after-response", _) => (&[Plain], true),
        ("redirect", "prefix" | "location") => (&[Plain, Path], true),
        ("stats", "socket" | "admin") => (&[Plain, Secret], true),
        ("stats", "auth") => (&[Plain, Secret], false),
        ("email-alert", "to" | "from" | "myhostname") => (&[Plain, Secret], true),
        _ => (&[Plain, Plain], true),
    }
}

impl Line<'_> {
    /// The line as `-dC` shows it with a key other than 0.
    pub fn anonymous(&self, key: u32) -> String {
        let mut out = String::from(if is_section(self.keyword()) { "" } else { "\t" });
        out.push_str(self.keyword());
        let (shown, tells) = shape(self);
        for (word, shown) in self.from(1).zip(shown) {
            out.push(' ');
            out.push_str(&match shown {
                Plain => word.to_string(),
                Name => format!("ID({})", hash(word, key)),
                Path => format!("PATH({})", hash(word, key)),
                Secret => hash(word, key),
                Address => address(word, key),
            });
        }
        if tells && self.len() > 1 + shown.len() {
            out.extend([" ", CUT]);
        }
        out.push('\n');
        out
    }
}

/// Six hexadecimal digits.
fn hash(text: &str, key: u32) -> String {
    format!("{:06x}", xxh32(text.as_bytes(), key) & 0x00ff_ffff)
}

/// What says nothing about the network stays, the port as well.
fn address(text: &str, key: u32) -> String {
    const OPEN: [&str; 11] = [
        "localhost",
        "127.",
        "::1",
        "[::1]",
        "0.0.0.0",
        "*",
        "fd@",
        "sockpair@",
        "stdout",
        "stderr",
        "global",
    ];
    let says_nothing = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    if says_nothing || OPEN.iter().any(|open| text.starts_with(open)) {
        return text.to_string();
    }
    let bare = text.strip_prefix("ipv4@").or_else(|| text.strip_prefix("ipv6@")).unwrap_or(text);
    // `2001:db8::1` without brackets: what stands behind its last colon is its port, as everywhere.
    let (host, port) = bare.rsplit_once(':').filter(|_| !bare.ends_with(']')).unwrap_or((bare, ""));
    // Of `+80` and `1000-2000`, `80` and `1000` are shown.
    let port = port.trim_start_matches('+').split('-').next().unwrap_or_default();
    let hidden = match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => format!("IPV4({})", hash(&ip.to_string(), key)),
        Ok(IpAddr::V6(ip)) => format!("IPV6({})", hash(&ip.to_string(), key)),
        Err(_) => return hash(text, key),
    };
    if port.is_empty() { hidden } else { format!("{hidden}:{port}") }
}
