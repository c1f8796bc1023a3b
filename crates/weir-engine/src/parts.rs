//! What a process cannot do without: a part that panics would leave it running and lame, holding connections that nobody
//! serves. The process ends instead, and the supervisor replaces it.

use std::io;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

#[derive(Clone, Debug, Default)]
pub struct Parts {
    broken: Rc<Notify>,
}

impl Parts {
    pub fn spawn(&self, part: impl Future + 'static) -> AbortHandle {
        let task = spawn_local(async move { drop(part.await) });
        let (handle, broken) = (task.abort_handle(), self.broken.clone());
        spawn_local(async move {
            if task.await.is_err_and(|error| error.is_panic()) {
                broken.notify_one();
            }
        });
        handle
    }

    /// Waits until one has panicked; the error to end with.
    pub async fn broken(&self) -> io::Error {
        self.broken.notified().await;
        io::Error::other("a part of this process panicked")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_and_an_end_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().build_local(Default::default()).unwrap();
        runtime.block_on(async {
            let parts = Parts::default();
            parts.spawn(async {});
            parts.spawn(std::future::pending::<()>()).abort();
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            tokio::select! {
                biased;
                _ = parts.broken() => unreachable!("nothing panicked"),
                () = std::future::ready(()) => {}
            }
            parts.spawn(async { unreachable!("on purpose") });
            parts.broken().await;
        });
    }
}
