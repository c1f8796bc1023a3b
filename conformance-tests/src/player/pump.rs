//! `pump`: many bytes from one end to the other, written and read at the same time, compared byte by byte.

use super::Player;
use crate::connection::DEADLINE;
use crate::message;
use std::time::Instant;

/// Bytes written at a time; no multiple of a power of two, so that buffers end in the middle of one.
const PIECE_BYTES: usize = 15_013;

/// The byte at a position of the pattern; its period is no power of two either.
fn pattern(position: u64) -> u8 {
    (position % 251) as u8
}

impl Player {
    pub(super) fn pump(&mut self, from: &str, to: &str, bytes: u64, chunked: bool) -> Result<(), String> {
        let mut writer = self.connection(from)?.writer().map_err(|e| e.to_string())?;
        let sending = std::thread::spawn(move || -> std::io::Result<()> {
            let mut position = 0;
            while position < bytes {
                let length = (bytes - position).min(PIECE_BYTES as u64);
                let mut piece = Vec::with_capacity(PIECE_BYTES + 16);
                if chunked {
                    piece.extend_from_slice(format!("{length:x}\r\n").as_bytes());
                }
                piece.extend((position..position + length).map(pattern));
                if chunked {
                    piece.extend_from_slice(b"\r\n");
                }
                writer.write_all(&piece)?;
                position += length;
            }
            if chunked {
                writer.write_all(b"0\r\n\r\n")?;
            }
            Ok(())
        });
        let received = self.receive_pumped(to, bytes, chunked);
        let sent = sending.join().map_err(|_| "the sender died")?;
        received?;
        sent.map_err(|e| format!("sending failed: {e}"))?;
        let how = if chunked { " chunked" } else { "" };
        self.say(&format!("{from} pumped {bytes} bytes{how} to {to}, all intact"));
        Ok(())
    }

    fn receive_pumped(&mut self, to: &str, bytes: u64, chunked: bool) -> Result<(), String> {
        let connection = self.connection(to)?;
        if chunked {
            let body = connection
                .take_until(|b, _| {
                    // Decoding from the start each time would be quadratic; a look at the end first is not.
                    b.ends_with(b"0\r\n\r\n").then(|| message::dechunk(b)).flatten().map(|c| c.wire_length)
                })
                .map_err(|(stop, _)| format!("{to}: {stop:?} in a chunked body"))?;
            let body = message::dechunk(&body).ok_or("a body that was complete is not")?;
            return compare(to, &body.data, 0, bytes);
        }
        let mut position = 0;
        while position < bytes {
            if connection.received.is_empty() {
                connection
                    .receive(Instant::now() + DEADLINE)
                    .map_err(|stop| format!("{to}: {stop:?} after {position} of {bytes} bytes"))?;
            }
            let take = connection.received.len().min((bytes - position) as usize);
            let piece: Vec<u8> = connection.received.drain(..take).collect();
            compare(to, &piece, position, position + take as u64)?;
            position += take as u64;
        }
        Ok(())
    }
}

fn compare(to: &str, piece: &[u8], start: u64, end: u64) -> Result<(), String> {
    if piece.len() as u64 != end - start {
        return Err(format!("{to} got {} bytes in place of {}", piece.len(), end - start));
    }
    match piece.iter().zip(start..).position(|(byte, at)| *byte != pattern(at)) {
        Some(at) => Err(format!("{to} got a wrong byte at {}", start + at as u64)),
        None => Ok(()),
    }
}
