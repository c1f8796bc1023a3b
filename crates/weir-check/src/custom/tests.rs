//! Answers of servers and what HAProxy 2.8 reported for them (`check_status`, `check_code`, `last_chk`).

use super::*;
use CheckStatus::*;

fn ends(judge: Judge, bytes: &[u8]) -> (CheckStatus, u16, String) {
    match judge(bytes, true) {
        More => panic!("nothing more can come"),
        Judgement::Right { code, info } => (L7Ok, code, info),
        Judgement::Wrong { status, code, info } => (status, code, info),
    }
}

fn report(status: CheckStatus, code: u16, info: &str) -> (CheckStatus, u16, String) {
    (status, code, info.to_owned())
}

#[test]
fn redis_answers() {
    assert_eq!(ends(redis, b"+PONG\r\n"), report(L7Ok, 0, "Redis server is ok"));
    assert_eq!(ends(redis, b"-ERR auth\r\n"), report(L7Status, 0, "-ERR auth"));
    assert_eq!(ends(redis, b"+PO"), report(L7Status, 0, "+PO"));
    assert_eq!(ends(redis, b""), report(L7Status, 0, ""));
    assert_eq!(redis(b"-E", false), More);
}

#[test]
fn smtp_answers() {
    assert_eq!(ends(smtp_banner, b"554 no\r\n"), report(L7Status, 554, "no"));
    assert_eq!(ends(smtp_banner, b"garbage\r\n"), report(L7Response, 0, "garbage"));
    assert_eq!(ends(smtp_banner, b"220-hi\r\n220 ok\r\n"), report(L7Response, 0, "220-hi"));
    assert_eq!(ends(smtp_banner, b""), report(L7Response, 0, ""));
    assert_eq!(ends(smtp_reply, b"250-mail\r\n250 OK\r\n"), report(L7Ok, 250, "OK"));
    assert_eq!(smtp_reply(b"250-OK\r\n", false), More);
    assert_eq!(ends(smtp_reply, b"500 what?\r\n"), report(L7Status, 500, "what?"));
    assert_eq!(ends(smtp_reply, b"hello what\r\n"), report(L7Status, 0, "o what"));
    assert_eq!(ends(smtp_reply, b"221 bye\r\n"), report(L7Ok, 221, "bye"));
    assert_eq!(ends(smtp_reply, b""), report(L7Status, 0, ""));
}

#[test]
fn ldap_answers() {
    const RFC: &str = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";
    let bind = |code: u8, id: u8, operation: u8| {
        [0x30, 0x0c, 0x02, 0x01, id, operation, 0x07, 0x0a, 0x01, code, 0x04, 0, 0x04, 0]
    };
    assert_eq!(ends(ldap, &bind(0, 1, 0x61)), report(L7Ok, 0, ""));
    assert_eq!(ends(ldap, &bind(0x31, 1, 0x61)), report(L7Status, 49, RFC));
    assert_eq!(ends(ldap, &bind(0, 2, 0x61)), report(L7Response, 0, "Not LDAPv3 protocol"));
    assert_eq!(ends(ldap, &bind(0, 1, 0x62)), report(L7Response, 0, "Not LDAPv3 protocol"));
    assert_eq!(ends(ldap, b"hello world, no ldap"), report(L7Response, 0, "Not LDAPv3 protocol"));
    assert_eq!(ends(ldap, &[0x30, 0x0c, 0x02, 0x01]), report(L7Response, 0, ""));
    assert_eq!(ends(ldap, b""), report(L7Response, 0, "Not LDAPv3 protocol"));
    assert_eq!(ldap(&bind(0, 1, 0x61)[..13], false), More);
    let long = [&[0x30, 0x84, 0, 0, 0][..], &bind(0, 1, 0x61)[1..]].concat();
    assert_eq!(ends(ldap, &long), report(L7Ok, 0, ""));
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    [&[payload.len() as u8, 0, 0, sequence], payload].concat()
}

