//! Bandwidth limits of single streams: `set-bandwidth-limit` and the filter that it puts on a body (manual 9.7).

use std::rc::Rc;

use weir_plan::Plan;
use weir_types::ProxyId;

use crate::channel::{BodyFilter, Pipeline, Taken};
use crate::clock::Clock;
use crate::turn::Turn;

/// A limit that a rule put on the stream.
#[derive(Clone, Copy, Debug)]
pub struct Enabled {
    proxy: ProxyId,
    /// Of the proxy's `filter bwlim-*` lines.
    index: usize,
    limit: u64,
    period_ms: u64,
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
        let enabled = &mut self.stream.bandwidth;
        enabled.retain(|other| (other.proxy, other.index) != (proxy, index));
        let limit = limit.unwrap_or(filters[index].limit);
        let period_ms = period_ms.unwrap_or(filters[index].period_ms.into());
        if limit > 0 && period_ms > 0 {
            enabled.push(Enabled { proxy, index, limit, period_ms });
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
                    filters.push(Box::new(Limiter {
                        clock: self.worker.clock.clone(),
                        rate: Rate::new(enabled.limit, enabled.period_ms),
                        min_size: settings.min_size,
                    }));
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
    rate: Rate,
    min_size: u64,
}

impl BodyFilter for Limiter {
    fn push(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Taken {
        let (now, wanted) = (self.clock.now_ms(), payload.len() as u64);
        let least = wanted.min(self.min_size.max(1));
        let allowed = self.rate.allowance(now).min(wanted);
        if allowed < least {
            return Taken { bytes: 0, again_ms: now + self.rate.wait_ms(now, least) };
        }
        self.rate.take(allowed);
        out.extend_from_slice(&payload[..allowed as usize]);
        let again_ms = now + self.rate.wait_ms(now, (wanted - allowed).min(self.min_size.max(1)));
        Taken { bytes: allowed as usize, again_ms }
    }
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
