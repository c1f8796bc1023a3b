//! ACL spellings: names that mean a fetch with a match method (`path_beg`). They are derived from the fetches below,
//! never typed one by one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::fetch::{self, Fetch};
use crate::pattern::Method;

/// One ACL spelling.
#[derive(Clone, Debug)]
pub struct Keyword {
    pub name: String,
    /// Name of the fetch behind it.
    pub fetch: &'static str,
    pub method: Method,
}

impl Keyword {
    pub fn fetch(&self) -> &'static Fetch {
        fetch::find(self.fetch).expect("every ACL spelling names a fetch; a test checks it")
    }
}

/// Spellings that take every string method as a suffix, and the fetch behind each.
const BASES: [(&str, &str); 8] = [
    ("base", "base"),
    ("cook", "req.cook"),
    ("hdr", "req.hdr"),
    ("path", "path"),
    ("scook", "res.cook"),
    ("shdr", "res.hdr"),
    ("url", "url"),
    ("urlp", "urlp"),
];

const SUFFIXES: [Method; 7] =
    [Method::Beg, Method::Dir, Method::Dom, Method::End, Method::Len, Method::Reg, Method::Sub];

/// The remaining spellings: old names, and names whose patterns are of a special kind.
const SINGLE: [(&str, &str, Method); 13] = [
    ("http_auth_group", "http_auth_group", Method::Str),
    ("method", "method", Method::Str),
    ("payload", "req.payload", Method::Bin),
    ("payload_lv", "req.payload_lv", Method::Bin),
    ("req.ssl_ver", "req.ssl_ver", Method::Int),
    ("req_rdp_cookie", "req.rdp_cookie", Method::Str),
    ("req_rdp_cookie_cnt", "req.rdp_cookie_cnt", Method::Int),
    ("req_ssl_sni", "req.ssl_sni", Method::Str),
    ("req_ssl_ver", "req.ssl_ver", Method::Int),
    ("req_ver", "req.ver", Method::Str),
    ("resp_ver", "res.ver", Method::Str),
    ("ssl_fc_sni_end", "ssl_fc_sni", Method::End),
    ("ssl_fc_sni_reg", "ssl_fc_sni", Method::Reg),
];

static BY_NAME: LazyLock<BTreeMap<String, Keyword>> = LazyLock::new(|| {
    let mut all = BTreeMap::new();
    let mut add = |name: String, fetch: &'static str, method: Method| {
        all.insert(name.clone(), Keyword { name, fetch, method });
    };
    for (base, fetch) in BASES {
        add(base.into(), fetch, Method::Str);
        for method in SUFFIXES {
            add(format!("{base}_{}", method.as_str()), fetch, method);
        }
    }
    for (name, fetch, method) in &SINGLE {
        add((*name).into(), fetch, *method);
    }
    all
});

pub fn find(name: &str) -> Option<&'static Keyword> {
    BY_NAME.get(name)
}

/// Every spelling, by name.
pub fn all() -> impl Iterator<Item = &'static Keyword> {
    BY_NAME.values()
}
