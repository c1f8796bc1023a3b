//! One line of a script: who does what. Parses text into a `Step`; `player` acts it out.

use crate::http2::Frame;
use crate::scenario::OriginKind;
use crate::tls::ClientSpec;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `c1 connect fe [from 127.0.0.2]`, `c1 connect unix FILE`, `c1 connect abns NAME`.
    Connect { name: String, target: Target, from: Option<String> },
    /// `c1 connect-tls fe [sni NAME] ...`: the same, and a handshake.
    ConnectTls { name: String, target: Target, spec: ClientSpec },
    /// `s1 accept a1`: waits for a connection to the scripted origin `s1` and calls it `a1`.
    Accept { origin: String, name: String },
    /// `c1 > line` (CRLF added) and `c1 >> bytes` (nothing added).
    Send { name: String, bytes: Vec<u8> },
    /// `c1 < what [~ REGEX]`.
    Read { name: String, what: Awaited, only: Option<String> },
    /// `c1 speaks h2`: sends the preface and empty settings.
    SpeakHttp2(String),
    /// `a1 serves h2`: awaits a preface and sends settings.
    ServeHttp2(String),
    /// `c1 frame [COUNT x] KIND STREAM [FLAG ...] [| FIELD: VALUE ...]`.
    Frame { name: String, text: String, count: usize, frame: Frame },
    /// `c1 < stream 1`, `c1 < headers 1`, `c1 < goaway`, `c1 < ping`.
    Frames { name: String, what: Frames },
    /// `c1 shut`: no more bytes from here, the other direction stays open.
    Shut(String),
    /// `c1 close`.
    Close(String),
    /// `c1 shakes hands`: the handshake behind early data.
    ShakeHands(String),
    /// `c1 reset`: closes with RST.
    Reset(String),
    /// `pump c1 a1 10m [chunked]`: sends that many patterned bytes from one to the other and compares them.
    Pump { from: String, to: String, bytes: u64, chunked: bool },
    /// `s1 becomes KIND`.
    Becomes { origin: String, kind: OriginKind },
    /// `order fe COUNT PATH [from ADDRESS] [with HEADER: VALUE]`; `{i}` counts from 1.
    Order { target: String, count: u32, path: String, from: Option<String>, header: Option<String> },
    /// `datagram BYTES`: one message to `<datagrams>`, escapes as in what is sent.
    Datagram { text: String, bytes: Vec<u8> },
    /// `order-tcp fe COUNT [from ADDRESS]`: the first line each connection receives.
    OrderTcp { target: String, count: u32, from: Option<String> },
    /// `log COUNT`: that many lines of the syslog receiver.
    Log(usize),
    /// `log until REGEX`.
    LogUntil(String),
    /// `cli COMMAND [| columns a b c] [| lines REGEX]`.
    Cli(CliStep),
    /// `cli-until REGEX :: COMMAND`: asks again until a line of the reply matches.
    CliUntil { pattern: String, command: CliStep },
    /// `sessions COUNT REGEX [:: COMMAND]`: asks `show sess` until that many lines match; the command's `{id}` is what the
    /// first of them is called.
    Sessions { count: usize, pattern: String, command: Option<CliStep> },
    /// `signal NAME`.
    Signal(String),
    /// `exited`: waits for the end of the program.
    Exited,
    /// `stdout until REGEX`, `stderr until REGEX`: the first line of that stream that matches.
    OutputUntil { stream: String, pattern: String },
}

/// Which frames a reader waits for; a GOAWAY or the end of the connection ends every wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frames {
    /// All of a stream until it ends.
    Stream(u32),
    /// The next header block of a stream.
    Head(u32),
    Goaway,
    /// The answer to a PING.
    Ping,
    /// A PING, which is answered.
    Asked,
    /// The next frame of data of a stream.
    Data(u32),
    Settings,
    /// The answer to settings.
    SettingsAck,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Port(String),
    Unix(String),
    Abstract(String),
}

