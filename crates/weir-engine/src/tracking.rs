//! Stick counters: the entries of stick tables that a session or a stream counts in (manual 4.4 `track-sc`), and what
//! is counted when. A counter that the session holds is not given to a stream.

use weir_plan::Plan;
use weir_rules::{Action, StickElement};
use weir_sample::{OwnedValue, Resolved, Value};
use weir_shm::{DataType, Key, KeyType, Row, Table, Tracked};
use weir_types::TableId;

use crate::session::Session;
use crate::turn::Turn;
use crate::view::View;
use crate::worker::Worker;

/// One place for each stick counter, made when the first is taken.
#[derive(Debug, Default)]
pub struct Trackers(Vec<Option<Tracked>>);

impl Trackers {
    pub fn get(&self, counter: usize) -> Option<&Tracked> {
        self.0.get(counter)?.as_ref()
    }

    pub fn put(&mut self, counter: usize, tracked: Tracked) {
        if self.0.len() <= counter {
            self.0.resize_with(counter + 1, || None);
        }
        self.0[counter] = Some(tracked);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes every entry; each counts as used.
    pub fn each(&self, now_ms: u64, change: impl Fn(&Row)) {
        self.0.iter().flatten().for_each(|tracked| tracked.update(now_ms, &change));
    }

    /// Lets all go; their time begins now.
    pub fn release(&mut self, now_ms: u64) {
        self.0.drain(..).flatten().for_each(|tracked| tracked.release(now_ms, |_| ()));
    }

    /// Entries of tables that others took the place of are tracked there from now on.
    pub fn follow(&mut self, worker: &Worker, plan: &Plan, now_ms: u64) {
        for place in &mut self.0 {
            let Some(old) = place.as_ref().filter(|tracked| tracked.table().is_retired()) else { continue };
            let name = &old.table().spec().name;
            let successor = plan.tables.iter().find(|table| table.spec.name == *name);
            let key = old.peek(key_of);
            *place = successor.and_then(|table| {
                let table = worker.shm.table(table.slot, worker.id);
                with_key(&table, &key, |key| table.track(key, now_ms, |_| ()))?.map(|(tracked, ())| tracked)
            });
        }
    }
}

/// Looks at a value as a key of a table. Nothing when it cannot be one.
pub fn with_key<T>(table: &Table, value: &Value<'_>, work: impl FnOnce(&Key<'_>) -> T) -> Option<T> {
    let value = value.borrowed().cast(weir_plan::table::key_type(table.spec().key))?;
    let key = match &value {
        Value::Ip4(address) => Key::from(*address),
        Value::Ip6(address) => Key::from(*address),
        Value::Int(number) => Key::Integer(*number as u32),
        Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(bytes) => Key::Bytes(bytes),
        Value::Bool(_) => return None,
    };
    Some(work(&key))
}

/// An entry's key as a sample.
pub fn key_of(row: &Row) -> OwnedValue {
    match row.spec().key {
        KeyType::Ip4 | KeyType::Ip6 => row.address().map_or(Value::Int(0), Value::ip),
        KeyType::Integer => Value::Int(row.integer().unwrap_or(0).into()),
        KeyType::String => Value::Str(row.key().into()),
        KeyType::Binary => Value::Bin(row.key().into()),
    }
}

/// Counts an event in a number and its rate, where a table keeps them.
fn event(row: &Row, number: DataType, rate: DataType, amount: u64, now_ms: u64) {
    row.add(number, 0, amount, now_ms);
    row.add(rate, 0, amount, now_ms);
}

