//! What may stand between the bytes received of a body and those sent.
//!
//! A direction without a [`Pipeline`] passes its bytes where they lie. With one, the payload is taken out of the framing
//! it came in, given to the [`BodyFilter`]s one after the other, and framed anew into the channel's `head`, of which no
//! more than about [`OUTPUT_MOST`] bytes wait at a time.
//!
//! Without filters a pipeline only frames anew, which is what a body needs whose producer speaks no HTTP/1: put the
//! payload into `buffer`, let `framing` be `Raw`, and set `eof` at its end.

use std::fmt::Debug;

use weir_http::{LAST_CHUNK, Step, write_chunk, write_trailers};

use super::{Broken, Channel, Framing};
use crate::timers::NEVER;

/// Once this much waits to be sent, filters get no more.
const OUTPUT_MOST: usize = 32 * 1024;
/// The most payload that a filter gets at once: what it makes of it is not bounded otherwise.
const PIECE: usize = 16 * 1024;
/// A stream's `head` that grew beyond this is not kept for the next stream.
const KEPT_OUTPUT: usize = 16 * 1024;

/// Changes, copies or delays a body.
pub trait BodyFilter: Debug {
    /// Takes payload from the front of `payload` and appends what becomes of it to `out`.
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken;

    /// No more payload is at hand: appends what the other side should see of it by now.
    fn flush(&mut self, _out: &mut Vec<u8>) {}

    /// The payload is over: appends what is left of it.
    fn finish(&mut self, _out: &mut Vec<u8>) {}
}

/// How much of its input a filter took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub bytes: usize,
    /// When the rest may come again, in milliseconds of the worker's clock, if not all was taken. A filter that takes
    /// less without saying when gets the rest once more was sent.
    pub again_ms: u64,
}

impl Taken {
    pub fn all(payload: &[u8]) -> Self {
        Self { bytes: payload.len(), again_ms: NEVER }
    }
}

/// The filters of one direction of one message, and how its body is framed behind them.
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<StagedFilter>,
    /// The body is sent in chunks; otherwise it is sent bare (its length is known, or it ends with the connection).
    chunked: bool,
    /// Bytes at the front of the channel's buffer that were found to be payload and were not taken yet.
    payload: usize,
    scratch: Vec<u8>,
    /// What came out of the last stage and is not framed yet.
    made: Vec<u8>,
    /// Stages that were told of the end.
    finished: usize,
    /// Behind the end the direction goes on as it was: it ends with the connection.
    raw: bool,
    again_ms: u64,
}

#[derive(Debug)]
struct StagedFilter {
    filter: Box<dyn BodyFilter>,
    /// What the stage before made and this one did not take yet.
    waiting: Vec<u8>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Pipeline {
    pub fn new(chunked: bool) -> Self {
        Self {
            stages: Vec::new(),
            chunked,
            payload: 0,
            scratch: Vec::new(),
            made: Vec::new(),
            finished: 0,
            raw: false,
            again_ms: NEVER,
        }
    }

    /// Whatever framing the body came in, it is sent in chunks.
    pub fn set_chunked(&mut self) {
        self.chunked = true;
    }

    /// Puts a filter behind those that are there.
    pub fn add(&mut self, filter: Box<dyn BodyFilter>) {
        self.stages.push(StagedFilter { filter, waiting: Vec::new() });
    }

    /// Gives `payload` to the first filter and what becomes of it to the others. How much was taken.
    fn push(&mut self, payload: &[u8]) -> usize {
        let Some(first) = self.stages.first_mut() else {
            self.made.extend_from_slice(payload);
            return payload.len();
        };
        self.scratch.clear();
        let taken = first.filter.push(payload, &mut self.scratch);
        if taken.bytes < payload.len() {
            self.again_ms = self.again_ms.min(taken.again_ms);
        }
        self.hand_on(0);
        self.flush();
        taken.bytes
    }

    /// No more payload is at hand.
    fn settle(&mut self) {
        for at in self.finished..self.stages.len() {
            let stage = &mut self.stages[at];
            if stage.waiting.is_empty() {
                stage.filter.flush(&mut self.scratch);
                self.hand_on(at);
            }
            self.flush();
        }
    }

    /// What stage `from` left in the scratch buffer goes to the next stage, or out.
    fn hand_on(&mut self, from: usize) {
        match self.stages.get_mut(from + 1) {
            Some(next) => next.waiting.append(&mut self.scratch),
            None => self.made.append(&mut self.scratch),
        }
    }

    /// Goes on with what waits between the stages. False: some of it has to wait longer.
    fn flush(&mut self) -> bool {
        for at in 1..self.stages.len() {
            let stage = &mut self.stages[at];
            while !stage.waiting.is_empty() {
                let piece = &stage.waiting[..stage.waiting.len().min(PIECE)];
                let taken = stage.filter.push(piece, &mut self.scratch);
                let all = taken.bytes == piece.len();
                stage.waiting.drain(..taken.bytes);
                if !all {
                    self.again_ms = self.again_ms.min(taken.again_ms);
                    break;
                }
            }
            self.hand_on(at);
        }
        self.stages.iter().all(|stage| stage.waiting.is_empty())
    }

    /// Tells the stages of the end, one after the other. False: something has to wait longer.
    fn finish(&mut self) -> bool {
        while self.finished < self.stages.len() {
            if !self.flush() {
                return false;
            }
            self.scratch.clear();
            self.stages[self.finished].filter.finish(&mut self.scratch);
            self.hand_on(self.finished);
            self.finished += 1;
        }
        self.flush()
    }

    /// Frames what was made. An empty chunk would end the body.
    fn write(&mut self, out: &mut Vec<u8>) {
        match self.chunked {
            _ if self.made.is_empty() => {}
            true => write_chunk(&self.made, out),
            false => out.extend_from_slice(&self.made),
        }
        self.made.clear();
    }
}

impl Channel {
    /// Lets the body go through `pipeline`, from what is there of it on. Call before [`Channel::begin_body`].
    pub fn set_pipeline(&mut self, pipeline: Pipeline) {
        self.pipeline = Some(Box::new(pipeline));
    }

