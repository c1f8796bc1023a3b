//! What the peer announced, and what is announced to it (RFC 9113 section 6.5).

use super::connection::{Config, Connection, Role};
use super::frame::{
    DEFAULT_FRAME, DEFAULT_WINDOW, ErrorCode, FrameHeader, MAX_WINDOW, flag, kind, setting, write_frame,
    write_settings, write_window_update,
};

/// The peer's settings.
#[derive(Debug)]
pub struct Peer {
    pub initial_window: u32,
    pub max_frame: u32,
    pub max_streams: u32,
    pub extended_connect: bool,
    /// Its first SETTINGS have come.
    pub settled: bool,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            initial_window: DEFAULT_WINDOW,
            max_frame: DEFAULT_FRAME,
            max_streams: u32::MAX,
            extended_connect: false,
            settled: false,
        }
    }
}

/// Writes what a connection begins with, the client's preface excepted.
pub fn announce(config: &Config, role: Role, out: &mut Vec<u8>) {
    let mut settings = Vec::with_capacity(6);
    if role == Role::Client {
        settings.push((setting::ENABLE_PUSH, 0));
    }
    if config.extended_connect {
        settings.push((setting::ENABLE_CONNECT_PROTOCOL, 1));
    }
    if config.header_table != 4096 {
        settings.push((setting::HEADER_TABLE_SIZE, config.header_table));
    }
    if config.initial_window != DEFAULT_WINDOW {
        settings.push((setting::INITIAL_WINDOW_SIZE, config.initial_window));
    }
    if config.max_streams != 0 {
        settings.push((setting::MAX_CONCURRENT_STREAMS, config.max_streams));
    }
    if config.max_frame != DEFAULT_FRAME {
        settings.push((setting::MAX_FRAME_SIZE, config.max_frame));
    }
    write_settings(&settings, out);
    if config.receive_budget > DEFAULT_WINDOW {
        write_window_update(0, config.receive_budget - DEFAULT_WINDOW, out);
    }
}

impl Connection {
    pub(super) fn on_settings(&mut self, header: FrameHeader, payload: &[u8]) -> Result<(), ErrorCode> {
        if header.has(flag::ACK) {
            return if payload.is_empty() { Ok(()) } else { Err(ErrorCode::FrameSize) };
        }
        if !payload.len().is_multiple_of(6) {
            return Err(ErrorCode::FrameSize);
        }
        for entry in payload.chunks_exact(6) {
            let value = u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]);
            self.apply_setting(u16::from_be_bytes([entry[0], entry[1]]), value)?;
        }
        self.peer.settled = true;
        write_frame(kind::SETTINGS, flag::ACK, 0, b"", &mut self.out);
        self.wake_writers();
        Ok(())
    }

    fn apply_setting(&mut self, name: u16, value: u32) -> Result<(), ErrorCode> {
        match name {
            setting::ENABLE_PUSH if value > 1 || value == 1 && self.role == Role::Client => {
                return Err(ErrorCode::Protocol);
            }
            setting::MAX_CONCURRENT_STREAMS => self.peer.max_streams = value,
            setting::INITIAL_WINDOW_SIZE => {
                if i64::from(value) > MAX_WINDOW {
                    return Err(ErrorCode::FlowControl);
                }
                let change = i64::from(value) - i64::from(self.peer.initial_window);
                self.peer.initial_window = value;
                for stream in self.streams.values_mut() {
                    stream.send_window += change;
                    if stream.send_window > MAX_WINDOW {
                        return Err(ErrorCode::FlowControl);
                    }
                }
            }
            setting::MAX_FRAME_SIZE => {
                if !(DEFAULT_FRAME..1 << 24).contains(&value) {
                    return Err(ErrorCode::Protocol);
                }
                self.peer.max_frame = value;
            }
            setting::ENABLE_CONNECT_PROTOCOL => self.peer.extended_connect = value == 1,
            _ => {}
        }
        Ok(())
    }
}
