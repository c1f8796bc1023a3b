//! Messages: a class, a type, and from type 128 on a length and so many bytes.

use crate::number::{Malformed, Reader, put};

const CONTROL: u8 = 0;
const ERROR: u8 = 1;
const TABLE: u8 = 10;

const RESYNC_REQUEST: u8 = 0;
const RESYNC_FINISHED: u8 = 1;
const RESYNC_PARTIAL: u8 = 2;
const RESYNC_CONFIRM: u8 = 3;
const HEARTBEAT: u8 = 4;

const PROTOCOL_ERROR: u8 = 0;
const SIZE_LIMIT: u8 = 1;

const UPDATE: u8 = 0x80;
const INCREMENTAL: u8 = 0x81;
const DEFINITION: u8 = 0x82;
const SWITCH: u8 = 0x83;
const ACK: u8 = 0x84;
const UPDATE_TIMED: u8 = 0x85;
const INCREMENTAL_TIMED: u8 = 0x86;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    ResyncRequest,
    /// Everything was told, by somebody who knows everything.
    ResyncFinished,
    /// Everything was told, by somebody who may not know everything.
    ResyncPartial,
    ResyncConfirm,
    Heartbeat,
    ProtocolError,
    SizeLimit,
    /// An entry: behind the number of its change, unless `incremental`, and the time it has left, if `timed`.
    Update {
        incremental: bool,
        timed: bool,
        bytes: &'a [u8],
    },
    Definition(&'a [u8]),
    /// The entries that follow are of this table of the sender.
    Switch(&'a [u8]),
    /// The receiver's table of this number is known up to that change.
    Ack(&'a [u8]),
    /// Of a later version: passed over.
    Unknown,
}

/// Why no message can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Protocol,
    TooLong,
}

/// The first message of `bytes` and its length; nothing as long as it is not whole. `longest`: bytes of it at most.
pub fn split(bytes: &[u8], longest: usize) -> Result<Option<(Message<'_>, usize)>, Broken> {
    let [class, kind, rest @ ..] = bytes else { return Ok(None) };
    if *kind < 128 {
        let message = match (*class, *kind) {
            (CONTROL, RESYNC_REQUEST) => Message::ResyncRequest,
            (CONTROL, RESYNC_FINISHED) => Message::ResyncFinished,
            (CONTROL, RESYNC_PARTIAL) => Message::ResyncPartial,
            (CONTROL, RESYNC_CONFIRM) => Message::ResyncConfirm,
            (CONTROL, HEARTBEAT) => Message::Heartbeat,
            (ERROR, PROTOCOL_ERROR) => Message::ProtocolError,
            (ERROR, SIZE_LIMIT) => Message::SizeLimit,
            _ => Message::Unknown,
        };
        return Ok(Some((message, 2)));
    }
    let mut reader = Reader::new(rest);
    let length = match reader.number() {
        Ok(length) => length,
        // A length of more than 64 bits never ends.
        Err(Malformed) if rest.len() >= 10 => return Err(Broken::Protocol),
        Err(Malformed) => return Ok(None),
    };
    let head = bytes.len() - reader.rest().len();
    let Ok(length) = usize::try_from(length) else { return Err(Broken::TooLong) };
    if length > longest {
        return Err(Broken::TooLong);
    }
    let Ok(payload) = reader.bytes(length) else { return Ok(None) };
    let update = |incremental, timed| Message::Update { incremental, timed, bytes: payload };
    let message = match (*class, *kind) {
        (TABLE, UPDATE) => update(false, false),
        (TABLE, INCREMENTAL) => update(true, false),
        (TABLE, UPDATE_TIMED) => update(false, true),
        (TABLE, INCREMENTAL_TIMED) => update(true, true),
        (TABLE, DEFINITION) => Message::Definition(payload),
        (TABLE, SWITCH) => Message::Switch(payload),
        (TABLE, ACK) => Message::Ack(payload),
        _ => Message::Unknown,
    };
    Ok(Some((message, head + length)))
}

impl Message<'_> {
    pub fn put(&self, out: &mut Vec<u8>) {
        let (class, kind, payload): (u8, u8, Option<&[u8]>) = match *self {
            Message::ResyncRequest => (CONTROL, RESYNC_REQUEST, None),
            Message::ResyncFinished => (CONTROL, RESYNC_FINISHED, None),
            Message::ResyncPartial => (CONTROL, RESYNC_PARTIAL, None),
            Message::ResyncConfirm => (CONTROL, RESYNC_CONFIRM, None),
            Message::Heartbeat => (CONTROL, HEARTBEAT, None),
            Message::ProtocolError => (ERROR, PROTOCOL_ERROR, None),
            Message::SizeLimit => (ERROR, SIZE_LIMIT, None),
            Message::Update { incremental: false, timed: false, bytes } => (TABLE, UPDATE, Some(bytes)),
            Message::Update { incremental: true, timed: false, bytes } => (TABLE, INCREMENTAL, Some(bytes)),
            Message::Update { incremental: false, timed: true, bytes } => (TABLE, UPDATE_TIMED, Some(bytes)),
            Message::Update { incremental: true, timed: true, bytes } => {
                (TABLE, INCREMENTAL_TIMED, Some(bytes))
            }
            Message::Definition(bytes) => (TABLE, DEFINITION, Some(bytes)),
            Message::Switch(bytes) => (TABLE, SWITCH, Some(bytes)),
            Message::Ack(bytes) => (TABLE, ACK, Some(bytes)),
            Message::Unknown => return,
        };
        out.extend_from_slice(&[class, kind]);
        if let Some(payload) = payload {
            put(payload.len() as u64, out);
            out.extend_from_slice(payload);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Seen between two HAProxy 2.8.
    #[test]
    fn messages_of_haproxy() {
        assert_eq!(split(&[0, 4], 100), Ok(Some((Message::Heartbeat, 2))));
        let ack = [0x0a, 0x84, 5, 4, 0, 0, 0, 1];
        assert_eq!(split(&ack, 100), Ok(Some((Message::Ack(&ack[3..]), 8))));
        let update = [0x0a, 0x81, 5, 0, 0, 0, 9, 3, 0];
        let incremental = Message::Update { incremental: true, timed: false, bytes: &update[3..8] };
        assert_eq!(split(&update, 100), Ok(Some((incremental, 8))));
        assert_eq!(split(&update[..7], 100), Ok(None));
        // Answered by a size limit error there, and these two passed over.
        assert_eq!(split(&[0x0a, 0x82, 0xff, 0xff, 0xff, 0x7f], 16_384), Err(Broken::TooLong));
        assert_eq!(split(&[5, 5], 100), Ok(Some((Message::Unknown, 2))));
        assert_eq!(split(&[0, 0x77], 100), Ok(Some((Message::Unknown, 2))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some((message, length))) = split(&bytes, 48) {
                prop_assert!(length <= bytes.len());
                let mut out = Vec::new();
                message.put(&mut out);
                prop_assert!(message == Message::Unknown || out.len() <= length);
            }
        }

        #[test]
        fn a_message_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..300), incremental: bool, timed: bool) {
            let message = Message::Update { incremental, timed, bytes: &bytes };
            let mut out = Vec::new();
            message.put(&mut out);
            prop_assert_eq!(split(&out, 300), Ok(Some((message, out.len()))));
            prop_assert_eq!(split(&out[..out.len() - 1], 300), Ok(None));
        }
    }
}