    /// The pipeline that there is, or a new one.
    pub fn pipeline_or_insert(&mut self, make: impl FnOnce() -> Pipeline) -> &mut Pipeline {
        self.pipeline.get_or_insert_with(|| Box::new(make()))
    }

    /// When the pipeline wants to go on by itself; [`NEVER`] usually.
    pub fn resume_ms(&self) -> u64 {
        self.pipeline.as_ref().map_or(NEVER, |pipeline| pipeline.again_ms)
    }

    /// Nothing goes through a pipeline any more: what it made room for is given back.
    pub fn drop_pipeline(&mut self) {
        if let Some(pipeline) = self.pipeline.take() {
            self.buffer.consume(pipeline.payload);
            if matches!(self.framing, Framing::Ending) {
                self.framing = Framing::Done;
            }
            if self.head.capacity() > KEPT_OUTPUT && self.head.is_empty() {
                self.head = Vec::new();
            }
        }
    }

    pub(super) fn pass_filtered(&mut self) -> Result<(), Broken> {
        let Some(mut pipeline) = self.pipeline.take() else { return Ok(()) };
        pipeline.again_ms = NEVER;
        let outcome = self.drive(&mut pipeline);
        if matches!(self.framing, Framing::Ending) && outcome == Ok(true) && pipeline.finish() {
            pipeline.write(&mut self.head);
            self.end_filtered(&pipeline);
        }
        pipeline.write(&mut self.head);
        self.pipeline = Some(pipeline);
        outcome.map(drop)
    }

    /// Gives the filters what is there, as much as may wait. True: they took all of it.
    fn drive(&mut self, pipeline: &mut Pipeline) -> Result<bool, Broken> {
        let waiting = self.head.len() - self.head_at;
        loop {
            if waiting + pipeline.made.len() >= OUTPUT_MOST || !pipeline.flush() {
                return Ok(false);
            }
            if pipeline.payload == 0 {
                self.find_payload(pipeline)?;
            }
            if pipeline.payload == 0 {
                break;
            }
            let input = &self.buffer.bytes()[..pipeline.payload.min(PIECE)];
            let taken = pipeline.push(input);
            self.buffer.consume(taken);
            pipeline.payload -= taken;
            if taken == 0 {
                return Ok(false);
            }
        }
        if !matches!(self.framing, Framing::Ending) {
            pipeline.settle();
        }
        Ok(true)
    }

    /// Finds the next payload at the front of the buffer.
    fn find_payload(&mut self, pipeline: &mut Pipeline) -> Result<(), Broken> {
        let here = self.buffer.len();
        match &mut self.framing {
            Framing::Hold | Framing::Done | Framing::Ending => {}
            Framing::Raw => {
                pipeline.payload = here;
                if self.eof {
                    pipeline.raw = !pipeline.chunked;
                    self.framing = Framing::Ending;
                }
            }
            Framing::Length(left) => {
                pipeline.payload = (*left).min(here as u64) as usize;
                *left -= pipeline.payload as u64;
                if *left == 0 {
                    self.framing = Framing::Ending;
                }
            }
            Framing::Chunked(_) => self.find_chunk(pipeline)?,
        }
        self.payload += pipeline.payload as u64;
        Ok(())
    }

    fn find_chunk(&mut self, pipeline: &mut Pipeline) -> Result<(), Broken> {
        while let Framing::Chunked(decoder) = &mut self.framing {
            let step = decoder.step(self.buffer.bytes(), &self.limits, &mut self.trailers);
            match step.map_err(|_| Broken::Framing)? {
                Step::Partial => break,
                Step::Size { consumed, .. } | Step::DataEnd { consumed } => self.buffer.consume(consumed),
                Step::Data { range } => {
                    pipeline.payload = range.len();
                    break;
                }
                Step::End { consumed } => {
                    self.buffer.consume(consumed);
                    self.count_trailers();
                    self.framing = Framing::Ending;
                }
            }
        }
        Ok(())
    }

    fn end_filtered(&mut self, pipeline: &Pipeline) {
        if pipeline.chunked {
            self.head.extend_from_slice(LAST_CHUNK);
            write_trailers(&self.trailers, None, &mut self.head);
        }
        self.trailers.clear();
        self.framing = if pipeline.raw { Framing::Raw } else { Framing::Done };
    }
}
