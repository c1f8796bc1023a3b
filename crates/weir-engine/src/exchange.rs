//! `Exchange`: the one loop that moves bytes both ways, for TCP, HTTP bodies and tunnels alike.

use std::task::Poll;

use weir_plan::settings::retry;

use crate::channel::{Broken, Framing};
use crate::record::{Cause, Stage};
use crate::stream::{Ending, Phase, Step};
use crate::timers::NEVER;
use crate::turn::Turn;

/// Rounds of one turn before other streams get theirs.
const ROUNDS: u32 = 16;

impl Turn<'_, '_> {
    pub fn exchange(&mut self) -> Step {
        for _ in 0..ROUNDS {
            let up = match self.move_up() {
                Ok(moved) => moved,
                Err(broken) => return self.up_broken(broken),
            };
            let down = match self.move_down() {
                Ok(Moved::Bytes(moved)) => moved,
                Ok(Moved::Phase(step)) => return step,
                Err(broken) => return self.down_broken(broken),
            };
            if let Some(step) = self.exchange_over() {
                return step;
            }
            if !up && !down {
                self.set_exchange_deadlines();
                return Step::Wait;
            }
        }
        self.set_exchange_deadlines();
        self.cx.waker().wake_by_ref();
        Step::Wait
    }

    /// A client that closed waits for its answer at most: the server is told, and decides (manual, `option abortonclose`).
    fn pass_on_close(&mut self) {
        let told = self.stream.up.shut || !self.stream.http || self.stream.tunnel;
        if told || !self.stream.up.is_complete() || !self.client_closed() {
            return;
        }
        let stream = &mut *self.stream;
        if let Some(link) = &mut stream.link
            && link.socket.stream().is_none()
        {
            stream.up.shut = true;
            stream.server_persists = false;
            link.socket.shutdown_write();
        }
    }

    /// Client to server.
    fn move_up(&mut self) -> Result<bool, Broken> {
        let stream = &mut *self.stream;
        let up = &mut stream.up;
        let Some(link) = &mut stream.link else { return Ok(false) };
        let mut moved = false;
        if up.broken {
            return Err(Broken::Framing);
        }
        // Behind a complete request the client is still read: pipelined requests, and the end of the connection.
        let room = up.buffer.capacity() == 0 || !up.buffer.is_full();
        if !up.eof && room {
            match up.receive(self.cx, &mut self.client.socket, &self.worker.buffers) {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => {
                    moved = true;
                    stream.client_moved_ms = self.worker.clock.now_ms();
                    stream.client_read_ms = stream.client_moved_ms;
                    up.pass()?;
                }
                Poll::Ready(Err(_)) => return Err(Broken::Input),
            }
        }
        if up.has_output() && !up.shut {
            match up.transmit(self.cx, &mut link.socket, false) {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => {
                    moved = true;
                    stream.server_moved_ms = self.worker.clock.now_ms();
                }
                Poll::Ready(Err(_)) => return Err(Broken::Output),
            }
        }
        let raw_end = up.eof && matches!(up.framing, Framing::Raw) && !up.has_output();
        if raw_end && !up.shut {
            up.shut = true;
            moved = true;
            let backend = self.client.session.plan.proxy(stream.backend);
            let resets = !stream.http && !stream.down.eof && backend.settings.options.nolinger;
            if stream.down.eof && stream.down.shut || resets {
                self.count_for_log();
            }
            let stream = &mut *self.stream;
            match &mut stream.link {
                // `option nolinger`: the server is left at once, whatever it still has to say.
                Some(link) if resets => {
                    link.socket.reset();
                    stream.down.eof = true;
                }
                Some(link) => link.socket.shutdown_write(),
                None => {}
            }
        }
        if self.stream.up.eof {
            self.pass_on_close();
        }
        Ok(moved)
    }

    /// `option nolinger` over TCP: a client that has closed its side is left with a reset. Over HTTP clients are to read
    /// the end of their answer.
    pub fn resets_client(&self) -> bool {
        let options = &self.client.session.proxy().settings.options;
        options.nolinger && !self.stream.http && self.stream.up.eof
    }

    /// Whether the client has everything when what waits for it was sent.
    fn is_last_write(&self) -> bool {
        let stream = &*self.stream;
        let received = stream.down.is_received() && !matches!(stream.down.framing, Framing::Ending);
        received && (stream.up.is_complete() || stream.up.shut) && stream.http && !stream.tunnel
    }

