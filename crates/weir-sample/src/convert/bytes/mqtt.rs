//! The first packet of each side of an MQTT connection (3.1, 3.1.1, 5.0): CONNECT and CONNACK. Whatever else the
//! protocol knows has no fields here.

/// What a packet's first half byte says.
const CONNECT: u8 = 1;
const CONNACK: u8 = 2;

/// Names of packet types in the order of their numbers, from 1.
const TYPES: [&str; 15] = [
    "connect",
    "connack",
    "publish",
    "puback",
    "pubrec",
    "pubrel",
    "pubcomp",
    "subscribe",
    "suback",
    "unsubscribe",
    "unsuback",
    "pingreq",
    "pingresp",
    "disconnect",
    "auth",
];

/// What can be asked for: a property of version 5 by its number, or a field by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Property(u8),
    Named(&'static str),
}

const CONNECT_NAMES: [&str; 9] = [
    "flags",
    "protocol_name",
    "protocol_version",
    "client_identifier",
    "will_topic",
    "will_payload",
    "username",
    "password",
    "keepalive",
];
const CONNACK_NAMES: [&str; 3] = ["flags", "protocol_version", "reason_code"];

/// How a property is written (MQTT 5.0, section 2.2.2.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// 0 or 1.
    Switch,
    Two,
    Four,
    /// As `Two` and `Four`, and 0 is a fault.
    TwoFromOne,
    FourFromOne,
    /// A text or a block of bytes.
    Text,
    /// A text that must not be empty.
    Name,
    /// A name and a value; may stand there more than once and cannot be asked for.
    Pair,
}

type Properties = &'static [(u8, Form)];

const OF_CONNECT: Properties = &[
    (17, Form::Four),
    (33, Form::TwoFromOne),
    (39, Form::FourFromOne),
    (34, Form::Two),
    (25, Form::Switch),
    (23, Form::Switch),
    (21, Form::Text),
    (22, Form::Text),
    (38, Form::Pair),
];
const OF_WILL: Properties = &[
    (24, Form::Four),
    (1, Form::Switch),
    (2, Form::Four),
    (3, Form::Text),
    (8, Form::Text),
    (9, Form::Text),
    (38, Form::Pair),
];
const OF_CONNACK: Properties = &[
    (17, Form::Four),
    (33, Form::TwoFromOne),
    (36, Form::Switch),
    (37, Form::Switch),
    (39, Form::FourFromOne),
    (18, Form::Name),
    (34, Form::Two),
    (31, Form::Text),
    (40, Form::Switch),
    (41, Form::Switch),
    (42, Form::Switch),
    (19, Form::Two),
    (26, Form::Text),
    (28, Form::Text),
    (21, Form::Text),
    (22, Form::Text),
    (38, Form::Pair),
];

/// The number of a packet type given by name or number.
pub(super) fn packet_type(word: &str) -> Option<u8> {
    let number = match TYPES.iter().position(|name| name.eq_ignore_ascii_case(word)) {
        Some(place) => place as u64 + 1,
        None => word.parse().ok()?,
    };
    (1..=15).contains(&number).then_some(number as u8)
}

/// Whether packets of a type have a field of that name.
pub(super) fn has_field(packet: u8, word: &str) -> bool {
    field(packet, word).is_some()
}

fn field(packet: u8, word: &str) -> Option<Field> {
    let (names, properties): (&[&'static str], &[Properties]) = match packet {
        CONNECT => (&CONNECT_NAMES, &[OF_CONNECT, OF_WILL]),
        CONNACK => (&CONNACK_NAMES, &[OF_CONNACK]),
        _ => return None,
    };
    if let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(word)) {
        return Some(Field::Named(name));
    }
    let known = |number: &u8| properties.iter().any(|list| list.iter().any(|(known, _)| known == number));
    word.parse().ok().filter(|number: &u8| number.to_string() == word && known(number)).map(Field::Property)
}

/// Why nothing can be said of a packet's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// More is to come, or HAProxy cannot tell.
    Unknown,
    Invalid,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Held<'a> {
    Number(u32),
    /// Empty ones are as good as missing.
    Bytes(&'a [u8]),
}

/// What a packet says, or its first fault.
struct Packet<'a> {
    kind: u8,
    fields: Vec<(Field, Held<'a>)>,
}

/// Nothing while the packet is not complete.
pub(super) fn is_valid(message: &[u8]) -> Option<bool> {
    match Packet::read(message) {
        Ok(_) => Some(true),
        Err(Fault::Invalid) => Some(false),
        Err(Fault::Unknown) => None,
    }
}

/// A field of a valid packet of this type, numbers in decimal.
pub(super) fn value(message: &[u8], packet: u8, word: &str) -> Option<Vec<u8>> {
    let wanted = field(packet, word)?;
    let read = Packet::read(message).ok().filter(|read| read.kind == packet)?;
    match read.fields.iter().find(|(field, _)| *field == wanted)?.1 {
        Held::Number(number) => Some(number.to_string().into_bytes()),
        Held::Bytes(bytes) => (!bytes.is_empty()).then(|| bytes.to_vec()),
    }
}

/// Bytes not read yet. What is missing inside a packet is a fault of the packet.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Fault::Invalid)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u32, Fault> {
        Ok(self.take(width)?.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.number(1)? as u8)
    }

    fn text(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.number(2)?;
        self.take(length as usize)
    }

    /// Seven bits a byte, the lowest first, at most four bytes.
    fn variable(&mut self) -> Result<usize, Fault> {
        let mut value = 0;
        for place in 0..4 {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Invalid)
    }
}

