//! Answers that weir makes itself: `deny`, `tarpit`, `return`, `redirect`, `http-error`.

use std::sync::Arc;

use weir_sample::{Format, Stage};

/// What the body of an answer is made from.
#[derive(Clone, Debug)]
pub enum ReplyBody<S: Stage> {
    /// The proxy's own error page for the status (`errorfile`, `http-errors`, built in).
    ErrorPage,
    /// A complete raw message: `errorfile FILE` on the rule.
    Raw(Arc<[u8]>),
    /// `errorfile /dev/null`: close without an answer.
    Nothing,
    /// `errorfiles NAME`: the section that holds the page for the status.
    ErrorFiles(Box<str>),
    /// `default-errorfiles`: the proxy's.
    DefaultErrorFiles,
    /// No body: `return status 200` alone.
    Empty,
    /// `file` or `string`: sent as it is.
    Bytes(Arc<[u8]>),
    /// `lf-file` or `lf-string`.
    Format(Box<Format<S>>),
}

#[derive(Clone, Debug)]
pub struct Reply<S: Stage> {
    /// 200 to 599; `None` is the action's own default (403 for deny, 500 for tarpit, 200 for return).
    pub status: Option<u16>,
    pub content_type: Option<Box<str>>,
    pub headers: Vec<(Box<str>, Format<S>)>,
    pub body: ReplyBody<S>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    Location,
    Prefix,
    Scheme,
}

/// `redirect` and `http-request redirect` (manual 4.2).
#[derive(Clone, Debug)]
pub struct Redirect<S: Stage> {
    pub kind: RedirectKind,
    pub target: Format<S>,
    /// 301, 302, 303, 307 or 308.
    pub code: u16,
    pub drop_query: bool,
    pub append_slash: bool,
    pub ignore_empty: bool,
    pub keep_query: bool,
    /// `set-cookie NAME[=value]`, as the complete header value.
    pub set_cookie: Option<Box<str>>,
}