    /// Server to client.
    fn move_down(&mut self) -> Result<Moved, Broken> {
        let mut moved = false;
        let stream = &mut *self.stream;
        if stream.down.broken {
            return Err(Broken::Framing);
        }
        if stream.response_waits
            && let Some(step) = self.meet_waiting_response()?
        {
            return Ok(Moved::Phase(step));
        }
        let stream = &mut *self.stream;
        if let Some(link) = &mut stream.link
            && stream.down.wants_input()
        {
            match stream.down.receive(self.cx, &mut link.socket, &self.worker.buffers) {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => {
                    moved = true;
                    stream.server_moved_ms = self.worker.clock.now_ms();
                    stream.server_read_ms = stream.server_moved_ms;
                    if stream.http && !stream.response_begun {
                        match self.response_head() {
                            Step::Next if self.stream.phase == Phase::Exchange => {}
                            Step::Wait if self.stream.response_waits => {
                                if let Some(step) = self.meet_waiting_response()? {
                                    return Ok(Moved::Phase(step));
                                }
                            }
                            Step::Wait => {}
                            step => return Ok(Moved::Phase(step)),
                        }
                    }
                    if !self.stream.http && matches!(self.stream.down.framing, Framing::Hold) {
                        match self.meet_response_content() {
                            Step::Next if self.stream.phase == Phase::Exchange => {}
                            step => return Ok(Moved::Phase(step)),
                        }
                    }
                    self.stream.down.pass()?;
                }
                Poll::Ready(Err(_)) => return Err(Broken::Input),
            }
        }
        if self.stream.cache.is_some() && self.stream.response_begun && self.read_from_cache() {
            moved = true;
            self.stream.down.pass()?;
        }
        if self.stream.down.has_output() {
            if self.is_last_write() {
                self.count_for_log();
            }
            let stream = &mut *self.stream;
            match stream.down.transmit(self.cx, &mut self.client.socket, false) {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => {
                    moved = true;
                    stream.client_moved_ms = self.worker.clock.now_ms();
                }
                Poll::Ready(Err(_)) => return Err(Broken::Output),
            }
        }
        let stream = &mut *self.stream;
        let down = &mut stream.down;
        let raw_end = down.eof && matches!(down.framing, Framing::Raw) && !down.has_output();
        if raw_end && !down.shut && (stream.tunnel || !stream.http) {
            down.shut = true;
            let over = stream.up.eof && stream.up.shut;
            if over {
                self.count_for_log();
            }
            if over && self.resets_client() {
                return Ok(Moved::Bytes(true));
            }
            moved = true;
            self.client.socket.shutdown_write();
        }
        Ok(Moved::Bytes(moved))
    }

