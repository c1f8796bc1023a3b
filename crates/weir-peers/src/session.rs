//! One connection, once both sides have greeted each other.

use std::collections::HashMap;

use weir_shm::{Position, Reached, Row};

use crate::definition::{self, Definition};
use crate::dictionary::Dictionary;
use crate::member::{Link, Member, TableLink};
use crate::message::{Broken, Message, split};
use crate::number::{Malformed, Reader, put};
use crate::record::{self, Record};

/// A side that has nothing to say says so this often.
pub const HEARTBEAT_MS: u64 = 3000;
/// A side that says nothing for so long is gone.
pub const SILENCE_MS: u64 = 5000;
/// What is written ahead of the socket, more or less.
const AHEAD: usize = 64 * 1024;
/// Tables that a peer may define.
const DEFINITIONS: usize = 65_536;
/// A change that is being made for longer than this was left behind by a process that died.
const UNWRITTEN_MS: u64 = 1000;

/// What the section is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer told everything it knows: `full` if it thinks that this is everything.
    Told { full: bool },
}

/// Why the session ends. What is left of the output is still to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Protocol,
    TooLong,
    /// The peer says that this side made a mistake.
    Refused,
    Silence,
}

/// What the peer is told of a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// The peer's shard of `shards`; 0: all.
    pub shard: u32,
    pub shards: u32,
    /// An old process tells a new one of the same name everything and then nothing more.
    pub teaches_only: bool,
}

/// A table of the other side.
struct Remote {
    definition: Definition,
    member: Option<usize>,
}

/// A walk over a table, for what the ring of changes does not tell.
struct Walk {
    position: Position,
    /// Entries changed behind this one are told; all, if it is none.
    from: Option<u32>,
    /// Where the ring of changes goes on afterwards.
    until: u32,
}

/// Everything is being told.
struct Teaching {
    member: usize,
    walk: Option<Walk>,
}

pub struct Session {
    input: Vec<u8>,
    output: Vec<u8>,
    longest: usize,
    received_ms: u64,
    sent_ms: u64,
    remotes: HashMap<u64, Remote>,
    /// The table that the peer's entries are of.
    current: Option<u64>,
    /// The table that the entries sent are of, and the change that was sent last.
    announced: Option<(usize, Option<u32>)>,
    told: Dictionary,
    heard: Dictionary,
    teaching: Option<Teaching>,
    /// The end of teaching was not confirmed yet: nothing else is told before.
    unconfirmed: bool,
    walks: Vec<Option<Walk>>,
    /// Since when the next change of a table is being made.
    unwritten: Vec<Option<u64>>,
    events: Vec<Event>,
}

impl Session {
    /// `longest`: bytes of a message at most.
    pub fn new(link: &mut Link, longest: usize, now_ms: u64) -> Self {
        // What was sent and not acknowledged is sent again.
        for table in &mut link.tables {
            (table.pushed, table.got_acked) = (table.acked, table.got);
            (table.remote_id, table.remote_data) = (0, 0);
        }
        Self {
            input: Vec::new(),
            output: Vec::new(),
            longest,
            received_ms: now_ms,
            sent_ms: now_ms,
            remotes: HashMap::new(),
            current: None,
            announced: None,
            told: Dictionary::default(),
            heard: Dictionary::default(),
            teaching: None,
            unconfirmed: false,
            walks: link.tables.iter().map(|_| None).collect(),
            unwritten: vec![None; link.tables.len()],
            events: Vec::new(),
        }
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// What is to be sent, in order.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    pub fn dictionaries(&self) -> (&Dictionary, &Dictionary) {
        (&self.told, &self.heard)
    }

    /// The table that the peer's entries are of, and that of those sent.
    pub fn tables(&self) -> (Option<usize>, Option<usize>) {
        let remote = self.current.and_then(|id| self.remotes.get(&id)).and_then(|remote| remote.member);
        (remote, self.announced.map(|(member, _)| member))
    }

    /// When a heartbeat is due.
    pub fn heartbeat_ms(&self) -> u64 {
        self.sent_ms + HEARTBEAT_MS
    }

    pub fn is_teaching(&self) -> bool {
        self.teaching.is_some() || self.unconfirmed
    }

    /// Other tables from now on; `link` has followed them.
    pub fn follow(&mut self, members: &[Member], link: &mut Link) {
        for remote in self.remotes.values_mut() {
            remote.member = find(members, &remote.definition);
            if let Some(member) = remote.member {
                link.tables[member].remote_id = remote.definition.id;
                link.tables[member].remote_data = remote.definition.bits;
            }
        }
        self.announced = None;
        self.walks = members.iter().map(|_| None).collect();
        self.unwritten = vec![None; members.len()];
        if self.teaching.is_some() {
            self.teach();
        }
    }

