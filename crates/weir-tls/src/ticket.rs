//! Keys of session tickets that a file brings (`tls-ticket-keys`, 5.1) and the operator changes (`set ssl tls-key`).

use std::sync::Arc;

use arc_swap::ArcSwap;
use weir_sys::tls::{TicketKey, TicketRing};

/// Keys that are in use at once. The last but one seals: the last is already known where the next file will make it
/// the one that seals.
pub const KEYS: usize = 3;
const SEALING: usize = KEYS - 2;

/// Name, cipher key and HMAC key: for AES-128 and for AES-256.
const LENGTHS: [usize; 2] = [48, 80];

/// What is wrong with a file or a key; lines count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Base64(usize),
    Length(usize),
    TooFew,
}

/// The keys of one file, shared by all lines that name it.
#[derive(Debug)]
pub struct TicketKeys {
    pub file: Arc<str>,
    keys: ArcSwap<[Arc<[u8]>; KEYS]>,
}

/// Within one configuration a path always stands for the same file.
impl PartialEq for TicketKeys {
    fn eq(&self, other: &Self) -> bool {
        self.file == other.file
    }
}

impl TicketKeys {
    pub fn read(file: &str, text: &[u8]) -> Result<Self, Fault> {
        let text = String::from_utf8_lossy(text);
        let mut keys: Vec<Arc<[u8]>> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let key = openssl::base64::decode_block(line).map_err(|_| Fault::Base64(at + 1))?;
            let fits = match keys.first() {
                Some(first) => first.len() == key.len(),
                None => LENGTHS.contains(&key.len()),
            };
            if !fits || line.ends_with(char::is_whitespace) {
                return Err(if fits { Fault::Base64(at + 1) } else { Fault::Length(at + 1) });
            }
            keys.push(key.into());
        }
        let last = keys.len().checked_sub(KEYS).ok_or(Fault::TooFew)?;
        let keys: [Arc<[u8]>; KEYS] = keys.split_off(last).try_into().map_err(|_| Fault::TooFew)?;
        Ok(Self { file: file.into(), keys: ArcSwap::from_pointee(keys) })
    }

    /// The oldest first.
    pub fn in_use(&self) -> Arc<[Arc<[u8]>; KEYS]> {
        self.keys.load_full()
    }

    pub fn fits(&self, key: &[u8]) -> bool {
        self.keys.load()[0].len() == key.len()
    }

    /// The oldest key goes; the new one will seal after the next. False: it has another length than they.
    pub fn push(&self, key: &[u8]) -> bool {
        let keys = self.keys.load();
        let fits = self.fits(key);
        if fits {
            self.keys.store(Arc::new([keys[1].clone(), keys[2].clone(), key.into()]));
        }
        fits
    }
}

/// A key as the file has it: name, cipher key, HMAC key.
fn parts(key: &[u8]) -> TicketKey {
    let (name, rest) = key.split_at(16);
    let (cipher, mac) = rest.split_at(rest.len() / 2);
    let mut of_name = [0; 16];
    of_name.copy_from_slice(name);
    TicketKey { name: of_name, cipher: cipher.into(), mac: mac.into() }
}

/// The ring as OpenSSL asks it.
#[derive(Debug)]
pub(crate) struct Ring(pub Arc<TicketKeys>);

impl TicketRing for Ring {
    fn sealing(&self) -> TicketKey {
        parts(&self.0.keys.load()[SEALING])
    }

    fn opening(&self, name: &[u8; 16]) -> Option<(TicketKey, bool)> {
        let keys = self.0.keys.load();
        let at = keys.iter().position(|key| key.starts_with(name))?;
        Some((parts(&keys[at]), at != SEALING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8, length: usize) -> String {
        openssl::base64::encode_block(&vec![number; length])
    }

    fn read(lines: &[String]) -> Result<TicketKeys, Fault> {
        TicketKeys::read("keys", lines.join("\n").as_bytes())
    }

    // Each as HAProxy 2.8 was seen to take it.
    #[test]
    fn the_last_three_of_one_length() {
        let keys = read(&[line(1, 48), line(2, 48), line(3, 48), line(4, 48)]).unwrap();
        assert_eq!(keys.in_use().iter().map(|key| key[0]).collect::<Vec<_>>(), [2, 3, 4]);
        let ring = Ring(Arc::new(keys));
        assert_eq!(ring.sealing().name, [3; 16]);
        assert_eq!(ring.opening(&[3; 16]).map(|(_, renew)| renew), Some(false));
        assert_eq!(ring.opening(&[2; 16]).map(|(_, renew)| renew), Some(true));
        assert!(ring.opening(&[1; 16]).is_none());
        assert!(!ring.0.push(&[5; 80]));
        assert!(ring.0.push(&[5; 48]));
        assert_eq!(ring.sealing().name, [4; 16]);
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(read(&[]).unwrap_err(), Fault::TooFew);
        assert_eq!(read(&[line(1, 48), line(2, 48)]).unwrap_err(), Fault::TooFew);
        assert_eq!(read(&[line(1, 48), line(2, 48), line(3, 80)]).unwrap_err(), Fault::Length(3));
        assert_eq!(read(&[line(1, 48), String::new(), line(3, 48)]).unwrap_err(), Fault::Length(2));
        assert_eq!(read(&[line(1, 47), line(2, 47), line(3, 47)]).unwrap_err(), Fault::Length(1));
        assert_eq!(read(&[line(1, 48), line(2, 48), "xx".into()]).unwrap_err(), Fault::Base64(3));
        assert_eq!(read(&[line(1, 48), line(2, 48), line(3, 48) + "  "]).unwrap_err(), Fault::Base64(3));
    }
}
