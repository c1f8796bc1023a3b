//! `stats ...` of a proxy: the statistics page (manual 4.2).

use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatsScope {
    /// `.`: the proxy itself.
    Own,
    Name(Arc<str>),
}

#[derive(Clone, Debug)]
pub struct StatsPage {
    /// `/haproxy?stats` by default.
    pub uri: Arc<str>,
    /// `HAProxy Statistics` by default.
    pub realm: Arc<str>,
    /// `user:password` pairs; empty: no password asked.
    pub auth: Vec<(Box<str>, Box<str>)>,
    pub hide_version: bool,
    /// Seconds; 0 is none.
    pub refresh_s: u32,
    pub scope: Vec<StatsScope>,
    pub show_desc: Option<Box<str>>,
    pub show_legends: bool,
    pub show_modules: bool,
    pub show_node: Option<Box<str>>,
    /// Conditions of `stats admin` live in the proxy's rules; this says whether one stands there without a condition.
    pub admin_always: bool,
}