/// What a reader waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Awaited {
    /// Up to and including the empty line.
    Head,
    /// A head and the body its framing announces.
    Message,
    /// A message, of which only what matches in its body is shown.
    Pieces,
    Line,
    Bytes(usize),
    /// Everything up to the end of the connection, however it ends; this side is closed then too.
    Close,
    /// As `Close`, but FIN and RST are told apart, and this side stays open.
    End,
    /// Nothing is readable now.
    Nothing,
    /// A version 2 PROXY header, shown as text.
    ProxyV2,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliStep {
    pub command: String,
    pub columns: Vec<String>,
    pub lines: Option<String>,
}

impl Step {
    /// Parses one line of a script.
    pub fn parse(line: &str) -> Result<Step, String> {
        if let Some((name, rest)) = actor_and(line, " >> ") {
            return Ok(Step::Send { name, bytes: unescape(rest)? });
        }
        if let Some((name, rest)) = actor_and(line, " > ") {
            let mut bytes = unescape(rest)?;
            bytes.extend_from_slice(b"\r\n");
            return Ok(Step::Send { name, bytes });
        }
        if let Some(name) = line.strip_suffix(" >").filter(|n| !n.contains(' ')) {
            return Ok(Step::Send { name: name.into(), bytes: b"\r\n".to_vec() });
        }
        if let Some((name, text)) = actor_and(line, " frame ") {
            let (count, one) = match text.split_once(" x ") {
                Some((count, one)) if count.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (count.parse().map_err(|_| format!("{count} times is too often"))?, one)
                }
                _ => (1, text),
            };
            return Ok(Step::Frame { name, text: text.to_string(), count, frame: Frame::parse(one)? });
        }
        if let Some((name, rest)) = actor_and(line, " < ") {
            if let Some(what) = Frames::parse(rest) {
                return Ok(Step::Frames { name, what });
            }
            let (what, only) = match rest.split_once(" ~ ") {
                Some((what, pattern)) => (what, Some(pattern.to_string())),
                None => (rest, None),
            };
            return Ok(Step::Read { name, what: Awaited::parse(what.trim())?, only });
        }
        if let Some(rest) = line.strip_prefix("cli-until ") {
            let (pattern, command) = rest.split_once(" :: ").ok_or("cli-until REGEX :: COMMAND")?;
            return Ok(Step::CliUntil { pattern: pattern.into(), command: CliStep::parse(command)? });
        }
        if let Some(rest) = line.strip_prefix("sessions ") {
            let (what, command) = match rest.split_once(" :: ") {
                Some((what, command)) => (what, Some(CliStep::parse(command)?)),
                None => (rest, None),
            };
            let (count, pattern) = what.split_once(' ').ok_or("sessions COUNT REGEX")?;
            return Ok(Step::Sessions { count: number(count)? as usize, pattern: pattern.into(), command });
        }
        if let Some(rest) = line.strip_prefix("cli ") {
            return Ok(Step::Cli(CliStep::parse(rest)?));
        }
        if let Some(pattern) = line.strip_prefix("log until ") {
            return Ok(Step::LogUntil(pattern.into()));
        }
        for stream in ["stdout", "stderr"] {
            if let Some(pattern) = line.strip_prefix(stream).and_then(|r| r.strip_prefix(" until ")) {
                return Ok(Step::OutputUntil { stream: stream.into(), pattern: pattern.into() });
            }
        }
        if let Some(rest) = line.strip_prefix("datagram ") {
            return Ok(Step::Datagram { text: rest.into(), bytes: unescape(rest)? });
        }
        if let Some(rest) = line.strip_prefix("order ") {
            return order(rest);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let text = |word: &str| word.to_string();
        Ok(match words.as_slice() {
            [name, "connect", "unix", file] => {
                Step::Connect { name: text(name), target: Target::Unix(text(file)), from: None }
            }
            [name, "connect", "abns", address] => {
                Step::Connect { name: text(name), target: Target::Abstract(text(address)), from: None }
            }
            [name, "connect", port] => {
                Step::Connect { name: text(name), target: Target::Port(text(port)), from: None }
            }
            [name, "connect", port, "from", from] => {
                Step::Connect { name: text(name), target: Target::Port(text(port)), from: Some(text(from)) }
            }
            [name, "connect-tls", port, spec @ ..] => Step::ConnectTls {
                name: text(name),
                target: Target::Port(text(port)),
                spec: ClientSpec::parse(spec)?,
            },
            [origin, "accept", name] => Step::Accept { origin: text(origin), name: text(name) },
            [name, "speaks", "h2"] => Step::SpeakHttp2(text(name)),
            [name, "serves", "h2"] => Step::ServeHttp2(text(name)),
            [name, "shakes", "hands"] => Step::ShakeHands(text(name)),
            [name, "shut"] => Step::Shut(text(name)),
            [name, "close"] => Step::Close(text(name)),
            [name, "reset"] => Step::Reset(text(name)),
            ["pump", from, to, size] => pump(from, to, size, false)?,
            ["pump", from, to, size, "chunked"] => pump(from, to, size, true)?,
            [origin, "becomes", kind @ ..] => {
                Step::Becomes { origin: text(origin), kind: OriginKind::parse(kind)? }
            }
            ["order-tcp", target, count] => {
                Step::OrderTcp { target: text(target), count: number(count)?, from: None }
            }
            ["order-tcp", target, count, "from", from] => {
                Step::OrderTcp { target: text(target), count: number(count)?, from: Some(text(from)) }
            }
            ["log", count] => Step::Log(number(count)? as usize),
            ["signal", name] => Step::Signal(text(name)),
            ["exited"] => Step::Exited,
            _ => return Err("unknown step".into()),
        })
    }
}

