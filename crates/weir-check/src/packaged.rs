//! The packaged checks: what each sends, and who reads its answer. The bytes are those that HAProxy sends.

use std::sync::Arc;

use crate::custom::{self, Custom, Judge};
use crate::expect::Expect;
use crate::ruleset::{Ruleset, Send, StepKind};
use crate::status::CheckStatus;

fn send(bytes: impl Into<Vec<u8>>) -> StepKind {
    StepKind::Send(Send::Bytes(Arc::from(bytes.into())))
}

fn expect(judge: Judge) -> StepKind {
    let custom = Custom { judge, empty: None, success: CheckStatus::L7Ok };
    StepKind::Expect(Box::new(Expect::custom(custom)))
}

/// The same where an empty answer is told in the general words.
fn expect_some(judge: Judge) -> StepKind {
    let custom = Custom { judge, empty: Some(CheckStatus::L7Response), success: CheckStatus::L7Ok };
    StepKind::Expect(Box::new(Expect::custom(custom)))
}

pub fn redis() -> Ruleset {
    Ruleset::plain([send("*1\r\n$4\r\nPING\r\n"), expect(custom::redis)])
}

/// `greeting`: `HELO example.org`.
pub fn smtp(greeting: &str) -> Ruleset {
    Ruleset::plain([
        expect(custom::smtp_banner),
        send(format!("{greeting}\r\n")),
        expect(custom::smtp_reply),
        send("QUIT\r\n"),
        expect(custom::smtp_reply),
    ])
}

/// An anonymous bind (RFC 4511).
pub fn ldap() -> Ruleset {
    Ruleset::plain([send(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), expect(custom::ldap)])
}

/// What a MySQL check says of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MysqlClient {
    Pre41,
    Post41,
    /// With an authentication plugin, for servers from 8.0 on.
    Post80,
}

/// Without a user nothing is sent.
pub fn mysql(user: Option<(&str, MysqlClient)>) -> Ruleset {
    let Some((user, client)) = user else {
        return Ruleset::lingering([expect_some(custom::mysql_greeting)]);
    };
    let login = mysql_login(user, client);
    let length = (login.len() as u32).to_le_bytes();
    let quit = [1, 0, 0, 0, 1];
    let packets = [&length[..3], &[1], &login, &quit].concat();
    Ruleset::lingering([
        send(packets),
        expect_some(custom::mysql_greeting),
        expect_some(custom::mysql_answer),
    ])
}

/// The body of a login without a password ("Protocol::HandshakeResponse").
fn mysql_login(user: &str, client: MysqlClient) -> Vec<u8> {
    const SECURE_CONNECTION: u32 = 0x8000;
    const PROTOCOL_41: u32 = 0x0200;
    const PLUGIN_AUTH: u32 = 0x0008_0000;
    const UTF8: u8 = 33;
    let user = user.as_bytes();
    match client {
        MysqlClient::Pre41 => {
            let capabilities = (SECURE_CONNECTION as u16).to_le_bytes();
            [&capabilities[..], &[0, 0, 1], user, &[0, 0]].concat()
        }
        MysqlClient::Post41 | MysqlClient::Post80 => {
            let plugin = client == MysqlClient::Post80;
            let capabilities = SECURE_CONNECTION | PROTOCOL_41 | if plugin { PLUGIN_AUTH } else { 0 };
            let name: &[u8] = if plugin { b"mysql_native_password\0" } else { b"" };
            let packet_size = [0, 0x80, 0, 1];
            [&capabilities.to_le_bytes()[..], &packet_size, &[UTF8], &[0; 23], user, &[0, 0], name].concat()
        }
    }
}

/// A StartupMessage of protocol 3.0.
pub fn pgsql(user: &str) -> Ruleset {
    let body = [b"\0\x03\0\0user\0", user.as_bytes(), b"\0\0"].concat();
    let length = (body.len() as u32 + 4).to_be_bytes();
    Ruleset::lingering([send([&length[..], &body].concat()), expect(custom::pgsql)])
}

