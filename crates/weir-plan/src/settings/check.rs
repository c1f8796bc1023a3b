//! What a health check does (manual 4.2 `option httpchk`, `option tcp-check`..., `http-check`).

use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Check {
    pub kind: CheckKind,
    pub disable_on_404: bool,
    pub send_state: bool,
}

#[derive(Clone, Debug, Default)]
pub enum CheckKind {
    /// A connection that opens is a success.
    #[default]
    Connect,
    Http {
        send: HttpCheckSend,
        expect: Vec<HttpCheckExpect>,
    },
}

#[derive(Clone, Debug)]
pub struct HttpCheckSend {
    pub method: Box<str>,
    pub uri: Box<str>,
    pub version: Box<str>,
    pub headers: Vec<(Box<str>, Box<str>)>,
    pub body: Arc<[u8]>,
}

#[derive(Clone, Debug)]
pub enum HttpCheckExpect {
    /// Inclusive ranges.
    Status {
        negated: bool,
        ranges: Vec<(u16, u16)>,
    },
    StatusRegex {
        negated: bool,
        pattern: weir_sample::Regex,
    },
    Body {
        negated: bool,
        text: Arc<[u8]>,
    },
    BodyRegex {
        negated: bool,
        pattern: weir_sample::Regex,
    },
}
