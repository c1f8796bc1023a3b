//! `bind` lines (manual 4.2, 5.1): addresses and the table of options.

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::Outcome;
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] =
    &[Keyword::new("bind", "[<address>]:<port_range> [, ...] [param*]", "A listening address (4.2).", bind)];

/// Options that a line of a `crt-list` or `ssl-f-use` may set.
pub const CRT_LIST_OPTIONS: &[&str] = &[
    "allow-0rtt",
    "alpn",
    "ca-file",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "curves",
    "ecdhe",
    "ktls",
    "no-alpn",
    "no-ca-names",
    "npn",
    "sigalgs",
    "ssl-max-ver",
    "ssl-min-ver",
    "verify",
];

pub(crate) fn is_crt_list_option(name: &str) -> bool {
    CRT_LIST_OPTIONS.contains(&name)
}

fn bind(_: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    Ok(())
}

/// The multiplexers of `proto` and `check-proto`.
pub const MUX_PROTOCOLS: &[&str] = &["h1", "h2", "fcgi", "quic", "spop", "none"];

pub(crate) fn is_mux_protocol(name: &str) -> bool {
    MUX_PROTOCOLS.contains(&name)
}
