//! One stream of a client: the task that lives as long as the request does.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::frontend::Shared;
use crate::census::Presence;
use crate::record::Cause;
use crate::session::Client;
use crate::stream::{Ending, Step, Stream};
use crate::timers::Timer;
use crate::turn::Turn;
use crate::worker::Worker;

pub struct StreamTask {
    worker: Rc<Worker>,
    client: Client,
    timer: Option<Timer>,
    stream: Option<Box<Stream>>,
    shared: Rc<Shared>,
    presence: Presence,
}

impl StreamTask {
    pub fn new(worker: Rc<Worker>, client: Client, shared: Rc<Shared>) -> Self {
        let mut stream = worker.streams.take();
        stream.up.clear();
        let now = worker.clock.now_us();
        Turn::begin(&worker, &client, &mut stream, now);
        stream.record.first_byte_us = now;
        let presence = Presence::new(&worker);
        Self { worker, client, timer: None, stream: Some(stream), shared, presence }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.is_none() {
            self.timer = Some(self.worker.timers.register(cx.waker()));
        }
        if self.presence.is_asked(&self.worker)
            && let Some(stream) = &mut self.stream
        {
            self.presence.step_forward(cx, &self.worker, &mut self.client, stream);
        }
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(()) };
            let mut turn = Turn { cx, worker: &self.worker, client: &mut self.client, stream };
            match turn.run() {
                Step::Next => {}
                Step::Wait => {
                    stream.rest(&self.worker.buffers);
                    if let Some(timer) = &self.timer {
                        timer.set(stream.deadlines.next());
                    }
                    return Poll::Pending;
                }
                Step::End(ending) => {
                    self.end(ending);
                    return Poll::Ready(());
                }
            }
        }
    }

    fn end(&mut self, ending: Ending) {
        let Some(stream) = self.stream.take() else { return };
        if let Some(end) = self.client.socket.stream() {
            let in_order = match stream.record.cause {
                Cause::None | Cause::Local => true,
                // A tunnel says nothing of its length that would still be owed.
                Cause::ClientTimeout | Cause::ServerTimeout => stream.tunnel,
                _ => false,
            };
            if in_order && stream.response_begun {
                end.complete();
            }
            if ending == Ending::Silent {
                end.mux().vanish.set(true);
            }
        }
        if let Some(private) = self.client.session.private.take() {
            self.shared.keep_private(private);
        }
        self.client.socket.close();
        Turn::release(&self.worker, stream);
    }
}

impl Future for StreamTask {
    type Output = ();

    /// A panic ends this stream alone: the worker counts it, and the connection goes on.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        Turn::guard(this, |this| this.advance(cx), |this| (&this.worker, &this.client))
    }
}

impl Drop for StreamTask {
    fn drop(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            Turn::abandon(&self.worker, &mut stream);
        }
    }
}