impl Frames {
    fn parse(text: &str) -> Option<Frames> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["stream", id] => id.parse().ok().map(Frames::Stream),
            ["headers", id] => id.parse().ok().map(Frames::Head),
            ["goaway"] => Some(Frames::Goaway),
            ["ping"] => Some(Frames::Ping),
            ["asked"] => Some(Frames::Asked),
            ["data", id] => id.parse().ok().map(Frames::Data),
            ["settings"] => Some(Frames::Settings),
            ["settings-ack"] => Some(Frames::SettingsAck),
            _ => None,
        }
    }
}

impl Awaited {
    fn parse(text: &str) -> Result<Awaited, String> {
        Ok(match text {
            "head" => Awaited::Head,
            "message" => Awaited::Message,
            "pieces" => Awaited::Pieces,
            "line" => Awaited::Line,
            "close" => Awaited::Close,
            "end" => Awaited::End,
            "nothing" => Awaited::Nothing,
            "proxy-v2" => Awaited::ProxyV2,
            other => match other.strip_suffix(" bytes") {
                Some(count) => Awaited::Bytes(number(count)? as usize),
                None => return Err(format!("cannot wait for {other:?}")),
            },
        })
    }
}

impl CliStep {
    fn parse(text: &str) -> Result<CliStep, String> {
        let mut parts = text.split(" | ");
        let mut step =
            CliStep { command: parts.next().unwrap_or("").to_string(), columns: Vec::new(), lines: None };
        for part in parts {
            match part.split_once(' ') {
                Some(("columns", names)) => {
                    step.columns = names.split_whitespace().map(str::to_string).collect();
                }
                Some(("lines", pattern)) => step.lines = Some(pattern.to_string()),
                _ => return Err(format!("unknown filter {part:?}")),
            }
        }
        Ok(step)
    }
}

fn actor_and<'a>(line: &'a str, separator: &str) -> Option<(String, &'a str)> {
    let (name, rest) = line.split_once(separator)?;
    (!name.contains(' ') && !name.is_empty()).then(|| (name.to_string(), rest))
}

