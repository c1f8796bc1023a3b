//! `compression` (manual 4.2): what is compressed, and how.

/// A coding that bodies can be sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Passes the body as it is, in chunks.
    Identity,
    Gzip,
    /// In the zlib format.
    Deflate,
    /// The same without the zlib wrapper, for clients that expect it under the same name.
    RawDeflate,
}

impl Algorithm {
    pub const ALL: [Algorithm; 4] =
        [Algorithm::Identity, Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate];

    /// The word in the configuration.
    pub const fn keyword(self) -> &'static str {
        match self {
            Algorithm::Identity => "identity",
            Algorithm::Gzip => "gzip",
            Algorithm::Deflate => "deflate",
            Algorithm::RawDeflate => "raw-deflate",
        }
    }

    /// The token in `accept-encoding` and `content-encoding`.
    pub const fn token(self) -> &'static str {
        match self {
            Algorithm::RawDeflate => "deflate",
            other => other.keyword(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compression {
    /// `algo-req`: requests are all compressed with this one.
    pub request: Option<Algorithm>,
    /// `algo`, `algo-res`, the last one written first: that is the order in which they are tried.
    pub response: Vec<Algorithm>,
    /// Beginnings of content types, in lower case; all types where there is none.
    pub request_types: Vec<Box<str>>,
    pub response_types: Vec<Box<str>>,
    /// Servers are kept from compressing.
    pub offload: bool,
    /// `direction`.
    pub requests: bool,
    pub responses: bool,
    /// Bytes of body below which nothing is compressed, where the length is known beforehand.
    pub request_minimum: u32,
    pub response_minimum: u32,
}

impl Default for Compression {
    fn default() -> Self {
        Self {
            request: None,
            response: Vec::new(),
            request_types: Vec::new(),
            response_types: Vec::new(),
            offload: false,
            requests: false,
            responses: true,
            request_minimum: 0,
            response_minimum: 0,
        }
    }
}

/// Where one proxy's compression filters stand: implied by `compression` lines or declared by `filter` lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compresses {
    pub requests: bool,
    pub responses: bool,
}
