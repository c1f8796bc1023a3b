//! Sections that take lines of proxies (`acl`, `tcp-check`, `option httpchk`...) have them read into a backend of their
//! own that is no proxy of the configuration.

use std::sync::Arc;

use weir_types::{Mode, ProxyKind, Span};

use crate::model::{Proxy, Settings};
use crate::parser::Parser;

/// Begins one; [`take`] ends it.
pub(super) fn begin(parser: &mut Parser<'_>, name: Arc<str>, span: Span) {
    parser.proxy = Some(Box::new(Proxy {
        name,
        kind: ProxyKind::Backend,
        span,
        mode: Mode::Http,
        disabled: false,
        id: None,
        guid: None,
        defaults: None,
        settings: Arc::<Settings>::default(),
        acls: Vec::new(),
        rules: None,
        frontend: None,
        backend: None,
        stick_table: None,
        filters: Vec::new(),
        description: None,
    }));
}

/// The one that was being read.
pub(super) fn take(parser: &mut Parser<'_>) -> Option<Box<Proxy>> {
    parser.proxy.take()
}
