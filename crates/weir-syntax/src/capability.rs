//! What `feature()`, `enabled()`, the version and the TLS predicates of manual 2.4 answer. The one place that says
//! which features this program has; a feature is switched on here in the change that makes it work.

use crate::Version;

/// One name of the list that `-vv` prints after `Feature list :`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub name: &'static str,
    pub present: bool,
}

/// The TLS library in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslLibrary {
    /// As the library names itself, beginning with `OpenSSL` for OpenSSL.
    pub name: String,
    /// The OpenSSL version, also the one that other libraries pretend to have: `3.0.15`.
    pub version: String,
    /// AWS-LC's API number.
    pub awslc_api: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct Capabilities {
    /// The HAProxy version whose language is read.
    pub version: Version,
    pub features: &'static [Feature],
    /// Run-time options that are on: `EPOLL`, `SPLICE`... The command line may take some away.
    pub enabled: Vec<&'static str>,
    pub ssl: Option<SslLibrary>,
    /// `.diag` lines are reported (`-dD`).
    pub diagnostics: bool,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            version: Version::HAPROXY,
            features: FEATURES,
            enabled: ENABLED.to_vec(),
            ssl: None,
            diagnostics: false,
        }
    }
}

impl Capabilities {
    pub fn has_feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature.present && feature.name == name)
    }

    pub fn is_enabled(&self, option: &str) -> bool {
        self.enabled.contains(&option)
    }
}

const fn on(name: &'static str) -> Feature {
    Feature { name, present: true }
}

const fn off(name: &'static str) -> Feature {
    Feature { name, present: false }
}

/// In the order of the names, as `-vv` prints them.
const FEATURES: &[Feature] = &[
    off("51DEGREES"),
    on("ACCEPT4"),
    off("BACKTRACE"),
    off("CLOSEFROM"),
    on("CPU_AFFINITY"),
    off("CRYPT_H"),
    off("DEVICEATLAS"),
    off("DL"),
    off("ECH"),
    off("ENGINE"),
    on("EPOLL"),
    off("EVPORTS"),
    on("GETADDRINFO"),
    off("KQUEUE"),
    off("KTLS"),
    off("LIBATOMIC"),
    off("LIBCRYPT"),
    on("LINUX_CAP"),
    off("LINUX_SPLICE"),
    on("LINUX_TPROXY"),
    off("LUA"),
    off("MATH"),
    off("MEMORY_PROFILING"),
    off("NETFILTER"),
    off("NS"),
    off("OBSOLETE_LINKER"),
    on("OPENSSL"),
    off("OPENSSL_AWSLC"),
    off("OPENSSL_WOLFSSL"),
    off("OT"),
    off("OTEL"),
    off("PCRE"),
    on("PCRE2"),
    off("PCRE2_JIT"),
    off("PCRE_JIT"),
    off("POLL"),
    on("PRCTL"),
    off("PROCCTL"),
    on("PROMEX"),
    off("PTHREAD_EMULATION"),
    off("QUIC"),
    off("QUIC_OPENSSL_COMPAT"),
    off("RT"),
    on("SHM_OPEN"),
    off("SLZ"),
    on("SSL"),
    off("STATIC_PCRE"),
    off("STATIC_PCRE2"),
    on("TFO"),
    on("THREAD"),
    off("THREAD_DUMP"),
    on("TPROXY"),
    off("WURFL"),
    on("ZLIB"),
];

const ENABLED: &[&str] = &["EPOLL", "GETADDRINFO", "REUSEPORT"];

#[cfg(test)]
mod tests {
    use super::{Capabilities, FEATURES};

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn a_feature_is_named_in_full_and_in_capitals() {
        let capabilities = Capabilities::default();
        assert!(capabilities.has_feature("EPOLL"));
        for name in ["epoll", "EPOL", "+EPOLL", "", "KQUEUE"] {
            assert!(!capabilities.has_feature(name), "{name}");
        }
    }
}