/// An SSLv3 client hello.
pub fn tls_hello() -> Ruleset {
    let ciphers: Vec<u8> = (0x01..=0x1b).chain(0x2f..=0x3a).flat_map(|cipher| [0, cipher]).collect();
    let hello = [
        &b"\x03\x00\x6b\x09\x2e\xfcHAPROXYSSLCHK\nHAPROXYSSLCHK\n"[..],
        b"\0\0",
        &[ciphers.len() as u8],
        &ciphers,
        b"\x01\0",
    ]
    .concat();
    let handshake = [b"\x01\0\0", &[hello.len() as u8][..], &hello].concat();
    let record = [b"\x16\x03\0\0", &[handshake.len() as u8][..], &handshake].concat();
    let custom =
        Custom { judge: custom::tls_hello, empty: Some(CheckStatus::L6Response), success: CheckStatus::L6Ok };
    let mut expect = Expect::custom(custom);
    expect.timeout_status = CheckStatus::L6Timeout;
    // Behind the record's header, the message's and the version: the first four of the random bytes are the time.
    let hello = StepKind::Send(Send::Timed { bytes: Arc::from(record), at: 5 + 4 + 2 });
    Ruleset::plain([hello, StepKind::Expect(Box::new(expect))])
}

/// A HELLO frame with `healthcheck` set.
pub fn spop() -> Ruleset {
    let frame = [
        &b"\x01\0\0\0\x01\0\0"[..],
        b"\x12supported-versions\x08\x032.0",
        b"\x0emax-frame-size\x03\xfc\xf0\x06",
        b"\x0ccapabilities\x08\0",
        b"\x0bhealthcheck\x11",
    ]
    .concat();
    let length = (frame.len() as u32).to_be_bytes();
    Ruleset::plain([send([&length[..], &frame].concat()), expect_some(custom::spop)])
}

/// An agent is sent what `agent-send` says and answers with a line.
pub fn agent(text: &str) -> Ruleset {
    Ruleset::plain([send(text), expect_some(custom::agent)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(rules: &Ruleset) -> Vec<u8> {
        rules
            .steps
            .iter()
            .find_map(|step| match &step.kind {
                StepKind::Send(Send::Bytes(bytes) | Send::Timed { bytes, .. }) => Some(bytes.to_vec()),
                _ => None,
            })
            .expect("something is sent")
    }

    /// Taken from connections that HAProxy 2.8 made.
    #[test]
    fn bytes_on_the_wire() {
        let login = b"%\0\0\x01\0\x82\0\0\0\x80\0\x01!\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0hap\0\0\x01\0\0\0\x01";
        assert_eq!(sent(&mysql(Some(("hap", MysqlClient::Post41)))), login);
        let old = b"\n\0\0\x01\0\x80\0\0\x01hap\0\0\x01\0\0\0\x01";
        assert_eq!(sent(&mysql(Some(("hap", MysqlClient::Pre41)))), old);
        assert_eq!(sent(&pgsql("hap")), b"\0\0\0\x12\0\x03\0\0user\0hap\0\0");
        let spop_hello =
            b"\0\0\0N\x01\0\0\0\x01\0\0\x12supported-versions\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\
            \x0ccapabilities\x08\0\x0bhealthcheck\x11";
        assert_eq!(sent(&spop()), spop_hello);
        let hello = b"\x16\x03\0\0y\x01\0\0u\x03\0k\t.\xfcHAPROXYSSLCHK\nHAPROXYSSLCHK\n\0\0N\0\x01\0\x02";
        let sent_hello = sent(&tls_hello());
        assert_eq!(&sent_hello[..hello.len()], hello);
        assert_eq!(sent_hello.len(), 5 + 0x79);
        assert_eq!(&sent_hello[sent_hello.len() - 6..], b"\x009\0:\x01\0");
    }
}
