//! What a rule does, typed. One variant is one meaning: spellings that mean the same share it.

use weir_sample::{Expr, Format, Stage};

use crate::reply::{Redirect, Reply};

/// How `del-header` and its kin choose names (`-m str|beg|end|sub|reg`).
#[derive(Clone, Debug)]
pub enum HeaderMatch {
    Name(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Substring(Box<str>),
    /// The pattern as written; compiled once by the compiler's resolve step.
    Regex(weir_sample::Regex),
}

/// Which part of the request line an action rewrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriPart {
    Path,
    PathQuery,
    Query,
    Uri,
}

/// How `del-headers-bin` compares names (`-m str|beg|end|sub`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameMatch {
    Same,
    Prefix,
    Suffix,
    Substring,
}

/// The steps of `normalize-uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    FragmentEncode,
    FragmentStrip,
    MergeSlashes,
    StripDot,
    StripDotdot { full: bool },
    DecodeUnreserved { strict: bool },
    PercentUppercase { strict: bool },
    SortQuery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Silent,
    Severity(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutKind {
    Client,
    Server,
    Tunnel,
    Connect,
    Queue,
    Tarpit,
}

/// What a rule does to a pattern reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternChange {
    Set,
    Add,
    Delete,
}

#[derive(Clone, Debug)]
pub enum Action<S: Stage> {
    /// `accept`, `allow`: stop evaluating this list.
    Allow,
    /// `reject`: close the connection without an answer.
    Reject,
    /// `tcp-response content close`.
    Close,
    Deny(Box<Reply<S>>),
    Tarpit(Box<Reply<S>>),
    Return(Box<Reply<S>>),
    Redirect(Box<Redirect<S>>),
    Auth {
        realm: Option<Format<S>>,
    },
    SilentDrop {
        rst_ttl: Option<u8>,
    },
    SetHeader {
        name: Box<str>,
        value: Format<S>,
    },
    AddHeader {
        name: Box<str>,
        value: Format<S>,
    },
    DelHeader(HeaderMatch),
    /// The whole value is matched.
    ReplaceHeader {
        name: Box<str>,
        pattern: weir_sample::Regex,
        value: Format<S>,
    },
    /// Each comma-separated value is matched by itself.
    ReplaceValue {
        name: Box<str>,
        pattern: weir_sample::Regex,
        value: Format<S>,
    },
    /// `add-headers-bin`, `set-headers-bin`: lines in the form of `req.hdrs_bin`; with a prefix only those whose names
    /// begin with it.
    HeadersBin {
        expr: Expr<S>,
        prefix: Option<Box<str>>,
        replace: bool,
    },
    DelHeadersBin {
        expr: Expr<S>,
        matching: NameMatch,
    },
    SetMethod(Format<S>),
    SetUriPart {
        part: UriPart,
        value: Format<S>,
    },
    ReplaceUriPart {
        part: UriPart,
        pattern: weir_sample::Regex,
        value: Format<S>,
    },
    NormalizeUri(Normalizer),
    SetStatus {
        status: u16,
        reason: Option<Box<str>>,
    },
    EarlyHint {
        name: Box<str>,
        value: Format<S>,
    },
    SetVar {
        variable: weir_sample::Variable,
        expr: Expr<S>,
        /// All must hold for the variable to be written.
        conditions: Box<[weir_sample::SetCondition]>,
    },
    SetVarFormat {
        variable: weir_sample::Variable,
        value: Format<S>,
        conditions: Box<[weir_sample::SetCondition]>,
    },
    UnsetVar {
        variable: weir_sample::Variable,
    },
    /// `set-map`, `del-map`, `add-acl`, `del-acl`. The file may be one that no ACL or map uses: then it does nothing.
    EditPatterns {
        edit: PatternChange,
        file: Box<str>,
        key: Format<S>,
        value: Option<Format<S>>,
    },
    /// `capture EXPR len N` (a slot of its own) or `capture EXPR id N`.
    Capture {
        expr: Expr<S>,
        slot: CaptureSlot,
        response: bool,
    },
    SetSource(Expr<S>),
    SetSourcePort(Expr<S>),
    SetDestination(Expr<S>),
    SetDestinationPort(Expr<S>),
    SetLogLevel(LogLevel),
    SetNice(i16),
    SetMark {
        value: IntValue<S>,
        to_server: bool,
    },
    SetTos {
        value: IntValue<S>,
        to_server: bool,
    },
    SetTimeout {
        kind: TimeoutKind,
        milliseconds: TimeoutValue<S>,
    },
    /// `wait-for-body time T [at-least N]`.
    WaitForBody {
        milliseconds: u64,
        at_least: u64,
    },
    Pause(TimeoutValue<S>),
    StrictMode(bool),
    DisableL7Retry,
    SetRetries(IntValue<S>),
    /// `set-bandwidth-limit`: the filter by name, and what replaces its limit and period.
    SetBandwidthLimit {
        filter: Box<str>,
        limit: Option<TimeoutValue<S>>,
        period: Option<TimeoutValue<S>>,
    },
    /// `switch-mode http`.
    SwitchModeHttp,
    /// Of use with TLS early data alone.
    WaitForHandshake,
    /// `do-log`, with the profile that it names.
    DoLog {
        profile: Option<Box<str>>,
    },
    ExpectProxyLayer4,
    ExpectNetscalerCip,
    UseService(Box<str>),
    TrackStickCounter {
        counter: u8,
        key: Expr<S>,
        /// Empty for the proxy's own.
        table: S::Table,
    },
    /// `sc-inc-gpc`, `sc-inc-gpc0`, `sc-inc-gpc1`, `sc-add-gpc`.
    CountStickCounter {
        counter: u8,
        element: StickElement,
        amount: IntValue<S>,
    },
    /// `sc-set-gpt`, `sc-set-gpt0`.
    TagStickCounter {
        counter: u8,
        element: StickElement,
        value: IntValue<S>,
    },
    SetPriorityClass(Expr<S>),
    SetPriorityOffset(Expr<S>),
    /// `cache-use`; the index of the cache is set once names are resolved.
    CacheUse {
        name: Box<str>,
        index: u32,
    },
    /// `cache-store`.
    CacheStore {
        name: Box<str>,
        index: u32,
    },
    /// A known action that weir checks and refuses for now: the compiler reports it with its place.
    NotYet {
        name: &'static str,
    },
}

/// Which general counter or tag of an entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickElement {
    /// Of an array.
    Array(u8),
    /// `gpc0`, `gpc1`, `gpt0`: the single one, or the array's where the table has one.
    Single(u8),
}

#[derive(Clone, Debug)]
pub enum TimeoutValue<S: Stage> {
    Fixed(u64),
    Expr(Expr<S>),
}

/// A number in a line, or an expression that yields one.
#[derive(Clone, Debug)]
pub enum IntValue<S: Stage> {
    Fixed(u32),
    Expr(Expr<S>),
}

/// Where `capture` keeps its sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureSlot {
    /// `len N`: a slot of its own, numbered by the compiler behind the declared ones.
    Own { length: u32 },
    /// `id N`: a declared one.
    Id(u32),
}