    /// Asks for everything that the peer knows.
    pub fn ask(&mut self) {
        Message::ResyncRequest.put(&mut self.output);
    }

    /// Tells everything from the beginning.
    pub fn teach(&mut self) {
        self.teaching = Some(Teaching { member: 0, walk: None });
        self.unconfirmed = false;
    }

    /// Takes what the peer sent.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        members: &[Member],
        link: &mut Link,
        now_ms: u64,
    ) -> Result<(), Fault> {
        self.received_ms = now_ms;
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(bytes);
        let mut at = 0;
        let outcome = loop {
            match split(&input[at..], self.longest) {
                Ok(None) => break Ok(()),
                Ok(Some((message, length))) => {
                    at += length;
                    if let Err(fault) = self.take(message, members, link, now_ms) {
                        break Err(fault);
                    }
                }
                Err(Broken::Protocol) => break Err(Fault::Protocol),
                Err(Broken::TooLong) => break Err(Fault::TooLong),
            }
        };
        input.drain(..at);
        self.input = input;
        self.acknowledge(link);
        match outcome {
            Err(Fault::Protocol) => Message::ProtocolError.put(&mut self.output),
            Err(Fault::TooLong) => Message::SizeLimit.put(&mut self.output),
            _ => return outcome,
        }
        link.protocol_errors += 1;
        outcome
    }

    fn take(
        &mut self,
        message: Message<'_>,
        members: &[Member],
        link: &mut Link,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let taken = match message {
            Message::ResyncRequest => {
                self.teach();
                Ok(())
            }
            Message::ResyncFinished | Message::ResyncPartial => {
                Message::ResyncConfirm.put(&mut self.output);
                self.events.push(Event::Told { full: message == Message::ResyncFinished });
                Ok(())
            }
            Message::ResyncConfirm => {
                if std::mem::take(&mut self.unconfirmed) {
                    link.tables.iter_mut().for_each(|table| table.acked = table.taught_from);
                }
                Ok(())
            }
            Message::Heartbeat => {
                link.heartbeats = link.heartbeats.wrapping_add(1);
                Ok(())
            }
            Message::ProtocolError | Message::SizeLimit => return Err(Fault::Refused),
            Message::Definition(bytes) => self.define(bytes, members, link),
            Message::Switch(bytes) => {
                let id = Reader::new(bytes).number();
                id.map(|id| self.current = Some(id).filter(|id| self.remotes.contains_key(id)))
            }
            Message::Ack(bytes) => acknowledged(bytes, members, link),
            Message::Update { incremental, timed, bytes } => {
                self.learn(incremental, timed, bytes, members, link, now_ms)
            }
            Message::Unknown => Ok(()),
        };
        taken.map_err(|Malformed| Fault::Protocol)
    }

    fn define(&mut self, bytes: &[u8], members: &[Member], link: &mut Link) -> Result<(), Malformed> {
        let definition = Definition::read(bytes)?;
        let id = definition.id;
        if self.remotes.len() >= DEFINITIONS && !self.remotes.contains_key(&id) {
            return Err(Malformed);
        }
        let member = find(members, &definition);
        if let Some(member) = member {
            let link = &mut link.tables[member];
            (link.remote_id, link.remote_data) = (id, definition.bits);
        }
        self.remotes.insert(id, Remote { definition, member });
        self.current = Some(id);
        Ok(())
    }

    fn learn(
        &mut self,
        incremental: bool,
        timed: bool,
        bytes: &[u8],
        members: &[Member],
        link: &mut Link,
        now_ms: u64,
    ) -> Result<(), Malformed> {
        // What no table was named for is passed over.
        let Some(remote) = self.current.and_then(|id| self.remotes.get(&id)) else { return Ok(()) };
        let mut reader = Reader::new(bytes);
        let update = if incremental { None } else { Some(reader.word()?) };
        let left = if timed { Some(reader.word()?) } else { None };
        let record = Record::read(reader.rest(), &remote.definition, &mut self.heard);
        // Of a table that there is not here only the names are of interest: others may speak of them.
        let Some(index) = remote.member else { return Ok(()) };
        let (record, member, link) = (record?, &members[index], &mut link.tables[index]);
        link.got = update.unwrap_or(link.got.wrapping_add(1));
        let Some(key) = record.key(member.table.spec()) else { return Ok(()) };
        // No time left is no time told: the sender's table knows none.
        let left = left.filter(|left| *left > 0);
        // A table that is full and gives nothing up learns nothing.
        let _ = member.table.learn(&key, left, now_ms, |row| record.apply(row, member.recv_only, now_ms));
        if let Some(table) = member.write_to {
            let _ = table.learn(&key, None, now_ms, |row| record.apply_uncounted(row, now_ms));
        }
        Ok(())
    }

    fn acknowledge(&mut self, link: &mut Link) {
        for table in
            link.tables.iter_mut().filter(|table| table.got != table.got_acked && table.remote_data != 0)
        {
            let mut bytes = Vec::with_capacity(9);
            put(table.remote_id, &mut bytes);
            bytes.extend_from_slice(&table.got.to_be_bytes());
            Message::Ack(&bytes).put(&mut self.output);
            table.got_acked = table.got;
        }
    }

    /// Time goes by. The next time at which this is to be called.
    pub fn wait(&mut self, link: &mut Link, now_ms: u64) -> Result<u64, Fault> {
        if now_ms >= self.received_ms + SILENCE_MS {
            link.missed_heartbeats += 1;
            return Err(Fault::Silence);
        }
        if now_ms >= self.sent_ms + HEARTBEAT_MS {
            Message::Heartbeat.put(&mut self.output);
            link.sent_heartbeats = link.sent_heartbeats.wrapping_add(1);
            self.sent_ms = now_ms;
        }
        Ok((self.sent_ms + HEARTBEAT_MS).min(self.received_ms + SILENCE_MS))
    }

    /// Something was sent.
    pub fn sent(&mut self, now_ms: u64) {
        self.sent_ms = now_ms;
    }

    /// Writes what the peer does not know yet: `most` entries of a table at most, and no more than the socket is likely
    /// to take. `known`: this side thinks that it knows everything. True: there is more.
    pub fn fill(
        &mut self,
        members: &[Member],
        link: &mut Link,
        audience: Audience,
        known: bool,
        most: u32,
        now_ms: u64,
    ) -> bool {
        if self.output.len() >= AHEAD {
            return true;
        }
        if self.teaching.is_some() {
            return self.go_on_teaching(members, link, audience, known, now_ms);
        }
        if self.unconfirmed || audience.teaches_only {
            return false;
        }
        let mut more = false;
        for (index, (member, link)) in members.iter().zip(&mut link.tables).enumerate() {
            more |= self.push(index, member, link, audience, most, now_ms);
        }
        more
    }

    fn go_on_teaching(
        &mut self,
        members: &[Member],
        link: &mut Link,
        audience: Audience,
        known: bool,
        now_ms: u64,
    ) -> bool {
        let Some(mut teaching) = self.teaching.take() else { return false };
        while let Some(member) = members.get(teaching.member) {
            if self.output.len() >= AHEAD {
                self.teaching = Some(teaching);
                return true;
            }
            let walk = match teaching.walk.take() {
                Some(walk) => walk,
                None => {
                    announce(&mut self.output, &mut self.announced, teaching.member, member);
                    link.tables[teaching.member].taught_from = member.table.updates();
                    let until = member.table.updates();
                    Walk { position: Position::default(), from: None, until }
                }
            };
            let until = walk.until;
            teaching.walk = self.step(walk, teaching.member, member, audience, now_ms);
            if teaching.walk.is_none() {
                let table = &mut link.tables[teaching.member];
                (table.pushed, table.taught_from, table.whole) = (until, until, false);
                teaching.member += 1;
            }
        }
        let end = if known { Message::ResyncFinished } else { Message::ResyncPartial };
        end.put(&mut self.output);
        self.unconfirmed = true;
        self.walks.iter_mut().for_each(|walk| *walk = None);
        false
    }

    /// Tells what changed in one table.
    fn push(
        &mut self,
        index: usize,
        member: &Member,
        link: &mut TableLink,
        audience: Audience,
        most: u32,
        now_ms: u64,
    ) -> bool {
        if link.whole {
            link.whole = false;
            let until = member.table.updates();
            self.walks[index] = Some(Walk { position: Position::default(), from: None, until });
        }
        if let Some(walk) = self.walks[index].take() {
            let until = walk.until;
            self.walks[index] = self.step(walk, index, member, audience, now_ms);
            if self.walks[index].is_none() {
                link.pushed = until;
            }
            return true;
        }
        if link.pushed == member.table.updates() {
            return false;
        }
        let mut pen = Pen {
            output: &mut self.output,
            announced: &mut self.announced,
            told: &mut self.told,
            audience,
            now_ms,
        };
        let reached = member.table.changes(link.pushed, now_ms, most, |row, update| {
            pen.write(row, index, member, update, false);
        });
        let lost = match reached {
            Reached::All(update) => {
                link.pushed = update;
                self.unwritten[index] = None;
                return false;
            }
            Reached::More(update) => {
                link.pushed = update;
                self.unwritten[index] = None;
                return true;
            }
            Reached::Unwritten(update) if update != link.pushed => {
                link.pushed = update;
                self.unwritten[index] = Some(now_ms);
                return false;
            }
            Reached::Unwritten(_) => {
                let since = *self.unwritten[index].get_or_insert(now_ms);
                now_ms.saturating_sub(since) >= UNWRITTEN_MS
            }
            Reached::Lost => true,
        };
        if lost {
            self.unwritten[index] = None;
            let until = member.table.updates();
            let from = Some(link.pushed);
            self.walks[index] = Some(Walk { position: Position::default(), from, until });
        }
        lost
    }

    /// Some entries of a walk; what is left of it.
    fn step(
        &mut self,
        walk: Walk,
        index: usize,
        member: &Member,
        audience: Audience,
        now_ms: u64,
    ) -> Option<Walk> {
        let mut pen = Pen {
            output: &mut self.output,
            announced: &mut self.announced,
            told: &mut self.told,
            audience,
            now_ms,
        };
        let timed = member.table.expire_ms() > 0;
        let write = |row: &Row| pen.write(row, index, member, walk.until, timed);
        let position = match walk.from {
            Some(from) => member.table.visit_changed(walk.position, from, now_ms, write),
            None => member.table.visit(walk.position, now_ms, write),
        };
        position.map(|position| Walk { position, ..walk })
    }
}

