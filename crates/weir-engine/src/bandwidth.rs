//! Limits of bandwidth: `set-bandwidth-limit` and the filter that it puts on a body (manual 9.7).

use std::rc::Rc;

use weir_plan::Plan;
use weir_plan::settings::BandwidthScope;
use weir_sample::{OwnedValue, Value};
use weir_shm::{DataType, Row, Table, Tracked};
use weir_types::ProxyId;

use crate::channel::{BodyFilter, Pipeline, Taken};
use crate::clock::Clock;
use crate::timers::NEVER;
use crate::tracking::with_key;
use crate::turn::Turn;

/// A limit that a rule put on the stream.
#[derive(Debug)]
pub struct Enabled {
    proxy: ProxyId,
    /// Of the proxy's `filter bwlim-*` lines.
    index: usize,
    limit: u64,
    count: Count,
    /// Keeps the entry for as long as the stream runs. Not where the table counts connections that hold an entry: the
    /// stream is none of them.
    _held: Option<Tracked>,
}

/// Where the bytes under a limit are counted.
#[derive(Clone, Debug)]
enum Count {
    /// By the stream itself.
    Own { period_ms: u64 },
    /// In the byte rate of a table's entry, together with all streams that have the key.
    Entry { table: Table, key: OwnedValue },
}

impl Turn<'_, '_> {
    /// The filter's own figures, or those of the rule; what an earlier rule said of the same filter is forgotten.
    pub fn limit_bandwidth(
        &mut self,
        plan: &Plan,
        proxy: ProxyId,
        filter: &str,
        limit: Option<u64>,
        period_ms: Option<u64>,
    ) {
        let filters = &plan.proxy(proxy).bandwidth;
        let Some(index) = filters.iter().position(|known| &*known.name == filter) else { return };
        self.stream.bandwidth.retain(|other| (other.proxy, other.index) != (proxy, index));
        let limit = limit.unwrap_or(filters[index].limit);
        let mut held = None;
        let count = match &filters[index].scope {
            BandwidthScope::Stream { period_ms: usual } => {
                Count::Own { period_ms: period_ms.unwrap_or((*usual).into()) }
            }
            BandwidthScope::Shared { key, table } => {
                let view = self.view(true);
                let Some(key) = key.eval(&view).value().map(Value::into_owned) else { return };
                let (table, now_ms) = (view.table(*table), self.now_ms());
                with_key(&table, &key, |key| match table.spec().stored(DataType::ConnCur) {
                    None => held = table.track(key, now_ms, |_| ()).map(|(tracked, ())| tracked),
                    Some(_) => drop(table.update(key, now_ms, |_| ())),
                });
                Count::Entry { table, key }
            }
        };
        if limit > 0 && !matches!(count, Count::Own { period_ms: 0 }) {
            self.stream.bandwidth.push(Enabled { proxy, index, limit, count, _held: held });
        }
    }

    /// Puts the limits on a direction whose body is about to begin, behind what else is done to it.
    pub fn put_limits(&mut self, plan: &Plan, upload: bool, chunked: bool) {
        if self.stream.bandwidth.is_empty() {
            return;
        }
        let filters = self.bandwidth_filters(plan, upload);
        if filters.is_empty() {
            return;
        }
        let stream = &mut *self.stream;
        let channel = if upload { &mut stream.up } else { &mut stream.down };
        let pipeline = channel.pipeline_or_insert(|| Pipeline::new(chunked));
        filters.into_iter().for_each(|filter| pipeline.add(filter));
    }

    /// The filters for one direction in the order in which they are declared, the frontend's first.
    fn bandwidth_filters(&self, plan: &Plan, upload: bool) -> Vec<Box<dyn BodyFilter>> {
        let stream = &*self.stream;
        let backend = (stream.backend != stream.frontend).then_some(stream.backend);
        let mut filters: Vec<Box<dyn BodyFilter>> = Vec::new();
        for proxy in std::iter::once(stream.frontend).chain(backend) {
            for (index, settings) in plan.proxy(proxy).bandwidth.iter().enumerate() {
                let enabled = stream.bandwidth.iter().find(|on| (on.proxy, on.index) == (proxy, index));
                if let Some(enabled) = enabled.filter(|_| settings.upload == upload) {
                    let min_size = settings.min_size.clamp(1, enabled.limit);
                    let rate = match &enabled.count {
                        Count::Own { period_ms } => Counter::Own(Rate::new(enabled.limit, *period_ms)),
                        Count::Entry { table, key } => Counter::Entry {
                            table: *table,
                            key: key.clone(),
                            rate: if upload { DataType::BytesInRate } else { DataType::BytesOutRate },
                            limit: enabled.limit,
                        },
                    };
                    filters.push(Box::new(Limiter { clock: self.worker.clock.clone(), rate, min_size }));
                }
            }
        }
        filters
    }
}

/// Lets pass no more than the rate allows.
#[derive(Debug)]
struct Limiter {
    clock: Rc<Clock>,
    rate: Counter,
    /// At least 1 and no more than the limit, which could never be let pass otherwise.
    min_size: u64,
}

#[derive(Debug)]
enum Counter {
    Own(Rate),
    Entry { table: Table, key: OwnedValue, rate: DataType, limit: u64 },
}

