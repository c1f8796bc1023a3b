//! The data of one entry, read and changed under the lock of its shard.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::Ordering::*;

use weir_types::WorkerId;

use super::data::{DataKind, DataType};
use super::layout::{entry, head};
use super::shard::{LIVE, Shard};
use super::spec::{KeyType, Stored, TableSpec};

/// One entry while its shard is locked.
pub struct Row {
    pub(super) shard: Shard,
    pub(super) number: u32,
    pub(super) place: WorkerId,
}

/// The name of a server that an entry sticks to.
pub type ServerKey = Vec<u8>;

impl Row {
    pub fn spec(&self) -> &'static TableSpec {
        &self.shard.table.spec
    }

    /// The key's bytes: a string without what fills it up.
    pub fn key(&self) -> Vec<u8> {
        let at = self.shard.entry(self.number) + entry::KEY;
        let words = self.shard.table.layout.key_words;
        let bytes = (0..words).flat_map(|word| self.shard.read(at + word * 4).to_le_bytes());
        let length = match self.spec().key {
            KeyType::String => (self.shard.get(self.number, entry::STATE) & !LIVE) as usize,
            _ => self.spec().key_len as usize,
        };
        bytes.take(length).collect()
    }

    /// The key of a table of addresses.
    pub fn address(&self) -> Option<IpAddr> {
        let key = self.key();
        match self.spec().key {
            KeyType::Ip4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(key).ok()?).into()),
            KeyType::Ip6 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(key).ok()?).into()),
            _ => None,
        }
    }

    /// The key of a table of numbers.
    pub fn integer(&self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.key().try_into().ok()?)).filter(|_| self.spec().key == KeyType::Integer)
    }

    /// The number that stands for the entry's address in runtime commands.
    pub fn pointer(&self) -> u64 {
        (self.shard.memory.address() + self.shard.entry(self.number)) as u64
    }

    /// How many streams and sessions hold it.
    pub fn uses(&self) -> u32 {
        self.shard.get(self.number, entry::USES)
    }

    /// Milliseconds until it goes if nobody uses it; 0 when the table has no such time.
    pub fn expires_in_ms(&self, now_ms: u64) -> u64 {
        let expire = u64::from(self.shard.table.memory.short(head::EXPIRE).load(Relaxed));
        (self.shard.touched(self.number) + expire).saturating_sub(if expire == 0 { u64::MAX } else { now_ms })
    }

    /// Milliseconds since it was used.
    pub fn idle_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.shard.touched(self.number))
    }

    /// When peers were last to hear of it: a number that counts up with each change; 0: never.
    pub fn update(&self) -> u32 {
        self.shard.get(self.number, entry::UPDATE)
    }

    pub fn stores(&self, data: DataType, index: u8) -> bool {
        self.stored(data, index).is_some()
    }

    fn stored(&self, data: DataType, index: u8) -> Option<&'static Stored> {
        self.shard.table.layout.data[data.index()]?;
        self.spec().stored(data).filter(|stored| index < stored.elements)
    }

    /// Where an element's numbers of 64 and 32 bits lie.
    fn places(&self, data: DataType, index: u8) -> Option<(usize, usize, &'static Stored)> {
        let stored = self.stored(data, index)?;
        let (longs, shorts) = self.shard.table.layout.data[data.index()]?;
        let at = self.shard.entry(self.number);
        let index = usize::from(index);
        Some((at + longs as usize + index * 8, at + shorts as usize + index * 4, stored))
    }

    /// What a reader sees of an element: the number, or the events of a rate's period. Nothing when it is not stored.
    pub fn value(&self, data: DataType, index: u8, now_ms: u64) -> Option<u64> {
        let (long, short, stored) = self.places(data, index)?;
        Some(match data.kind() {
            DataKind::Tag | DataKind::Count | DataKind::Name => u64::from(self.shard.read(short)),
            DataKind::Bytes => self.shard.memory.long(long).load(Relaxed),
            DataKind::Rate => {
                let rate = self.rate(long, short, stored.period_ms, now_ms);
                rate * if data.is_byte_rate() { u64::from(self.spec().brates_factor) } else { 1 }
            }
        })
    }

    /// Sets an element as `set table` does; a rate then has had all these events just now.
    pub fn set(&self, data: DataType, index: u8, value: u64, now_ms: u64) -> bool {
        let Some((long, short, _)) = self.places(data, index) else { return false };
        match data.kind() {
            DataKind::Tag | DataKind::Count | DataKind::Name => self.shard.write(short, value as u32),
            DataKind::Bytes => self.shard.memory.long(long).store(value, Relaxed),
            DataKind::Rate => {
                let value =
                    if data.is_byte_rate() { value / u64::from(self.spec().brates_factor) } else { value };
                self.shard.write(short, 0);
                self.shard.memory.long(long).store(join(now_ms as u32, value as u32), Relaxed);
            }
        }
        true
    }

    /// Counts: adds to a number, or events to a rate. Returns a number's new value. Nothing when it is not stored.
    pub fn add(&self, data: DataType, index: u8, amount: u64, now_ms: u64) -> Option<u64> {
        let (long, short, stored) = self.places(data, index)?;
        match data.kind() {
            DataKind::Tag | DataKind::Count | DataKind::Name => {
                let value = self.shard.read(short).wrapping_add(amount as u32);
                self.shard.write(short, value);
                Some(u64::from(value))
            }
            DataKind::Bytes => {
                let value = self.shard.memory.long(long).load(Relaxed).wrapping_add(amount);
                self.shard.memory.long(long).store(value, Relaxed);
                Some(value)
            }
            DataKind::Rate => {
                let factor = if data.is_byte_rate() { u64::from(self.spec().brates_factor) } else { 1 };
                self.count(long, short, stored.period_ms, amount.div_ceil(factor), now_ms);
                Some(0)
            }
        }
    }

    /// The raw parts of a rate as peers exchange them: milliseconds since the period began, events in it, events in
    /// the one before.
    pub fn rate_parts(&self, data: DataType, index: u8, now_ms: u64) -> Option<(u32, u32, u32)> {
        let (long, short, _) = self.places(data, index).filter(|_| data.kind() == DataKind::Rate)?;
        let (tick, events) = split(self.shard.memory.long(long).load(Relaxed));
        let (elapsed, past) = ((now_ms as u32).wrapping_sub(tick), self.shard.read(short));
        // A period that began by a clock a little ahead begins now.
        let ahead = elapsed > u32::MAX / 2 && (events > 0 || past > 0);
        Some((if ahead { 0 } else { elapsed }, events, past))
    }

    /// Sets what [`Row::rate_parts`] tells.
    pub fn set_rate_parts(&self, data: DataType, index: u8, parts: (u32, u32, u32), now_ms: u64) -> bool {
        let Some((long, short, _)) = self.places(data, index).filter(|_| data.kind() == DataKind::Rate)
        else {
            return false;
        };
        self.shard.write(short, parts.2);
        self.shard.memory.long(long).store(join((now_ms as u32).wrapping_sub(parts.0), parts.1), Relaxed);
        true
    }

    /// The name of the server the entry sticks to.
    pub fn server_key(&self) -> Option<ServerKey> {
        let number = self.value(DataType::ServerKey, 0, 0)? as u32;
        self.shard.table.names?.name(number)
    }

    /// Whether the entry sticks to the server of this name.
    pub fn is_server_key(&self, name: &str) -> bool {
        let Some(names) = self.shard.table.names else { return false };
        self.value(DataType::ServerKey, 0, 0).is_some_and(|number| names.is(number as u32, name.as_bytes()))
    }

    pub fn set_server_key(&self, name: &str) -> bool {
        let Some(names) = self.shard.table.names else { return false };
        let number = names.number(name.as_bytes(), self.place);
        self.set(DataType::ServerKey, 0, u64::from(number), 0)
    }

    /// The key as a command line would take it.
    pub fn key_text(&self) -> Cow<'static, str> {
        if let Some(address) = self.address() {
            return address.to_string().into();
        }
        match self.integer() {
            Some(number) => number.to_string().into(),
            None => String::from_utf8_lossy(&self.key()).into_owned().into(),
        }
    }

    /// The running period and the one before, which counts as far as it still lies in the window. A last single event
    /// is seen until the window has passed it.
    fn rate(&self, long: usize, short: usize, period_ms: u32, now_ms: u64) -> u64 {
        let (tick, mut events) = split(self.shard.memory.long(long).load(Relaxed));
        let mut past = self.shard.read(short);
        let mut elapsed = (now_ms as u32).wrapping_sub(tick);
        // Times of a process whose clock is a little behind.
        if elapsed > u32::MAX / 2 {
            elapsed = 0;
        }
        if elapsed >= period_ms {
            (past, events, elapsed) = (events, 0, elapsed - period_ms);
            if elapsed >= period_ms {
                return 0;
            }
        }
        if past <= 1 && events == 0 {
            return u64::from(past);
        }
        u64::from(events) + u64::from(past) * u64::from(period_ms - elapsed) / u64::from(period_ms.max(1))
    }

    /// Counts events. A period begins where the one before ended, and after a gap of two with the event itself.
    fn count(&self, long: usize, short: usize, period_ms: u32, amount: u64, now_ms: u64) {
        let cell = self.shard.memory.long(long);
        let (tick, events) = split(cell.load(Relaxed));
        let mut elapsed = (now_ms as u32).wrapping_sub(tick);
        if elapsed > u32::MAX / 2 && events > 0 {
            elapsed = 0;
        }
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        if elapsed < period_ms && (tick != 0 || events != 0) {
            cell.store(join(tick, events.wrapping_add(amount)), Relaxed);
            return;
        }
        let (past, tick) = if elapsed < period_ms.saturating_mul(2) && (tick != 0 || events != 0) {
            (events, tick.wrapping_add(period_ms))
        } else {
            (0, now_ms as u32)
        };
        // A death between these leaves the older period a little too high until it has passed, and loses nothing.
        self.shard.write(short, past);
        cell.store(join(tick, amount), Relaxed);
    }
}

fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn join(tick: u32, events: u32) -> u64 {
    u64::from(tick) << 32 | u64::from(events)
}
