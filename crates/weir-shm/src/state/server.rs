//! A server as checks, agents, resolvers and the CLI left it. Values are those of `show servers state` (management
//! manual 9.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering::*, fence};

use crate::cell::{Maximum, Word, Word32};

/// `srv_op_state`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationalState {
    Stopped = 0,
    /// Up, its weight still growing (`slowstart`).
    Starting = 1,
    Running = 2,
    /// Up for those who are already bound to it (404 with `disable-on-404`).
    Stopping = 3,
}

/// Bits of `srv_admin_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminFlags(pub u32);

impl AdminFlags {
    /// Forced into maintenance.
    pub const FMAINT: Self = Self(0x01);
    /// Maintenance inherited from a tracked server.
    pub const IMAINT: Self = Self(0x02);
    /// Maintenance by the configuration (`disabled`).
    pub const CMAINT: Self = Self(0x04);
    /// Forced into drain.
    pub const FDRAIN: Self = Self(0x08);
    /// Drain inherited from a tracked server.
    pub const IDRAIN: Self = Self(0x10);
    /// Maintenance because its name does not resolve.
    pub const RMAINT: Self = Self(0x20);
    /// Its name was set at run time.
    pub const HMAINT: Self = Self(0x40);
    /// Any cause of maintenance. [`AdminFlags::CMAINT`] alone only tells where it came from: a server that the
    /// configuration disables begins with [`AdminFlags::FMAINT`] too, which `enable server` takes away.
    pub const MAINT: Self = Self(0x01 | 0x02 | 0x20);
    /// Any cause of drain.
    pub const DRAIN: Self = Self(0x08 | 0x10);

    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A health check or an agent check.
#[repr(C)]
#[derive(Debug, Default)]
pub struct CheckState {
    /// `srv_check_state`: 1 in progress, 2 configured, 4 enabled, 8 paused, 0x10 agent.
    pub flags: Word32,
    /// `check_status` as its place in the list of management manual 9.1 field 36, counted from 0 = `UNK`.
    pub status: Word32,
    /// `srv_check_result`: 0 unknown, 1 neutral, 2 failed, 3 passed, 4 conditionally passed.
    pub result: Word32,
    /// `check_health`, 0 to rise + fall - 1.
    pub health: Word32,
    /// Layer 5 to 7 code; 0: none.
    pub code: Word32,
    pub duration_ms: Word32,
    /// Rise and fall set at run time; 0: as configured.
    pub rise: Word32,
    pub fall: Word32,
    /// Port set at run time; 0: as configured.
    pub port: Word32,
    _padding: u32,
    /// When the last check ended, `CLOCK_MONOTONIC` milliseconds; 0: never.
    pub last_ms: Word,
}

impl CheckState {
    /// Bits of `srv_check_state`; `disable health` clears [`CheckState::ENABLED`].
    pub const IN_PROGRESS: u32 = 0x01;
    pub const CONFIGURED: u32 = 0x02;
    pub const ENABLED: u32 = 0x04;
    pub const PAUSED: u32 = 0x08;
    pub const AGENT: u32 = 0x10;

    fn reset(&self) {
        let words = [
            &self.flags,
            &self.status,
            &self.result,
            &self.health,
            &self.code,
            &self.duration_ms,
            &self.rise,
            &self.fall,
            &self.port,
        ];
        words.into_iter().for_each(|word| word.set(0));
        self.last_ms.set(0);
    }

