//! One stream's end of an HTTP/2 connection, which the engine uses as a socket.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll};

use weir_http::Request;
use weir_http::h2::{Closing, ErrorCode};

use super::mux::Mux;

#[derive(Debug)]
pub struct End {
    mux: Rc<Mux>,
    /// Changes once when a stream towards a server is given its number.
    id: Cell<u32>,
    complete: Cell<bool>,
}

impl End {
    pub fn new(mux: Rc<Mux>, id: u32) -> Self {
        Self { mux, id: Cell::new(id), complete: Cell::new(false) }
    }

    pub fn mux(&self) -> &Rc<Mux> {
        &self.mux
    }

    /// The stream's number; 0 while one towards a server has none.
    pub fn id(&self) -> u32 {
        self.id.get()
    }

    /// The code that the peer reset the stream with.
    pub fn peer_reset(&self) -> Option<u32> {
        self.mux.core.borrow().peer_reset(self.id.get())
    }

    /// Moves the client's request out. An error is the status to answer with.
    pub fn take_request(&self, request: &mut Request) -> Result<(), u16> {
        self.mux.core.borrow_mut().take_request(self.id.get(), request)
    }

    pub fn poll_recv(&self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        self.mux.core.borrow_mut().read(cx, self.id.get(), room).map_err(as_reset)
    }

    pub fn poll_send(&self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut id = self.id.get();
        let outcome = self.mux.core.borrow_mut().write(cx, &mut id, pieces);
        self.id.set(id);
        outcome.map_err(as_reset)
    }

    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_readable() {
            return Poll::Ready(Ok(()));
        }
        // Without room nothing is taken; it waits all the same.
        self.mux.core.borrow_mut().read(cx, self.id.get(), &mut []).map(|_| Ok(()))
    }

    pub fn is_readable(&self) -> bool {
        self.mux.core.borrow().is_readable(self.id.get())
    }

    pub fn shutdown_write(&self) {
        self.mux.core.borrow_mut().finish(self.id.get());
    }

    /// The peer has reset the stream.
    pub fn was_reset(&self) -> bool {
        self.mux.core.borrow().was_reset(self.id.get())
    }

    /// The connection ended before its peer said that it speaks HTTP/2.
    pub fn never_began(&self) -> bool {
        let core = self.mux.core.borrow();
        core.has_ended() && !core.is_settled()
    }

    /// The stream ends in order: what was written is all there was to be.
    pub fn complete(&self) {
        self.complete.set(true);
    }
}

/// Whatever the code, the stream is gone as a connection is that was reset.
fn as_reset(_: ErrorCode) -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Drop for End {
    fn drop(&mut self) {
        let closing = if self.complete.get() { Closing::Complete } else { Closing::Broken };
        self.mux.core.borrow_mut().close(self.id.get(), closing);
    }
}