/// Writes entries.
struct Pen<'a> {
    output: &'a mut Vec<u8>,
    announced: &'a mut Option<(usize, Option<u32>)>,
    told: &'a mut Dictionary,
    audience: Audience,
    now_ms: u64,
}

impl Pen<'_> {
    fn write(&mut self, row: &Row, index: usize, member: &Member, update: u32, timed: bool) {
        let Audience { shard, shards, .. } = self.audience;
        // HAProxy counts the table's own name in, not that on the wire.
        if shard > 0 && shards > 0 && record::shard(&member.name, &row.key(), shards) != shard {
            return;
        }
        if self.announced.is_none_or(|(announced, _)| announced != index) {
            announce(self.output, self.announced, index, member);
        }
        let before = self.announced.and_then(|(_, before)| before);
        let incremental = before.is_some_and(|before| before.wrapping_add(1) == update);
        let mut bytes = Vec::with_capacity(64);
        if !incremental {
            bytes.extend_from_slice(&update.to_be_bytes());
        }
        if timed {
            let left = u32::try_from(row.expires_in_ms(self.now_ms)).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&left.to_be_bytes());
        }
        record::write(row, self.now_ms, self.told, &mut bytes);
        Message::Update { incremental, timed, bytes: &bytes }.put(self.output);
        *self.announced = Some((index, Some(update)));
    }
}

/// Says which table the entries that follow are of.
fn announce(
    output: &mut Vec<u8>,
    announced: &mut Option<(usize, Option<u32>)>,
    index: usize,
    member: &Member,
) {
    let mut bytes = Vec::with_capacity(64);
    let expire = member.table.expire_ms();
    definition::write(member.table.spec(), member.id, &member.wire_name, expire, &mut bytes);
    Message::Definition(&bytes).put(output);
    *announced = Some((index, None));
}

fn find(members: &[Member], definition: &Definition) -> Option<usize> {
    members.iter().position(|member| {
        member.wire_name.as_bytes() == &*definition.name && definition.fits(member.table.spec())
    })
}

/// The peer has the changes of one of this side's tables up to one that it was sent.
fn acknowledged(bytes: &[u8], members: &[Member], link: &mut Link) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    let (id, update) = (reader.number()?, reader.word()?);
    if let Some(index) = members.iter().position(|member| u64::from(member.id) == id) {
        let table = &mut link.tables[index];
        let sent = table.pushed.wrapping_sub(update) as i32 >= 0;
        if sent && update.wrapping_sub(table.acked) as i32 > 0 {
            table.acked = update;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