    /// Rules hold the response: they are met again, with more of its body where they wait for that. `None`: it goes on.
    fn meet_waiting_response(&mut self) -> Result<Option<Step>, Broken> {
        let plan = self.client.session.plan.clone();
        loop {
            let stream = &mut *self.stream;
            let mut received = false;
            if let Some(link) = &mut stream.link
                && stream.awaits_body
                && stream.down.wants_input()
            {
                match stream.down.receive(self.cx, &mut link.socket, &self.worker.buffers) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(_)) => received = true,
                    Poll::Ready(Err(_)) => return Err(Broken::Input),
                }
            }
            let step = match self.response_ready(&plan) {
                Step::Next if self.stream.phase == Phase::Exchange => return Ok(None),
                step => step,
            };
            let waits_on = received && step == Step::Wait && self.stream.awaits_body;
            if !waits_on {
                return Ok(Some(step));
            }
        }
    }

    /// Whether everything that was to be moved was moved.
    fn exchange_over(&mut self) -> Option<Step> {
        if self.stream.http && !self.stream.tunnel {
            return self.http_over();
        }
        let stream = &*self.stream;
        if stream.up.eof && stream.up.shut && stream.down.eof && stream.down.shut {
            return Some(self.close_with(Ending::Close));
        }
        None
    }

    fn up_broken(&mut self, broken: Broken) -> Step {
        let stage =
            if self.stream.response_begun || !self.stream.http { Stage::Data } else { Stage::Headers };
        match broken {
            // With the request complete, the client went away from the answer.
            Broken::Input if matches!(self.stream.up.framing, Framing::Done | Framing::Ending) => {
                self.client_aborted(self.client_stage())
            }
            Broken::Input => {
                // As the client did.
                if let Some(link) = &mut self.stream.link {
                    link.socket.abort_when_closed(true);
                }
                self.client_aborted(stage)
            }
            Broken::Output => self.server_write_failed(stage),
            Broken::Framing => self.request_body_broken(stage),
        }
    }

    fn down_broken(&mut self, broken: Broken) -> Step {
        let stage =
            if self.stream.response_begun || !self.stream.http { Stage::Data } else { Stage::Headers };
        match broken {
            Broken::Input => self.server_aborted(stage),
            Broken::Output => self.client_aborted(self.client_stage()),
            Broken::Framing => self.response_body_broken(),
        }
    }

    /// Where a client that fails meets its answer: still coming, or only on its way out to the client.
    fn client_stage(&self) -> Stage {
        let whole = self.stream.http && !self.stream.tunnel && self.stream.down.is_received();
        if whole { Stage::Last } else { Stage::Data }
    }

    /// The server takes no more. Over HTTP its answer may still come; the rest of the request is not sent.
    fn server_write_failed(&mut self, stage: Stage) -> Step {
        if self.stream.http && !self.stream.tunnel && !self.stream.up.shut {
            self.stream.up.shut = true;
            return Step::Next;
        }
        self.server_aborted(stage)
    }

    /// The server's connection failed, or ended where it must not.
    pub fn server_aborted(&mut self, stage: Stage) -> Step {
        if self.stream.http && !self.stream.response_begun && !self.stream.tunnel {
            return self.no_response();
        }
        self.stream.record.end(Cause::Server, stage);
        self.count_server_abort();
        self.close_with(Ending::Close)
    }

    pub fn count_server_abort(&mut self) {
        self.count_backend(|counters| counters.srv_abrt.increment());
        if let Some(assigned) = &self.stream.assigned {
            assigned.counters.srv_abrt.increment();
        }
    }

    /// Each side's timeout runs while something is expected of that side. `timeout tunnel` takes the place of both as
    /// soon as both connections stand (manual 4.2), and until one side has closed.
    fn set_exchange_deadlines(&mut self) {
        let stream = &mut *self.stream;
        let timeouts = &stream.timeouts;
        let raw = stream.tunnel;
        let (client, server) = match timeouts.tunnel {
            Some(tunnel) if raw && !stream.up.shut && !stream.down.shut => (Some(tunnel), Some(tunnel)),
            _ => {
                let half_closed = stream.up.shut || stream.down.shut;
                let fin = |fin: Option<u32>, other: Option<u32>| {
                    if raw && half_closed { fin.or(other) } else { other }
                };
                (fin(timeouts.client_fin, timeouts.client), fin(timeouts.server_fin, timeouts.server))
            }
        };
        let complete = matches!(stream.up.framing, Framing::Done | Framing::Ending);
        let to_client = stream.down.has_output();
        let from_client = !stream.up.eof && !complete;
        let to_server = stream.up.has_output() && !stream.up.shut;
        // An answer from the cache is not waited for.
        let from_server =
            stream.link.is_some() && !stream.down.is_received() && (raw || complete || stream.up.shut);
        // Traffic in either direction keeps both sides of a raw stream alive.
        let (client_moved, server_moved) = match raw {
            true => {
                let moved = stream.client_moved_ms.max(stream.server_moved_ms);
                (moved, moved)
            }
            false => (stream.client_moved_ms, stream.server_moved_ms),
        };
        let deadline = |expected: bool, moved: u64, timeout: Option<u32>| match expected {
            true => crate::stream::after(moved, timeout),
            false => NEVER,
        };
        let plan = &self.client.session.plan;
        let independent = |proxy| plan.proxy(proxy).settings.options.independent_streams;
        let client_read = if independent(stream.frontend) { stream.client_read_ms } else { client_moved };
        let server_read = if independent(stream.backend) { stream.server_read_ms } else { server_moved };
        stream.deadlines.client =
            deadline(to_client, client_moved, client).min(deadline(from_client, client_read, client));
        stream.deadlines.server =
            deadline(to_server, server_moved, server).min(deadline(from_server, server_read, server));
        stream.deadlines.body = stream.up.resume_ms().min(stream.down.resume_ms());
    }

    /// Goes on with what filters held back until now.
    fn resume_bodies(&mut self) -> Step {
        self.stream.deadlines.body = NEVER;
        for channel in [&mut self.stream.up, &mut self.stream.down] {
            if channel.resume_ms() != NEVER {
                // A broken body is met when the exchange goes on.
                channel.broken |= channel.pass().is_err();
            }
        }
        Step::Next
    }

    pub fn exchange_late(&mut self, client: bool) -> Step {
        if self.now_ms() >= self.stream.deadlines.body {
            return self.resume_bodies();
        }
        if !self.stream.http
            && matches!(self.stream.down.framing, Framing::Hold)
            && self.now_ms() >= self.stream.deadlines.phase
        {
            return match self.meet_response_content() {
                Step::Wait => Step::Next,
                step => step,
            };
        }
        if self.stream.response_waits {
            // A pause of the response's rules is over: they are met again.
            return Step::Next;
        }
        let begun = self.stream.response_begun || !self.stream.http || self.stream.tunnel;
        if !client
            && !begun
            && let Some(step) = self.send_again(retry::RESPONSE_TIMEOUT)
        {
            return step;
        }
        let (cause, stage) = match (client, begun) {
            (true, true) => (Cause::ClientTimeout, self.client_stage()),
            (true, false) => (Cause::ClientTimeout, Stage::Headers),
            (false, true) => (Cause::ServerTimeout, Stage::Data),
            (false, false) => (Cause::ServerTimeout, Stage::Headers),
        };
        self.stream.record.end(cause, stage);
        if client && !self.stream.up.is_received() {
            self.part_in_order();
        }
        if begun {
            if !client {
                self.count_server_abort();
            }
            return self.close_with(Ending::Close);
        }
        self.drop_link();
        match client {
            true => self.answer_error(400),
            false => {
                self.count_backend(|counters| counters.eresp.increment());
                if let Some(assigned) = &self.stream.assigned {
                    assigned.counters.eresp.increment();
                }
                self.observe_error(weir_check::Observed::ReadTimeout);
                self.answer_error(504)
            }
        }
    }

    pub fn count_backend(&self, count: impl FnOnce(&'static weir_shm::BackendCounters)) {
        if let Some(counters) = self.stream.backend_counters {
            count(counters);
        }
    }
}

/// What one call of `move_down` did.
enum Moved {
    Bytes(bool),
    /// Response rules led elsewhere.
    Phase(Step),
}
