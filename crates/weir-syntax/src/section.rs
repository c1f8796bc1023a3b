//! The words that begin a section. What a section may hold is `weir-config`'s.

/// Every section keyword of HAProxy 3.4, in the order of the manual.
pub const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "resolvers",
    "cache",
    "fcgi-app",
    "peers",
    "traces",
    "userlist",
    "mailers",
    "http-errors",
    "ring",
    "log-forward",
    "log-profile",
    "healthcheck",
    "crt-store",
    "acme",
];

pub fn is_section(word: &str) -> bool {
    SECTIONS.contains(&word)
}
