//! Modes, payloads, severities and levels, byte for byte as HAProxy 2.8 answered.

use weir_plan::settings::SeverityOutput;

use crate::cli::lab::Lab;
use crate::cli::{Level, Session};

/// What comes back, and whether the connection stays open.
fn talk(input: &[u8]) -> (String, bool) {
    let lab = Lab::new();
    lab.now_ms.set(13_000);
    let mut session = Session::new(Level::Admin, SeverityOutput::None);
    session.receive(input, &lab);
    (String::from_utf8(session.take_output()).expect("text"), !session.is_closing())
}

#[test]
fn modes_as_observed() {
    let cases: &[(&[u8], &str, bool)] = &[
        (b"prompt\n", "\n> ", true),
        (b"prompt\nshow version\n", "\n> 3.4.0\n\n> ", true),
        (b"prompt timed\nshow version\n", "\n[0:00:00:13]> 3.4.0\n\n[0:00:00:13]> ", true),
        (b"prompt\nprompt\nshow version\n", "\n> \n3.4.0\n\n", false),
        (b"prompt\nquit\n", "\n> ", false),
        (b"prompt\nuser\nshow cli level\n", "\n> \n> user\n\n> ", true),
        (b"prompt\n\n\n", "\n> \n> \n> ", true),
        (b"show version\nshow version\n", "3.4.0\n\n3.4.0\n\n", false),
        (b"show version", "", true),
        (b" show  version \n", "3.4.0\n\n", false),
        (b"show version;quit;show version\n", "3.4.0\n\n", false),
        (b"\n", "\n", false),
        (b"prompt\necho <<\na\nb\n\nshow version\n", "\n> + + + a\nb\n\n> 3.4.0\n\n> ", true),
        (b"set server be/s1 weight <<\n3\n\n", "Require <weight> or <weight%>.\n\n", false),
        (b"prompt i\nshow version\n", "\n3.4.0\n\n", true),
    ];
    for (input, output, open) in cases {
        assert_eq!(talk(input), ((*output).to_owned(), *open), "{}", String::from_utf8_lossy(input));
    }
}

#[test]
fn severities_as_observed() {
    let (output, _) = talk(
        b"set severity-output number;disable server be/x;get weight be/s1;set weight be/s1 300;enable frontend fe\n",
    );
    assert_eq!(
        output,
        "\n[3]: No such server.\n\n10 (initial 10)\n\n\
         [3]: Absolute weight can only be between 0 and 256 inclusive.\n\n\
         [3]: All sockets are already enabled.\n\n"
    );
    let (output, _) = talk(b"set severity-output string;disable server be/x;show version\n");
    assert_eq!(output, "\n[err]: No such server.\n\n[info]: 3.4.0\n\n");
}

#[test]
fn a_level_once_lowered_stays_low() {
    let (output, _) = talk(b"show cli level;user;show cli level;operator;show cli level\n");
    assert_eq!(output, "admin\n\n\nuser\n\nPermission denied\n\nuser\n\n");
    let (output, _) = talk(b"operator;disable server be/s1\n");
    assert_eq!(output, "\nPermission denied\n\n");
}

#[test]
fn bytes_may_come_one_by_one() {
    let lab = Lab::new();
    let mut session = Session::new(Level::Admin, SeverityOutput::None);
    for byte in b"show cli level\n" {
        assert!(!session.is_closing());
        session.receive(&[*byte], &lab);
    }
    assert_eq!(session.take_output(), b"admin\n\n");
    assert!(session.is_closing());
}

#[test]
fn relayed_commands_lose_their_prefix() {
    let lab = Lab::new();
    let mut session = Session::relayed(Level::Admin, SeverityOutput::None);
    session.receive(b"@1 show cli level;@!4106 show version\n", &lab);
    assert_eq!(session.take_output(), b"admin\n\n3.4.0\n\n");
}

#[test]
fn an_endless_line_ends_the_session() {
    let lab = Lab::new();
    let mut session = Session::new(Level::Admin, SeverityOutput::None);
    for _ in 0..5 {
        session.receive(&[b'x'; 4096], &lab);
    }
    assert!(session.is_closing());
}
