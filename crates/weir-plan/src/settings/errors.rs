//! Error pages (`errorfile`, `errorloc*`, `http-errors`, `http-error`): what stands in place of the built-in ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_rules::Reply;
use weir_sample::Resolved;

#[derive(Clone, Debug)]
pub enum ErrorPage {
    /// A complete HTTP/1 message read from a file.
    Raw(Arc<[u8]>),
    /// `/dev/null`: close without an answer.
    Nothing,
    /// `errorloc*`: the code (302 or 303) and the URL.
    Location(u16, Arc<str>),
    /// `http-error`: an answer made for each stream. Appears in plans only; the configuration keeps these apart.
    Reply(Arc<Reply<Resolved>>),
}

#[derive(Clone, Debug, Default)]
pub struct ErrorPages {
    pub by_status: BTreeMap<u16, ErrorPage>,
}