    /// Configured and not switched off.
    pub fn is_enabled(&self) -> bool {
        let bits = Self::CONFIGURED | Self::ENABLED;
        self.flags.value() & bits == bits
    }
}

/// Address and port set at run time or by a resolver. One writer, the controller.
#[repr(C)]
#[derive(Debug, Default)]
pub struct AddressOverride {
    /// Odd while being written; raised by two with every change.
    version: AtomicU32,
    /// 0: as configured; 4, 6.
    family: AtomicU32,
    /// Port plus one; 0: as configured.
    port: AtomicU32,
    address: [AtomicU32; 4],
    _padding: u32,
}

#[repr(C, align(128))]
#[derive(Debug, Default)]
pub struct ServerState {
    /// 0 until the state of a new server was filled in; see [`ServerState::begin`].
    initialised: Word32,
    operational: Word32,
    admin: Word32,
    /// `srv_uweight`
    pub user_weight: Word32,
    /// `srv_iweight`
    pub initial_weight: Word32,
    /// The weight in use, 0 when not usable, lower than the user's during slow start; in the balance's scale.
    pub effective_weight: Word32,
    /// Throttle of slow start in percent; 0 or 100: none.
    pub throttle: Word32,
    /// `maxconn` set at run time plus one; 0: as configured.
    pub maxconn: Word32,
    /// `srid`: raised when the slot is given to another server of the same name.
    pub revision: Word32,
    /// Errors in a row seen by `observe`.
    pub consecutive_errors: Word32,
    /// Times that errors in a row reached `error-limit`, and the latest of these errors as its place in
    /// `weir_check::Observed`; the controller compares with what it has dealt with.
    pub error_limits: Word32,
    pub observed_error: Word32,
    /// Raised when the sessions on the server are to end; workers compare with what they have done.
    pub shut_sessions: Word32,
    /// `chkfail`
    pub check_failures: Word32,
    /// `chkdown`
    pub down_transitions: Word32,
    /// `hanafail`
    pub observe_failures: Word32,
    /// What the configuration said when it was last applied ([`ServerState::CONFIGURED_DISABLED`]), so that a reload can
    /// tell a changed line from a change at run time.
    pub configured: Word32,
    pub smax: Maximum,
    pub qmax: Maximum,
    pub rate_max: Maximum,
    pub qtime_max: Maximum,
    pub ctime_max: Maximum,
    pub rtime_max: Maximum,
    pub ttime_max: Maximum,
    /// When the operational state changed, `CLOCK_MONOTONIC` milliseconds.
    pub last_change_ms: Word,
    /// `downtime` of the completed outages, milliseconds.
    pub downtime_ms: Word,
    /// When slow start began; 0: not in slow start.
    pub slowstart_ms: Word,
    pub check: CheckState,
    pub agent: CheckState,
    pub address: AddressOverride,
    /// `set server ... check-addr` and `agent-addr`.
    pub check_address: AddressOverride,
    pub agent_address: AddressOverride,
}

impl ServerState {
    /// Bit of [`ServerState::configured`]: `disabled` stood on the line.
    pub const CONFIGURED_DISABLED: u32 = 1;
    /// Bit of [`ServerState::configured`]: it came at run time, and no operator has ordered anything of it yet.
    pub const CAME_AT_RUN_TIME: u32 = 2;

    /// Whether the state of a new server is still to be filled in. Whoever finds it new fills in what the plan says
    /// (the same values, whoever does it) and then calls [`ServerState::begin`].
    pub fn is_new(&self) -> bool {
        self.initialised.value() == 0
    }

    /// True for exactly one caller in the life of the slot: it fills in the configured state. Not for names that were
    /// there before a reload: what happened to them at run time stays.
    pub fn begin(&self) -> bool {
        self.initialised.atomic().swap(1, AcqRel) == 0
    }

    /// The next [`ServerState::begin`] returns true again (the server was deleted).
    pub fn forget(&self) {
        self.initialised.set(0);
    }

    /// As for a name that was never there, but for the revision, which tells one server of the name from another.
    pub fn reset(&self) {
        self.initialised.set(0);
        self.operational.set(0);
        self.admin.set(0);
        let words = [
            &self.user_weight,
            &self.initial_weight,
            &self.effective_weight,
            &self.throttle,
            &self.maxconn,
            &self.consecutive_errors,
            &self.observed_error,
            &self.check_failures,
            &self.down_transitions,
            &self.observe_failures,
            &self.configured,
        ];
        words.into_iter().for_each(|word| word.set(0));
        [&self.last_change_ms, &self.downtime_ms, &self.slowstart_ms]
            .into_iter()
            .for_each(|word| word.set(0));
        [&self.check, &self.agent].into_iter().for_each(CheckState::reset);
        [&self.address, &self.check_address, &self.agent_address]
            .into_iter()
            .filter(|cell| cell.version() != 0)
            .for_each(|cell| cell.set(None, None));
        self.clear_maxima();
    }

    pub fn operational(&self) -> OperationalState {
        match self.operational.value() {
            1 => OperationalState::Starting,
            2 => OperationalState::Running,
            3 => OperationalState::Stopping,
            _ => OperationalState::Stopped,
        }
    }

    pub fn set_operational(&self, state: OperationalState) {
        self.operational.atomic().store(state as u32, Release);
    }

    pub fn admin(&self) -> AdminFlags {
        AdminFlags(self.admin.value())
    }

