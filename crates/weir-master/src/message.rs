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
    /// Stop accepting for now (SIGTTOU). What listens under a name that only closing frees, `released`, is closed.
    Pause { released: Vec<Slot> },
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
    /// For the controller: lines for the log targets of proxies, each with the proxy's name. The level is syslog's.
    Log { level: u8, lines: Vec<(String, String)> },
    /// Check and prepare these edits, do not put them in force yet. Descriptors: `segments` new memfds, then the edits
    /// if they are not in `edits`.
    Edit { round: u64, segments: u32, edits: Vec<u8> },
    /// Put those edits of the round in force that were `accepted` by all, forget the others.
    Settle { round: u64, accepted: Vec<bool> },
    /// These edits are in force everywhere else: a child that was not there when they were decided takes them as they
    /// are. Round 0 wants no answer. Descriptors as with `Edit`.
    Replay { round: u64, segments: u32, edits: Vec<u8> },
    /// What became of an edit that this child handed in.
    Edited { ticket: u64, refusal: Option<String> },
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
    /// Put this edit in force everywhere, or say why not. It was made for the plan of that generation. A descriptor, if
    /// it is not in `edit`.
    Submit { ticket: u64, generation: u64, edit: Vec<u8> },
    /// The edits of the round are prepared, but for those with a reason why they cannot be.
    Verdicts { round: u64, refusals: Vec<Option<String>> },
    /// What all accepted is in force here.
    Settled { round: u64 },
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
            Order::Pause { released } => {
                out.u8(4);
                slots(&mut out, released);
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
            Order::Log { level, lines } => {
                out.u8(9).u8(*level).list(lines, |out, (proxy, line)| {
                    out.text(proxy).text(line);
                });
            }
            Order::Edit { round, segments, edits } => {
                out.u8(10).u64(*round).u32(*segments).bytes(edits);
            }
            Order::Settle { round, accepted } => {
                out.u8(11).u64(*round).list(accepted, |out, one| {
                    out.u8(u8::from(*one));
                });
            }
            Order::Replay { round, segments, edits } => {
                out.u8(12).u64(*round).u32(*segments).bytes(edits);
            }
            Order::Edited { ticket, refusal } => {
                out.u8(13).u64(*ticket);
                refusal_to(&mut out, refusal);
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
            4 => Order::Pause { released: from.list(|from| from.u32().map(Slot))? },
            5 => Order::Resume { listeners: from.list(|from| from.u32().map(Slot))? },
            6 => Order::SoftStop,
            7 => Order::HardStop,
            8 => Order::Serve { level: from.u8()? },
            9 => Order::Log { level: from.u8()?, lines: from.list(|from| Ok((from.text()?, from.text()?)))? },
            10 => Order::Edit { round: from.u64()?, segments: from.u32()?, edits: from.bytes()?.to_vec() },
            11 => Order::Settle { round: from.u64()?, accepted: from.list(|from| Ok(from.u8()? != 0))? },
            12 => Order::Replay { round: from.u64()?, segments: from.u32()?, edits: from.bytes()?.to_vec() },
            13 => Order::Edited { ticket: from.u64()?, refusal: from.option(Reader::text)? },
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
            Reply::Submit { ticket, generation, edit } => out.u8(5).u64(*ticket).u64(*generation).bytes(edit),
            Reply::Verdicts { round, refusals } => out.u8(6).u64(*round).list(refusals, refusal_to),
            Reply::Settled { round } => out.u8(7).u64(*round),
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
            5 => Reply::Submit { ticket: from.u64()?, generation: from.u64()?, edit: from.bytes()?.to_vec() },
            6 => {
                Reply::Verdicts { round: from.u64()?, refusals: from.list(|from| from.option(Reader::text))? }
            }
            7 => Reply::Settled { round: from.u64()? },
            _ => return Err(Malformed),
        })
    }
}

fn refusal_to(out: &mut Writer, refusal: &Option<String>) {
    out.option(refusal.as_ref(), |out, text| {
        out.text(text);
    });
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
            Order::Edit { round: 9, segments: 1, edits: vec![1, 2, 3] },
            Order::Settle { round: 9, accepted: vec![true, false] },
            Order::Replay { round: 0, segments: 0, edits: vec![] },
            Order::Edited { ticket: 5, refusal: Some("no".into()) },
        ];
        for order in orders {
            assert_eq!(Order::decode(&order.encode()), Ok(order));
        }
        assert_eq!(Order::decode(&[99]), Err(Malformed));
        let refused = Reply::Refused { generation: 1, reason: "no".into() };
        let verdicts = Reply::Verdicts { round: 2, refusals: vec![None, Some("no".into())] };
        for reply in [refused, verdicts, Reply::Submit { ticket: 1, generation: 0, edit: vec![4] }] {
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
        }
    }
}
