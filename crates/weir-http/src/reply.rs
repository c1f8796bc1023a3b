//! Builds answers of the proxy's own: `http-request return`, `redirect`, error pages.

use crate::{Headers, NoRoom, Response, Version};

/// An answer of the proxy's own: head and body.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub head: Response,
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer with this status, its standard reason, and no body.
    pub fn new(status: u16) -> Result<Reply, NoRoom> {
        let mut reply = Reply::default();
        reply.head.start(status, Version::HTTP_11)?;
        Ok(reply)
    }

    pub fn headers(&mut self) -> &mut Headers {
        &mut self.head.headers
    }
}