impl BodyFilter for Limiter {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        let (now, wanted) = (self.clock.now_ms(), payload.len() as u64);
        let (allowed, again_ms) = match &mut self.rate {
            Counter::Own(rate) => rate.pass(now, wanted, self.min_size),
            // Counted in the same moment in which it is found to be allowed, under the entry's lock: the streams of all
            // workers together never pass more. A table that is full and makes no room counts nothing and limits nothing.
            Counter::Entry { table, key, rate, limit } => with_key(table, key, |key| {
                table.update(key, now, |row| pass_shared(row, *rate, *limit, (now, wanted, self.min_size)))
            })
            .flatten()
            .unwrap_or((wanted, NEVER)),
        };
        out.extend_from_slice(&payload[..allowed as usize]);
        Taken { bytes: allowed as usize, again_ms }
    }
}

/// The same as [`Rate::pass`] with the counts of an entry.
fn pass_shared(
    row: &Row,
    data: DataType,
    limit: u64,
    (now_ms, wanted, min_size): (u64, u64, u64),
) -> (u64, u64) {
    let (Some(stored), Some((elapsed, current, before))) =
        (row.spec().stored(data), row.rate_parts(data, 0, now_ms))
    else {
        return (wanted, NEVER);
    };
    let factor = u64::from(row.spec().brates_factor);
    let mut rate = Rate {
        begun_ms: now_ms.saturating_sub(elapsed.into()),
        current: u64::from(current) * factor,
        before: u64::from(before) * factor,
        ..Rate::new(limit, stored.period_ms.max(1).into())
    };
    let passed = rate.pass(now_ms, wanted, min_size);
    if passed.0 > 0 {
        row.add(data, 0, passed.0, now_ms);
    }
    passed
}

/// Bytes of the current period and of the one before, which counts less and less as the current one goes by: no period
/// of any beginning sees much more than the limit, and what was not used is not saved up.
#[derive(Debug)]
struct Rate {
    limit: u64,
    period_ms: u64,
    begun_ms: u64,
    current: u64,
    before: u64,
}

impl Rate {
    fn new(limit: u64, period_ms: u64) -> Self {
        Self { limit, period_ms, begun_ms: 0, current: 0, before: 0 }
    }

    /// How many of `wanted` bytes pass now, and when the rest may come: never fewer than `min_size` unless they are the
    /// last.
    fn pass(&mut self, now_ms: u64, wanted: u64, min_size: u64) -> (u64, u64) {
        let least = wanted.min(min_size);
        let allowed = self.allowance(now_ms).min(wanted);
        if allowed < least {
            return (0, now_ms + self.wait_ms(now_ms, least));
        }
        self.take(allowed);
        (allowed, now_ms + self.wait_ms(now_ms, (wanted - allowed).min(min_size)))
    }

    fn turn(&mut self, now_ms: u64) {
        let elapsed = now_ms.saturating_sub(self.begun_ms);
        if elapsed >= self.period_ms {
            self.before = if elapsed < 2 * self.period_ms { self.current } else { 0 };
            self.current = 0;
            self.begun_ms = now_ms - if elapsed < 2 * self.period_ms { elapsed % self.period_ms } else { 0 };
        }
    }

    /// Bytes that may pass now.
    fn allowance(&mut self, now_ms: u64) -> u64 {
        self.turn(now_ms);
        let left = self.period_ms - (now_ms - self.begun_ms);
        let counted =
            self.current + (u128::from(self.before) * u128::from(left) / u128::from(self.period_ms)) as u64;
        self.limit.saturating_sub(counted)
    }

    fn take(&mut self, bytes: u64) {
        self.current += bytes;
    }

    /// About how long until `bytes` may pass: never longer than the current period, after which all is weighed anew.
    fn wait_ms(&self, now_ms: u64, bytes: u64) -> u64 {
        let left = self.period_ms - now_ms.saturating_sub(self.begun_ms).min(self.period_ms - 1);
        // The period before fades; without it there is nothing to wait for within this one.
        match self.before {
            0 => left,
            before => bytes.saturating_mul(self.period_ms).div_ceil(before).clamp(1, left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes let pass in each of the first periods when always more is there.
    fn periods(limit: u64, period_ms: u64, count: u64) -> Vec<u64> {
        let mut rate = Rate::new(limit, period_ms);
        let mut passed = vec![0; count as usize];
        let mut now = 1_000_000;
        let start = now;
        while now < start + count * period_ms {
            let allowed = rate.allowance(now);
            rate.take(allowed);
            passed[((now - start) / period_ms) as usize] += allowed;
            now += rate.wait_ms(now, 1);
        }
        passed
    }

    #[test]
    fn a_period_passes_its_limit() {
        for (limit, period) in [(1_000_000, 1000), (100_000, 1000), (5000, 200), (10, 1000)] {
            let passed = periods(limit, period, 10);
            assert_eq!(passed[0], limit, "{limit} in {period} ms");
            let total: u64 = passed.iter().sum();
            assert!(total <= limit * 10 && total >= limit * 9, "{limit} in {period} ms: {passed:?}");
        }
    }

    #[test]
    fn what_was_not_used_is_not_saved_up() {
        let mut rate = Rate::new(1000, 100);
        assert_eq!(rate.allowance(50_000), 1000);
        assert_eq!(rate.allowance(59_999), 1000);
        rate.take(1000);
        assert_eq!(rate.allowance(60_000), 0);
    }
}