fn order(rest: &str) -> Result<Step, String> {
    let (rest, header) = match rest.split_once(" with ") {
        Some((rest, header)) => (rest, Some(header.to_string())),
        None => (rest, None),
    };
    match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
        [target, count, path] => Ok(Step::Order {
            target: target.to_string(),
            count: number(count)?,
            path: path.to_string(),
            from: None,
            header,
        }),
        [target, count, path, "from", from] => Ok(Step::Order {
            target: target.to_string(),
            count: number(count)?,
            path: path.to_string(),
            from: Some(from.to_string()),
            header,
        }),
        _ => Err("order TARGET COUNT PATH [from ADDRESS] [with HEADER: VALUE]".into()),
    }
}

fn pump(from: &str, to: &str, size: &str, chunked: bool) -> Result<Step, String> {
    let (digits, unit) = match size.as_bytes().last() {
        Some(b'k') => (&size[..size.len() - 1], 1024),
        Some(b'm') => (&size[..size.len() - 1], 1024 * 1024),
        _ => (size, 1),
    };
    let bytes = u64::from(number(digits)?) * unit;
    Ok(Step::Pump { from: from.to_string(), to: to.to_string(), bytes, chunked })
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// Replaces `\r \n \t \0 \\ \s \xHH`; `\s` is a space, for the end of a line. `\*N*` repeats what follows N times.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let mut times = 1;
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.extend(std::iter::repeat_n(byte, std::mem::replace(&mut times, 1)));
            continue;
        }
        let byte = match bytes.next() {
            Some(b'*') => {
                let digits: Vec<u8> = bytes.by_ref().take_while(|byte| *byte != b'*').collect();
                times = number(&String::from_utf8_lossy(&digits))? as usize;
                continue;
            }
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b's') => b' ',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [bytes.next().unwrap_or(b'?'), bytes.next().unwrap_or(b'?')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).map_err(|_| format!("bad escape \\x{digits}"))?
            }
            other => return Err(format!("bad escape \\{:?}", other.map(char::from))),
        };
        out.extend(std::iter::repeat_n(byte, std::mem::replace(&mut times, 1)));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_add_their_line_end_unless_raw() {
        assert_eq!(
            Step::parse("c1 > GET / HTTP/1.1").unwrap(),
            Step::Send { name: "c1".into(), bytes: b"GET / HTTP/1.1\r\n".to_vec() }
        );
        assert_eq!(Step::parse("c1 >").unwrap(), Step::Send { name: "c1".into(), bytes: b"\r\n".to_vec() });
        assert_eq!(
            Step::parse("c1 >> a\\x00\\r > b").unwrap(),
            Step::Send { name: "c1".into(), bytes: b"a\0\r > b".to_vec() }
        );
    }

    #[test]
    fn bytes_are_repeated() {
        assert_eq!(unescape("a\\*3*b\\*2*\\0c").unwrap(), b"abbb\0\0c");
        assert!(unescape("\\*x*a").is_err());
    }

    #[test]
    fn order_takes_a_source_and_a_header() {
        let step = Step::parse("order fe 3 /a{i} from 127.0.0.{i} with Cookie: a={i}").unwrap();
        let Step::Order { count, path, from, header, .. } = step else { panic!("not an order") };
        assert_eq!((count, path.as_str()), (3, "/a{i}"));
        assert_eq!((from.as_deref(), header.as_deref()), (Some("127.0.0.{i}"), Some("Cookie: a={i}")));
    }

    #[test]
    fn wrong_steps_are_refused() {
        assert!(Step::parse("c1 < banana").is_err());
        assert!(Step::parse("c1 >> \\q").is_err());
        assert!(Step::parse("pump a b many").is_err());
        assert!(Step::parse("sessions few be=be").is_err());
    }
}