#[test]
fn mysql_answers() {
    let greeting = packet(0, b"\x0a8.0.30\0abc");
    assert_eq!(ends(mysql_greeting, &greeting), report(L7Ok, 0, ""));
    assert_eq!(
        ends(mysql_greeting, &packet(0, b"\xff\x69\x04Host blocked")),
        report(L7Status, 1129, "Host blocked")
    );
    assert_eq!(ends(mysql_greeting, &greeting[..10]), report(L7Response, 0, ""));
    assert_eq!(ends(mysql_greeting, b"hello this is not mysql, sorry"), report(L7Response, 0, ""));
    let answered = |answer: &[u8]| [&greeting[..], answer].concat();
    assert_eq!(ends(mysql_answer, &answered(&packet(2, b"\0\0\0\x02\0\0\0"))), report(L7Ok, 0, ""));
    let denied = packet(2, b"\xff\x15\x04#28000Access denied");
    assert_eq!(ends(mysql_answer, &answered(&denied)), report(L7Status, 1045, "#28000Access denied"));
    assert_eq!(ends(mysql_answer, &greeting), report(L7Response, 0, ""));
    assert_eq!(mysql_answer(&greeting, false), More);
}

#[test]
fn pgsql_answers() {
    assert_eq!(ends(pgsql, b"R\0\0\0\x08\0\0\0\0"), report(L7Ok, 0, "PostgreSQL server is ok"));
    assert_eq!(ends(pgsql, b"R\0\0\0\x0c\0\0\0\x05abcd"), report(L7Ok, 0, "PostgreSQL server is ok"));
    assert_eq!(ends(pgsql, b"R\0\0\0\x08\0\0\0\x01"), report(L7Status, 0, "PostgreSQL unknown error"));
    assert_eq!(ends(pgsql, b"E\0\0\0\x2bSFATAL\0C28000\0Mno\0\0"), report(L7Response, 0, "FATAL"));
    assert_eq!(ends(pgsql, b""), report(L7Status, 0, "PostgreSQL unknown error"));
    assert_eq!(pgsql(b"R\0\0\0\x08\0\0\0", false), More);
}

#[test]
fn tls_answers() {
    assert_eq!(ends(tls_hello, b"\x15\x03\0\0\x02\x02\x28"), report(L7Ok, 0, ""));
    assert_eq!(ends(tls_hello, b"\x16"), report(L7Ok, 0, ""));
    assert_eq!(ends(tls_hello, b"hello"), report(L6Response, 0, ""));
    assert_eq!(tls_hello(b"\x16\x03", false), More);
}

#[test]
fn spop_answers() {
    let frame = |kind: u8, fields: &[u8]| {
        let frame = [&[kind, 0, 0, 0, 1, 0, 0], fields].concat();
        [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()
    };
    let hello = b"\x07version\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\0";
    assert_eq!(ends(spop, &frame(101, hello)), report(L7Ok, 0, ""));
    assert_eq!(ends(spop, &frame(103, hello)), report(L7Response, 0, "invalid frame received"));
    assert_eq!(ends(spop, b"hello world garbage"), report(L7Response, 0, "invalid frame received"));
    let other = b"\x07version\x08\x039.9";
    assert_eq!(ends(spop, &frame(101, other)), report(L7Response, 0, "unsupported version"));
    assert_eq!(
        ends(spop, &frame(101, b"\x07version\x08\x032.0")),
        report(L7Response, 0, "max-frame-size value not found")
    );
    let big = b"\x07version\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\xff\x7f\x0ccapabilities\x08\0";
    assert_eq!(ends(spop, &frame(101, big)), report(L7Response, 0, "max-frame-size too big or too small"));
}

#[test]
fn an_agents_line() {
    assert_eq!(agent(b"up", false), More);
    assert_eq!(agent(b"up\ndown\n", false), Judgement::Right { code: 0, info: "up".into() });
    assert_eq!(ends(agent, b"up"), report(L7Timeout, 0, "Ignoring incomplete line from agent"));
}
