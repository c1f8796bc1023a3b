//! Pattern edits as bytes, and back.

use super::edit::{Operation, PatternEdit, Target};

impl PatternEdit {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.number(self.reference);
        match &self.operation {
            Operation::Add { version, pairs } => {
                out.tag(0).optional(*version).number(pairs.len() as u32);
                for (key, value) in pairs {
                    out.bytes(key).bytes(value);
                }
            }
            Operation::Restore { version, name, key, value } => {
                out.tag(1).number(*version).number(*name).bytes(key).bytes(value);
            }
            Operation::Put { name, key, value } => drop(out.tag(2).optional(*name).bytes(key).bytes(value)),
            Operation::AddOnce { name, key } => drop(out.tag(3).optional(*name).bytes(key)),
            Operation::Set { target, value } => drop(out.tag(4).target(target).bytes(value)),
            Operation::Delete { target } => drop(out.tag(5).target(target)),
            Operation::Clear { version } => drop(out.tag(6).optional(*version)),
            Operation::Prepare { version } => drop(out.tag(7).number(*version)),
            Operation::Commit { version } => drop(out.tag(8).number(*version)),
            Operation::Resume { current, next, added, keep } => {
                out.tag(9).number(*current).number(*next).number(*added).tag(u8::from(*keep));
            }
        }
        out.0
    }

    /// `None`: bytes that [`PatternEdit::encode`] did not make.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let from = &mut Reader(bytes);
        let reference = from.number()?;
        let operation = match from.tag()? {
            0 => Operation::Add {
                version: from.optional()?,
                pairs: (0..from.number()?)
                    .map(|_| Some((from.bytes()?, from.bytes()?)))
                    .collect::<Option<_>>()?,
            },
            1 => Operation::Restore {
                version: from.number()?,
                name: from.number()?,
                key: from.bytes()?,
                value: from.bytes()?,
            },
            2 => Operation::Put { name: from.optional()?, key: from.bytes()?, value: from.bytes()? },
            3 => Operation::AddOnce { name: from.optional()?, key: from.bytes()? },
            4 => Operation::Set { target: from.target()?, value: from.bytes()? },
            5 => Operation::Delete { target: from.target()? },
            6 => Operation::Clear { version: from.optional()? },
            7 => Operation::Prepare { version: from.number()? },
            8 => Operation::Commit { version: from.number()? },
            9 => Operation::Resume {
                current: from.number()?,
                next: from.number()?,
                added: from.number()?,
                keep: from.tag()? != 0,
            },
            _ => return None,
        };
        from.0.is_empty().then_some(Self { reference, operation })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.0.push(tag);
        self
    }

    fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_ne_bytes());
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
        self
    }

    fn optional(&mut self, version: Option<u32>) -> &mut Self {
        self.tag(u8::from(version.is_some())).number(version.unwrap_or(0))
    }

    fn target(&mut self, target: &Target) -> &mut Self {
        match target {
            Target::Key(key) => self.tag(0).bytes(key),
            Target::Name(name) => self.tag(1).number(*name),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn tag(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_ne_bytes(self.take(4)?.try_into().ok()?))
    }

    fn bytes(&mut self) -> Option<Box<[u8]>> {
        let length = self.number()?;
        Some(self.take(length as usize)?.into())
    }

    fn optional(&mut self) -> Option<Option<u32>> {
        let there = self.tag()? != 0;
        let version = self.number()?;
        Some(there.then_some(version))
    }

    fn target(&mut self) -> Option<Target> {
        match self.tag()? {
            0 => Some(Target::Key(self.bytes()?)),
            1 => Some(Target::Name(self.number()?)),
            _ => None,
        }
    }
}
