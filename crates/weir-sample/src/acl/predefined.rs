//! The ACLs that exist in every proxy without being declared (manual 7.4).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use weir_types::{ProxyId, ServerId, Span, TableId};

use super::Acl;
use crate::expr::ParseContext;
use crate::pattern::{NoFiles, References};
use crate::stage::{Missing, Resolve, Resolved};

/// Name and meaning.
const ROWS: [(&str, &str); 23] = [
    ("FALSE", "always_false"),
    ("HTTP", "req.proto_http"),
    ("HTTP_1.0", "req.ver 1.0"),
    ("HTTP_1.1", "req.ver 1.1"),
    ("HTTP_2.0", "req.ver 2.0"),
    ("HTTP_3.0", "req.ver 3.0"),
    ("HTTP_CONTENT", "req.hdr_val(content-length) gt 0"),
    ("HTTP_URL_ABS", "url_reg ^[^/:]*://"),
    ("HTTP_URL_SLASH", "url_beg /"),
    ("HTTP_URL_STAR", "url *"),
    ("LOCALHOST", "src 127.0.0.1/8 ::1"),
    ("METH_CONNECT", "method CONNECT"),
    ("METH_DELETE", "method DELETE"),
    ("METH_GET", "method GET HEAD"),
    ("METH_HEAD", "method HEAD"),
    ("METH_OPTIONS", "method OPTIONS"),
    ("METH_POST", "method POST"),
    ("METH_PUT", "method PUT"),
    ("METH_TRACE", "method TRACE"),
    ("RDP_COOKIE", "req.rdp_cookie_cnt gt 0"),
    ("REQ_CONTENT", "req.len gt 0"),
    ("TRUE", "always_true"),
    ("WAIT_END", "wait_end"),
];

static BY_NAME: LazyLock<HashMap<&'static str, Arc<Acl<Resolved>>>> =
    LazyLock::new(|| ROWS.into_iter().map(|(name, text)| (name, Arc::new(build(name, text)))).collect());

/// The predefined ACL of this name.
pub fn predefined(name: &str) -> Option<Arc<Acl<Resolved>>> {
    BY_NAME.get(name).cloned()
}

fn build(name: &str, text: &str) -> Acl<Resolved> {
    let references = References::default();
    let cx = ParseContext::new(Span::default(), &NoFiles, &references);
    let words: Vec<&str> = std::iter::once(name).chain(text.split(' ')).collect();
    let acl = Acl::parse(&words, &cx).expect("the table holds well-formed ACLs; a test builds each");
    acl.resolve(&mut NoNames).expect("no predefined ACL refers to a name")
}

/// Knows no name at all.
pub struct NoNames;

impl Resolve for NoNames {
    fn frontend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Err(Missing::Unknown)
    }

    fn backend(&mut self, _: &str) -> Result<ProxyId, Missing> {
        Err(Missing::Unknown)
    }

    fn server(&mut self, _: &str) -> Result<ServerId, Missing> {
        Err(Missing::Unknown)
    }

    fn table(&mut self, _: &str) -> Result<TableId, Missing> {
        Err(Missing::Unknown)
    }

    fn userlist(&mut self, _: &str) -> Result<u32, Missing> {
        Err(Missing::Unknown)
    }

    fn acl(&mut self, _: &str) -> Result<Arc<Acl<Resolved>>, Missing> {
        Err(Missing::Unknown)
    }

    fn proxy_name(&self) -> &str {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_builds() {
        for (name, _) in ROWS {
            assert!(predefined(name).is_some(), "{name}");
        }
        let local: std::net::IpAddr = "127.9.9.9".parse().expect("an address");
        let acl = predefined("LOCALHOST").expect("a predefined ACL");
        assert!(acl.tests[0].patterns.iter().any(|one| one.matches(&crate::value::Value::ip(local))));
    }
}