/// Counts in a general counter and its rate; tells the counter's new value, or the rate where there is no counter.
pub fn count_general(row: &Row, element: StickElement, amount: u64, now_ms: u64) -> i64 {
    let ((number, index), (rate, rate_index)) = match element {
        StickElement::Array(index) => ((DataType::Gpc, index), (DataType::GpcRate, index)),
        StickElement::Single(0) => {
            (row.spec().element(DataType::Gpc0, 0), row.spec().element(DataType::Gpc0Rate, 0))
        }
        StickElement::Single(_) => {
            (row.spec().element(DataType::Gpc1, 0), row.spec().element(DataType::Gpc1Rate, 0))
        }
    };
    let rated = row.add(rate, rate_index, amount, now_ms);
    let counted = row.add(number, index, amount, now_ms);
    let events = || rated.and_then(|_| row.value(rate, rate_index, now_ms));
    counted.or_else(events).unwrap_or(0) as i64
}

/// Begins to track in the counters of a session: `tcp-request connection` and `session`.
pub fn track_session(view: &View<'_>, counter: u8, key: &weir_sample::Expr<Resolved>, table: TableId) {
    let now_ms = view.worker.clock.now_ms();
    let counter = usize::from(counter);
    if view.tracked(counter, |_| ()).is_none()
        && let Some(tracked) = begin(view, key, table, |row| {
            event(row, DataType::ConnCnt, DataType::ConnRate, 1, now_ms);
        })
    {
        view.client.session.extra().trackers.borrow_mut().put(counter, tracked);
    }
}

fn begin(
    view: &View<'_>,
    key: &weir_sample::Expr<Resolved>,
    table: TableId,
    count: impl FnOnce(&Row),
) -> Option<Tracked> {
    let planned = view.client.session.plan.table(table);
    let table = view.worker.shm.table(planned.slot, view.worker.id);
    let value = key.eval(view).value()?;
    let now_ms = view.worker.clock.now_ms();
    with_key(&table, &value, |key| table.track(key, now_ms, count))?.map(|(tracked, ())| tracked)
}

/// `sc-inc-gpc`, `sc-add-gpc`, `sc-set-gpt` and their kin; a counter that tracks nothing leaves them without effect.
pub fn apply(view: &View<'_>, action: &Action<Resolved>, amount: Option<i64>) {
    let now_ms = view.worker.clock.now_ms();
    let Some(amount) = amount else { return };
    match action {
        Action::CountStickCounter { counter, element, .. } => {
            view.tracked(usize::from(*counter), |tracked| {
                tracked.update(now_ms, |row| count_general(row, *element, amount as u64, now_ms))
            });
        }
        Action::TagStickCounter { counter, element, .. } => {
            view.tracked(usize::from(*counter), |tracked| {
                tracked.update(now_ms, |row| {
                    let (data, index) = match element {
                        StickElement::Array(index) => (DataType::Gpt, *index),
                        StickElement::Single(_) => row.spec().element(DataType::Gpt0, 0),
                    };
                    row.set(data, index, amount as u64, now_ms)
                })
            });
        }
        _ => {}
    }
}

impl Session {
    /// What the session itself tracks; nothing is made for sessions that track nothing.
    pub fn trackers<T>(&self, look: impl FnOnce(&Trackers) -> T) -> Option<T> {
        let extra = self.extra_if_made()?;
        let trackers = extra.trackers.borrow();
        (!trackers.is_empty()).then(|| look(&trackers))
    }

    /// `tcp-request connection` and `session` rules let it pass.
    pub fn count_session(&self, now_ms: u64) {
        self.trackers(|trackers| {
            trackers.each(now_ms, |row| event(row, DataType::SessCnt, DataType::SessRate, 1, now_ms));
        });
    }

    /// Odd things that the client's connection did.
    pub fn count_glitches(&self, glitches: u32, now_ms: u64) {
        self.trackers(|trackers| {
            let count =
                |row: &Row| event(row, DataType::GlitchCnt, DataType::GlitchRate, glitches.into(), now_ms);
            trackers.each(now_ms, count);
        });
    }

    pub fn release_trackers(&self, now_ms: u64) {
        if let Some(extra) = self.extra_if_made() {
            extra.trackers.borrow_mut().release(now_ms);
        }
    }
}

