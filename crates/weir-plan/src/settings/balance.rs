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

impl Algorithm {
    /// Whether requests are bound to servers by a key.
    pub const fn is_hashed(&self) -> bool {
        !matches!(
            self,
            Self::RoundRobin
                | Self::StaticRoundRobin
                | Self::LeastConn
                | Self::First
                | Self::Random(_)
                | Self::Sticky
        )
    }
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
    /// `balance` was written: there is no other way to a server then.
    pub chosen: bool,
    pub algorithm: Algorithm,
    pub method: HashMethod,
    pub function: HashFunction,
    pub avalanche: bool,
    /// `hash-balance-factor`, percent; 0 is off.
    pub balance_factor: u32,
    pub affinity: Affinity,
}

/// `hash-preserve-affinity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    #[default]
    Always,
    Maxconn,
    Maxqueue,
}

/// `hash-key` of a server: what its places on the ring of consistent hashing follow from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashKey {
    #[default]
    Id,
    Id32,
    Addr,
    AddrPort,
}
