//! `option httpchk`: the request that is sent and the response that is read.

mod request;
pub(crate) mod response;

pub use request::{HttpSend, ServerStateHeader, Uri};
pub(crate) use response::{Answer, Reading, read};
