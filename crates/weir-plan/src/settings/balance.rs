//! `balance` and `hash-type` (manual 4.2).

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    #[default]
    RoundRobin,
    StaticRoundRobin,
    LeastConn,
    First,
    Source,
    /// `random(draws)`.
    Random(u32),
    Uri {
        length: u32,
        depth: u32,
        whole: bool,
        path_only: bool,
    },
    UrlParam {
        name: Box<str>,
        check_post: Option<u32>,
    },
    Header {
        name: Box<str>,
        use_domain_only: bool,
    },
    RdpCookie {
        name: Box<str>,
    },
    /// The key is the backend's `balance_key`.
    Hash,
    LogHash,
    Sticky,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashMethod {
    #[default]
    MapBased,
    Consistent,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashFunction {
    #[default]
    Sdbm,
    Djb2,
    Wt6,
    Crc32,
    None,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub algorithm: Algorithm,
    pub method: HashMethod,
    pub function: HashFunction,
    pub avalanche: bool,
    /// `hash-balance-factor`, percent; 0 is off.
    pub balance_factor: u32,
}