    /// Sets flags; returns those that were set before.
    pub fn insert_admin(&self, flags: AdminFlags) -> AdminFlags {
        AdminFlags(self.admin.insert(flags.0))
    }

    /// Clears flags; returns those that were set before.
    pub fn remove_admin(&self, flags: AdminFlags) -> AdminFlags {
        AdminFlags(self.admin.remove(flags.0))
    }

    /// May take new sessions without persistence.
    pub fn usable(&self) -> bool {
        !self.admin().intersects(AdminFlags(AdminFlags::MAINT.0 | AdminFlags::DRAIN.0))
            && matches!(self.operational(), OperationalState::Running | OperationalState::Starting)
    }

    /// May take sessions that are bound to it (cookie, stick table).
    pub fn usable_for_persistence(&self) -> bool {
        !self.admin().intersects(AdminFlags::MAINT) && self.operational() != OperationalState::Stopped
    }

    /// For `clear counters`.
    pub fn clear_maxima(&self) {
        [&self.smax, &self.qmax, &self.rate_max].into_iter().for_each(Maximum::clear);
        [&self.qtime_max, &self.ctime_max, &self.rtime_max, &self.ttime_max]
            .into_iter()
            .for_each(Maximum::clear);
    }
}

impl AddressOverride {
    /// Sets address and port; `None` leaves each as configured.
    pub fn set(&self, address: Option<IpAddr>, port: Option<u16>) {
        let version = self.version.load(Relaxed) | 1;
        self.version.store(version, Relaxed);
        fence(Release);
        let (family, words) = match address {
            None => (0, [0; 4]),
            Some(IpAddr::V4(ip)) => (4, [u32::from(ip), 0, 0, 0]),
            Some(IpAddr::V6(ip)) => (6, words_of(ip)),
        };
        self.family.store(family, Relaxed);
        self.port.store(port.map_or(0, |port| u32::from(port) + 1), Relaxed);
        self.address.iter().zip(words).for_each(|(cell, word)| cell.store(word, Relaxed));
        self.version.store(version.wrapping_add(1), Release);
    }

    /// Changes with every [`AddressOverride::set`]; 0: never set. Compare it before reading the rest.
    pub fn version(&self) -> u32 {
        self.version.load(Acquire)
    }

    /// Address and port; `None` each as configured.
    pub fn value(&self) -> (Option<IpAddr>, Option<u16>) {
        loop {
            let version = self.version.load(Acquire);
            if version == 0 {
                return (None, None);
            }
            let family = self.family.load(Relaxed);
            let port = self.port.load(Relaxed);
            let words = [0, 1, 2, 3].map(|at| self.address[at].load(Relaxed));
            fence(Acquire);
            if version & 1 == 0 && self.version.load(Relaxed) == version {
                let address = match family {
                    4 => Some(IpAddr::V4(Ipv4Addr::from(words[0]))),
                    6 => Some(IpAddr::V6(address_of(words))),
                    _ => None,
                };
                return (address, port.checked_sub(1).map(|port| port as u16));
            }
            std::hint::spin_loop();
        }
    }

    /// The writer died half-way: fall back to what is configured.
    pub(crate) fn repair(&self) {
        if self.version.load(Acquire) & 1 == 1 {
            self.set(None, None);
        }
    }
}

fn words_of(ip: Ipv6Addr) -> [u32; 4] {
    let bits = u128::from(ip);
    [96, 64, 32, 0].map(|shift| (bits >> shift) as u32)
}

fn address_of(words: [u32; 4]) -> Ipv6Addr {
    Ipv6Addr::from(words.iter().fold(0, |bits, word| bits << 32 | u128::from(*word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_comes_back() {
        let state = ServerState::default();
        assert_eq!(state.address.value(), (None, None));
        for (address, port) in
            [(Some("10.1.2.3".parse().unwrap()), Some(80)), (Some("fd00::1:2".parse().unwrap()), None)]
        {
            state.address.set(address, port);
            assert_eq!(state.address.value(), (address, port));
        }
    }

    #[test]
    fn drain_keeps_persistence() {
        let state = ServerState::default();
        state.set_operational(OperationalState::Running);
        assert!(state.usable());
        state.insert_admin(AdminFlags::FDRAIN);
        assert!(!state.usable() && state.usable_for_persistence());
        state.insert_admin(AdminFlags::FMAINT);
        assert!(!state.usable_for_persistence());
    }
}
