//! What supervisor and children say to each other. Descriptors travel beside a message and are named in its order.

use crate::blueprint::ChildSettings;
use crate::wire::{Malformed, Reader, Writer};
use weir_types::Slot;

/// Supervisor to child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first message. Descriptors: bundle, `segments` memfds, `wakers` eventfds, one socket for each of `listeners`.
    Start { segments: u32, wakers: u32, listeners: Vec<Slot>, settings: ChildSettings },
    /// Make a plan, do not use it yet. Descriptors: bundle, `segments` new memfds, one socket for each of `listeners`.
    Prepare { generation: u64, segments: u32, listeners: Vec<Slot> },
    /// Use the plan of that generation.
    Commit { generation: u64 },
    /// Forget the plan of that generation.
    Abort { generation: u64 },
    /// Stop accepting for now (SIGTTOU).
    Pause,
    /// Start again (SIGTTIN). One descriptor for each of `listeners`, which takes the place of the one known: what an
    /// event loop remembers of a socket that was shut down does not fit one that listens again.
    Resume { listeners: Vec<Slot> },
    /// Finish what is running, then end.
    SoftStop,
    /// End now.
    HardStop,
    /// For the controller: serve runtime commands on the connection beside this message. The level is HAProxy's:
    /// 1 user, 2 operator, 3 admin.
    Serve { level: u8 },
    /// For the controller: write the servers' states to the log (SIGHUP).
    DumpServers,
}

/// Child to supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The plan of that generation is ready to be used.
    Prepared { generation: u64 },
    /// It cannot be made; why.
    Refused { generation: u64, reason: String },
    /// New connections are served by the plan of that generation.
    Committed { generation: u64 },
    /// From the controller: hand the listening sockets over on the connection beside this message (`_getsocks`).
    HandOver,
    /// From the controller: reload, as SIGUSR2 asks.
    Reload,
}

impl Order {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Order::Start { segments, wakers, listeners, settings } => {
                out.u8(0).u32(*segments).u32(*wakers);
                slots(&mut out, listeners);
                settings.encode(&mut out);
            }
            Order::Prepare { generation, segments, listeners } => {
                out.u8(1).u64(*generation).u32(*segments);
                slots(&mut out, listeners);
            }
            Order::Commit { generation } => {
                out.u8(2).u64(*generation);
            }
            Order::Abort { generation } => {
                out.u8(3).u64(*generation);
            }
            Order::Pause => {
                out.u8(4);
            }
            Order::Resume { listeners } => {
                out.u8(5);
                slots(&mut out, listeners);
            }
            Order::SoftStop => {
                out.u8(6);
            }
            Order::HardStop => {
                out.u8(7);
            }
            Order::Serve { level } => {
                out.u8(8).u8(*level);
            }
            Order::DumpServers => {
                out.u8(9);
            }
        }
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let from = &mut Reader::new(bytes);
        Ok(match from.u8()? {
            0 => Order::Start {
                segments: from.u32()?,
                wakers: from.u32()?,
                listeners: from.list(|from| from.u32().map(Slot))?,
                settings: ChildSettings::decode(from)?,
            },
            1 => Order::Prepare {
                generation: from.u64()?,
                segments: from.u32()?,
                listeners: from.list(|from| from.u32().map(Slot))?,
            },
            2 => Order::Commit { generation: from.u64()? },
            3 => Order::Abort { generation: from.u64()? },
            4 => Order::Pause,
            5 => Order::Resume { listeners: from.list(|from| from.u32().map(Slot))? },
            6 => Order::SoftStop,
            7 => Order::HardStop,
            8 => Order::Serve { level: from.u8()? },
            9 => Order::DumpServers,
            _ => return Err(Malformed),
        })
    }
}

impl Reply {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Reply::Prepared { generation } => out.u8(0).u64(*generation),
            Reply::Refused { generation, reason } => out.u8(1).u64(*generation).text(reason),
            Reply::Committed { generation } => out.u8(2).u64(*generation),
            Reply::HandOver => out.u8(3),
            Reply::Reload => out.u8(4),
        };
        out.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let from = &mut Reader::new(bytes);
        Ok(match from.u8()? {
            0 => Reply::Prepared { generation: from.u64()? },
            1 => Reply::Refused { generation: from.u64()?, reason: from.text()? },
            2 => Reply::Committed { generation: from.u64()? },
            3 => Reply::HandOver,
            4 => Reply::Reload,
            _ => return Err(Malformed),
        })
    }
}

fn slots(out: &mut Writer, slots: &[Slot]) {
    out.list(slots, |out, slot| {
        out.u32(slot.0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_out_as_they_went_in() {
        let orders = [
            Order::Start {
                segments: 2,
                wakers: 3,
                listeners: vec![Slot(5), Slot(1 << 24)],
                settings: ChildSettings {
                    uid: Some(33),
                    chroot: Some("/var/empty".into()),
                    ..Default::default()
                },
            },
            Order::Prepare { generation: 4, segments: 0, listeners: vec![] },
            Order::Commit { generation: 4 },
            Order::Serve { level: 3 },
        ];
        for order in orders {
            assert_eq!(Order::decode(&order.encode()), Ok(order));
        }
        assert_eq!(Order::decode(&[99]), Err(Malformed));
        let refused = Reply::Refused { generation: 1, reason: "no".into() };
        assert_eq!(Reply::decode(&refused.encode()), Ok(refused));
    }
}