impl View<'_> {
    /// The entry of a stick counter: the stream's, else the session's.
    pub fn tracked<T>(&self, counter: usize, look: impl FnOnce(&Tracked) -> T) -> Option<T> {
        if let Some(tracked) = self.stream.trackers.get(counter) {
            return Some(look(tracked));
        }
        self.client.session.trackers(|trackers| trackers.get(counter).map(look))?
    }
}

impl Turn<'_, '_> {
    /// `track-sc` in rules of a stream. `response`: the status is known by now, and counts if it is an error.
    pub fn track(
        &mut self,
        counter: u8,
        key: &weir_sample::Expr<Resolved>,
        table: TableId,
        response: bool,
        finished: bool,
    ) {
        let counter = usize::from(counter);
        let now_ms = self.now_ms();
        let view = self.view(finished);
        if view.tracked(counter, |_| ()).is_some() {
            return;
        }
        let http = self.stream.http;
        let classes = &self.client.session.plan.global.status_classes;
        let status = if response { self.stream.response.status() } else { 0 };
        let tracked = begin(&view, key, table, |row| {
            event(row, DataType::ConnCnt, DataType::ConnRate, 1, now_ms);
            if http {
                event(row, DataType::HttpReqCnt, DataType::HttpReqRate, 1, now_ms);
            }
            if classes.errors.contains(status) {
                event(row, DataType::HttpErrCnt, DataType::HttpErrRate, 1, now_ms);
            }
            if classes.failures.contains(status) {
                event(row, DataType::HttpFailCnt, DataType::HttpFailRate, 1, now_ms);
            }
        });
        if let Some(tracked) = tracked {
            self.stream.trackers.put(counter, tracked);
        }
    }

    /// A request began, or what was to be one: streams count it when they begin to track.
    pub fn count_request_tracked(&self) {
        self.client.session.trackers(|trackers| {
            let now_ms = self.now_ms();
            trackers.each(now_ms, |row| event(row, DataType::HttpReqCnt, DataType::HttpReqRate, 1, now_ms));
        });
    }

    /// An error that the client is to blame for.
    pub fn count_http_error(&self) {
        self.count_tracked(DataType::HttpErrCnt, DataType::HttpErrRate);
    }

    /// A failure that the server is to blame for.
    pub fn count_http_failure(&self) {
        self.count_tracked(DataType::HttpFailCnt, DataType::HttpFailRate);
    }

    fn count_tracked(&self, number: DataType, rate: DataType) {
        let now_ms = self.now_ms();
        if !self.stream.http {
            return;
        }
        let count = |trackers: &Trackers| trackers.each(now_ms, |row| event(row, number, rate, 1, now_ms));
        if !self.stream.trackers.is_empty() {
            count(&self.stream.trackers);
        }
        self.client.session.trackers(count);
    }

    /// The status that came from the server.
    pub fn count_server_status_tracked(&self) {
        let classes = &self.client.session.plan.global.status_classes;
        let status = self.stream.response.status();
        if classes.errors.contains(status) {
            self.count_http_error();
        }
        if classes.failures.contains(status) {
            self.count_http_failure();
        }
    }

    /// Bytes of the stream, when it ends.
    pub fn count_bytes_tracked(&self) {
        let now_ms = self.now_ms();
        let (bytes_in, bytes_out) = (self.stream.record.bytes_in, self.stream.record.bytes_out);
        let count = |trackers: &Trackers| {
            trackers.each(now_ms, |row| {
                event(row, DataType::BytesInCnt, DataType::BytesInRate, bytes_in, now_ms);
                event(row, DataType::BytesOutCnt, DataType::BytesOutRate, bytes_out, now_ms);
            });
        };
        if !self.stream.trackers.is_empty() {
            count(&self.stream.trackers);
        }
        self.client.session.trackers(count);
    }
}
