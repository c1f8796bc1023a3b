//! Steps that speak HTTP/2 frame by frame, as a client or as an origin.

use super::Player;
use crate::connection::Stop;
use crate::http2::{ACK, Frame, PREFACE, SETTINGS};
use crate::step::{Frames, Step};

impl Player {
    /// `c1 speaks h2`: preface and empty settings.
    pub(super) fn speak_http2(&mut self, name: &str) -> Result<(), String> {
        let mut bytes = PREFACE.to_vec();
        bytes.extend(Frame { kind: SETTINGS, flags: 0, stream: 0, payload: Vec::new() }.bytes());
        self.http2.entry(name.to_string()).or_default();
        // A peer that closed already is part of the story.
        let _ = self.connection(name)?.send(&bytes);
        self.say(&format!("{name} speaks h2"));
        Ok(())
    }

    /// `a1 serves h2`: awaits the preface and sends settings that allow WebSockets.
    pub(super) fn serve_http2(&mut self, name: &str) -> Result<(), String> {
        let preface = self.connection(name)?.take_until(|bytes, _| {
            let length = PREFACE.len();
            (bytes.len() >= length || !PREFACE.starts_with(bytes)).then_some(bytes.len().min(length))
        });
        if preface.map_err(|(stop, _)| format!("{name}: no preface: {stop:?}"))? != PREFACE {
            return Err(format!("{name} does not begin with HTTP/2's preface"));
        }
        let settings = Frame { kind: SETTINGS, flags: 0, stream: 0, payload: vec![0, 8, 0, 0, 0, 1] };
        let _ = self.connection(name)?.send(&settings.bytes());
        self.http2.entry(name.to_string()).or_default();
        self.say(&format!("{name} serves h2"));
        Ok(())
    }

    /// Sends frames with one write.
    pub(super) fn send_frames(&mut self, name: &str, steps: &[&Step]) -> Result<(), String> {
        let frames = steps.iter().filter_map(|step| match step {
            Step::Frame { text, count, frame, .. } => Some((text, frame.bytes().repeat(*count))),
            _ => None,
        });
        let bytes: Vec<u8> = frames.clone().flat_map(|(_, bytes)| bytes).collect();
        // A peer that closed already is part of the story.
        let _ = self.connection(name)?.send(&bytes);
        for (text, _) in frames {
            let text = self.normaliser.text(text);
            self.say(&format!("{name} frame {text}"));
        }
        Ok(())
    }

    /// Reads frames until what is awaited has come, or the connection ends.
    pub(super) fn read_frames(&mut self, name: &str, what: &Frames) -> Result<(), String> {
        let mut wanted = Vec::new();
        let mut aside = std::mem::take(&mut self.http2.entry(name.to_string()).or_default().aside);
        let mut kept = std::collections::VecDeque::new();
        let closed = loop {
            let frame = match aside.pop_front() {
                Some(frame) => frame,
                None => match self.next_frame(name)? {
                    Some(frame) => frame,
                    None => break true,
                },
            };
            let (takes, ends) = match what {
                Frames::Stream(id) => {
                    let own = frame.stream == *id && matches!(frame.kind, 0 | 1 | 3);
                    (own || frame.is_goaway(), own && frame.ends_stream() || frame.is_goaway())
                }
                Frames::Head(id) => {
                    let own = frame.stream == *id && matches!(frame.kind, 1 | 3);
                    (own || frame.is_goaway(), own || frame.is_goaway())
                }
                Frames::Data(id) => {
                    let own = frame.stream == *id && matches!(frame.kind, 0 | 3);
                    (own || frame.is_goaway(), own || frame.is_goaway())
                }
                Frames::Settings => (frame.is_settings(), frame.is_settings()),
                Frames::SettingsAck => {
                    let over = frame.is_settings_answer() || frame.is_goaway();
                    (over, over)
                }
                Frames::Goaway => (frame.is_goaway(), frame.is_goaway()),
                Frames::Asked => {
                    if frame.is_ping() {
                        let answer = Frame { flags: 1, ..frame.clone() };
                        let _ = self.connection(name)?.send(&answer.bytes());
                    }
                    (frame.is_ping() || frame.is_goaway(), frame.is_ping() || frame.is_goaway())
                }
                Frames::Ping => {
                    let over = frame.is_ping_answer() || frame.is_goaway();
                    (over, over)
                }
            };
            match takes {
                true => wanted.push(frame),
                false if frame.stream != 0 && matches!(frame.kind, 0 | 1 | 3) => kept.push_back(frame),
                false => {}
            }
            if ends {
                break false;
            }
        };
        kept.extend(aside);
        let reader = self.http2.entry(name.to_string()).or_default();
        reader.aside = kept;
        let lines = reader.show(&wanted)?;
        for line in lines {
            let line = self.normaliser.text(&line);
            self.say(&format!("{name} < {line}"));
        }
        if closed {
            self.say(&format!("{name} closed"));
        }
        Ok(())
    }

    /// The next frame; the peer's settings are acknowledged on the way. `None`: the connection has ended.
    fn next_frame(&mut self, name: &str) -> Result<Option<Frame>, String> {
        let connection = self.connection(name)?;
        let taken = connection.take_until(|bytes, _| Frame::read(bytes).map(|(_, length)| length));
        let bytes = match taken {
            Ok(bytes) => bytes,
            Err((Stop::Ended(_), _)) => return Ok(None),
            Err((Stop::TimedOut, _)) => return Err(format!("{name} waits in vain for a frame")),
        };
        let Some((frame, _)) = Frame::read(&bytes) else { return Ok(None) };
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            let answer = Frame { kind: SETTINGS, flags: ACK, stream: 0, payload: Vec::new() };
            let _ = connection.send(&answer.bytes());
        }
        Ok(Some(frame))
    }
}