impl<'a> Packet<'a> {
    fn read(message: &'a [u8]) -> Result<Packet<'a>, Fault> {
        // A fixed header of two bytes; its length may take three more.
        if message.len() < 2 {
            return Err(Fault::Unknown);
        }
        let mut rest = Rest(message);
        let first = rest.byte()?;
        let kind = first >> 4;
        let has_right_flags = match kind {
            0 => false,
            3 => true,
            6 | 8 | 10 => first & 15 == 2,
            _ => first & 15 == 0,
        };
        if !has_right_flags {
            return Err(Fault::Invalid);
        }
        let length = match rest.variable() {
            Err(_) if message.len() < 5 => return Err(Fault::Unknown),
            length => length?,
        };
        let body = rest.0.get(..length).ok_or(Fault::Unknown)?;
        let mut packet = Packet { kind, fields: Vec::new() };
        let mut rest = Rest(body);
        match kind {
            CONNECT => packet.connect(&mut rest)?,
            CONNACK => packet.connack(&mut rest)?,
            _ => return Err(Fault::Invalid),
        }
        if rest.0.is_empty() { Ok(packet) } else { Err(Fault::Invalid) }
    }

    fn number(&mut self, name: &'static str, value: u32) {
        self.fields.push((Field::Named(name), Held::Number(value)));
    }

    fn bytes(&mut self, name: &'static str, value: &'a [u8]) {
        self.fields.push((Field::Named(name), Held::Bytes(value)));
    }

    fn connect(&mut self, rest: &mut Rest<'a>) -> Result<(), Fault> {
        let protocol = rest.text()?;
        if !(protocol.eq_ignore_ascii_case(b"MQTT") || protocol.eq_ignore_ascii_case(b"MQIsdp")) {
            return Err(Fault::Invalid);
        }
        self.bytes("protocol_name", protocol);
        let version = rest.byte()?;
        let flags = rest.byte()?;
        if !(3..=5).contains(&version) || flags & 1 != 0 {
            return Err(Fault::Invalid);
        }
        self.number("protocol_version", version.into());
        self.number("flags", flags.into());
        let keepalive = rest.number(2)?;
        self.number("keepalive", keepalive);
        if version == 5 {
            self.properties(rest, OF_CONNECT)?;
            // Data for an authentication need its method.
            let given = |number| {
                self.fields.iter().any(|(field, held)| {
                    *field == Field::Property(number)
                        && matches!(held, Held::Bytes(bytes) if !bytes.is_empty())
                })
            };
            if given(22) && !given(21) {
                return Err(Fault::Invalid);
            }
        }
        self.bytes("client_identifier", rest.text()?);
        if flags & 4 != 0 {
            if version == 5 {
                self.properties(rest, OF_WILL)?;
            }
            self.bytes("will_topic", rest.text()?);
            self.bytes("will_payload", rest.text()?);
        }
        if flags & 0x80 != 0 {
            self.bytes("username", rest.text()?);
        }
        if flags & 0x40 != 0 {
            self.bytes("password", rest.text()?);
        }
        Ok(())
    }

    fn connack(&mut self, rest: &mut Rest<'a>) -> Result<(), Fault> {
        let flags = rest.byte()?;
        if flags & !1 != 0 {
            return Err(Fault::Invalid);
        }
        self.number("flags", flags.into());
        let reason = rest.byte()?;
        self.number("reason_code", reason.into());
        // Only version 5 has anything behind the reason.
        let version = if rest.0.is_empty() { 4 } else { 5 };
        self.number("protocol_version", version);
        if version == 5 {
            self.properties(rest, OF_CONNACK)?;
        }
        Ok(())
    }

    /// Properties that are not there count as 0, as far as they are numbers.
    fn properties(&mut self, rest: &mut Rest<'a>, known: Properties) -> Result<(), Fault> {
        let length = rest.variable()?;
        let mut rest = Rest(rest.take(length)?);
        let start = self.fields.len();
        while !rest.0.is_empty() {
            let number = rest.byte()?;
            let Some((_, form)) = known.iter().find(|(one, _)| *one == number) else {
                // HAProxy's answer to a property that no CONNACK may have.
                return Err(if self.kind == CONNACK { Fault::Unknown } else { Fault::Invalid });
            };
            let field = Field::Property(number);
            let held = match form {
                Form::Switch => Held::Number(rest.number(1)?),
                Form::Two | Form::TwoFromOne => Held::Number(rest.number(2)?),
                Form::Four | Form::FourFromOne => Held::Number(rest.number(4)?),
                Form::Text | Form::Name => Held::Bytes(rest.text()?),
                Form::Pair => {
                    rest.text()?;
                    rest.text()?;
                    continue;
                }
            };
            let wrong = match (form, held) {
                (Form::Switch, Held::Number(value)) => value > 1,
                (Form::TwoFromOne | Form::FourFromOne, Held::Number(value)) => value == 0,
                (Form::Name, Held::Bytes(bytes)) => bytes.is_empty(),
                _ => false,
            };
            if wrong || self.fields[start..].iter().any(|(other, _)| *other == field) {
                return Err(Fault::Invalid);
            }
            self.fields.push((field, held));
        }
        for (number, form) in known {
            let field = Field::Property(*number);
            let is_number = !matches!(form, Form::Text | Form::Name | Form::Pair);
            if is_number && !self.fields.iter().any(|(other, _)| *other == field) {
                self.fields.push((field, Held::Number(0)));
            }
        }
        Ok(())
    }
}
