//! When the next check begins: `inter`, `fastinter`, `downinter`, `spread-checks`, and the first checks spread over the
//! interval (manual 5.2).

use crate::health::Health;

/// Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub inter_ms: u64,
    pub fastinter_ms: Option<u64>,
    pub downinter_ms: Option<u64>,
    /// `spread-checks`, percent, at most 50.
    pub spread_percent: u64,
}

/// Which of the intervals applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Normal,
    /// Between up and down.
    Fast,
    Down,
}

impl Pace {
    pub fn of(health: &Health) -> Self {
        match (health.value, health.is_settled()) {
            (0, _) => Pace::Down,
            (_, true) => Pace::Normal,
            _ => Pace::Fast,
        }
    }
}

impl Schedule {
    pub fn interval_ms(&self, pace: Pace) -> u64 {
        match pace {
            Pace::Normal => self.inter_ms,
            Pace::Fast => self.fastinter_ms.unwrap_or(self.inter_ms),
            Pace::Down => self.downinter_ms.unwrap_or(self.inter_ms),
        }
    }

    /// From the begin of one check to the begin of the next; `random` are random bits, used with `spread-checks`.
    pub fn delay_ms(&self, health: &Health, random: u64) -> u64 {
        let interval = self.interval_ms(Pace::of(health));
        let spread = interval * self.spread_percent.min(50) / 100;
        match spread {
            0 => interval,
            spread => interval - spread + random % (2 * spread + 1),
        }
    }
}

/// When the first check of a server begins, so that a start does not check all at once: the `index`-th of `count`
/// servers waits its part of the smallest interval of all.
pub fn first_delay(smallest_inter_ms: u64, index: usize, count: usize) -> u64 {
    smallest_inter_ms * index as u64 / count.max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Manual 5.2 `inter`: the table of server states and intervals.
    #[test]
    fn intervals_of_the_manual() {
        let schedule =
            Schedule { inter_ms: 2000, fastinter_ms: Some(500), downinter_ms: Some(5000), spread_percent: 0 };
        let health = |value| Health { rise: 2, fall: 3, value };
        let expected = [(0, 5000), (1, 500), (2, 500), (3, 500), (4, 2000)];
        for (value, delay) in expected {
            assert_eq!(schedule.delay_ms(&health(value), 77), delay, "health {value}");
        }
        let plain = Schedule { fastinter_ms: None, downinter_ms: None, ..schedule };
        assert!((0..5).all(|value| plain.delay_ms(&health(value), 77) == 2000));
    }

    #[test]
    fn spread_stays_within_its_percentage() {
        let schedule =
            Schedule { inter_ms: 1000, fastinter_ms: None, downinter_ms: None, spread_percent: 20 };
        let health = Health { rise: 2, fall: 3, value: 4 };
        let delays: Vec<u64> = (0..2000).map(|random| schedule.delay_ms(&health, random)).collect();
        assert_eq!(delays.iter().min(), Some(&800));
        assert_eq!(delays.iter().max(), Some(&1200));
    }
}
