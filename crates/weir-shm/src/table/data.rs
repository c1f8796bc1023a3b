//! What may be stored with a key (manual 11.1), in the order in which HAProxy shows it.

/// How a data type is kept and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// A number of 32 bits that is set.
    Tag,
    /// A number of 32 bits that is counted.
    Count,
    /// A number of 64 bits that is counted.
    Bytes,
    /// Events in the period that ends now.
    Rate,
    /// The name or address of a server.
    Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DataType {
    ServerId,
    Gpt0,
    Gpc0,
    Gpc0Rate,
    ConnCnt,
    ConnRate,
    ConnCur,
    SessCnt,
    SessRate,
    HttpReqCnt,
    HttpReqRate,
    HttpErrCnt,
    HttpErrRate,
    BytesInCnt,
    BytesInRate,
    BytesOutCnt,
    BytesOutRate,
    Gpc1,
    Gpc1Rate,
    ServerKey,
    HttpFailCnt,
    HttpFailRate,
    Gpt,
    Gpc,
    GpcRate,
    GlitchCnt,
    GlitchRate,
}

use DataKind::*;

/// Name, kind, and whether it is an array.
const TYPES: [(&str, DataKind, bool); DataType::COUNT] = [
    ("server_id", Tag, false),
    ("gpt0", Tag, false),
    ("gpc0", Count, false),
    ("gpc0_rate", Rate, false),
    ("conn_cnt", Count, false),
    ("conn_rate", Rate, false),
    ("conn_cur", Count, false),
    ("sess_cnt", Count, false),
    ("sess_rate", Rate, false),
    ("http_req_cnt", Count, false),
    ("http_req_rate", Rate, false),
    ("http_err_cnt", Count, false),
    ("http_err_rate", Rate, false),
    ("bytes_in_cnt", Bytes, false),
    ("bytes_in_rate", Rate, false),
    ("bytes_out_cnt", Bytes, false),
    ("bytes_out_rate", Rate, false),
    ("gpc1", Count, false),
    ("gpc1_rate", Rate, false),
    ("server_key", Name, false),
    ("http_fail_cnt", Count, false),
    ("http_fail_rate", Rate, false),
    ("gpt", Tag, true),
    ("gpc", Count, true),
    ("gpc_rate", Rate, true),
    ("glitch_cnt", Count, false),
    ("glitch_rate", Rate, false),
];

impl DataType {
    pub const COUNT: usize = 27;

    pub const ALL: [DataType; Self::COUNT] = [
        DataType::ServerId,
        DataType::Gpt0,
        DataType::Gpc0,
        DataType::Gpc0Rate,
        DataType::ConnCnt,
        DataType::ConnRate,
        DataType::ConnCur,
        DataType::SessCnt,
        DataType::SessRate,
        DataType::HttpReqCnt,
        DataType::HttpReqRate,
        DataType::HttpErrCnt,
        DataType::HttpErrRate,
        DataType::BytesInCnt,
        DataType::BytesInRate,
        DataType::BytesOutCnt,
        DataType::BytesOutRate,
        DataType::Gpc1,
        DataType::Gpc1Rate,
        DataType::ServerKey,
        DataType::HttpFailCnt,
        DataType::HttpFailRate,
        DataType::Gpt,
        DataType::Gpc,
        DataType::GpcRate,
        DataType::GlitchCnt,
        DataType::GlitchRate,
    ];

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data| data.name() == name)
    }

    pub const fn index(self) -> usize {
        self as usize
    }

    /// As `store` and `data.` call it.
    pub const fn name(self) -> &'static str {
        TYPES[self as usize].0
    }

    pub const fn kind(self) -> DataKind {
        TYPES[self as usize].1
    }

    /// Stored as several of a kind: `gpt(3)`.
    pub const fn is_array(self) -> bool {
        TYPES[self as usize].2
    }

    /// Counted in blocks of `brates-factor` bytes.
    pub const fn is_byte_rate(self) -> bool {
        matches!(self, DataType::BytesInRate | DataType::BytesOutRate)
    }
}
