//! Expected words and messages come from HAProxy 2.8.25 (`-c -f`), or from 3.4 where the text says so.

use super::Reader;
use crate::{Capabilities, Environment};
use weir_types::{Diagnostics, Sources};

fn environment() -> Environment {
    let mut environment = Environment::default();
    for (name, value) in
        [("E", ""), ("S", "a b  c "), ("T", " x"), ("V", "v"), ("N", "1"), ("W", "a\"b c"), ("M", "a\tb\nc")]
    {
        environment.set(name, value);
    }
    environment
}

/// Lines as words joined by `|`, then messages without the common head.
fn read(text: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut sources = Sources::default();
    sources.add("c", text.to_vec());
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let (environment, mut diagnostics) = (environment(), Diagnostics::default());
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line(&environment, &mut diagnostics) {
        lines.push(line.words().collect::<Vec<_>>().join("|"));
    }
    let head = "config : parsing [c:";
    if diagnostics.has_alert() {
        let last = diagnostics.list.pop().expect("a closing line");
        assert_eq!(last.message(&sources), "config : Error(s) found in configuration file : c");
    }
    let messages =
        diagnostics.list.iter().map(|diagnostic| diagnostic.message(&sources).replace(head, "[")).collect();
    (lines, messages)
}

fn words(text: &str) -> String {
    let (lines, messages) = read(format!("{text}\n").as_bytes());
    assert!(messages.is_empty(), "{text}: {messages:?}");
    lines.join("\n")
}

fn message(text: &str) -> String {
    let (_, messages) = read(format!("{text}\n").as_bytes());
    assert_eq!(messages.len(), 1, "{text}: {messages:?}");
    messages[0].clone()
}

#[test]
fn separators_comments_and_line_ends() {
    assert_eq!(words("global#this is the global section"), "global");
    assert_eq!(words("    mode             http   # or tcp"), "mode|http");
    assert_eq!(words("global\r\n daemon\r"), "global\ndaemon");
    assert_eq!(words("a\x0bb\x0cc\rd\te"), "a|b|c|d|e");
    assert_eq!(words("maxconn \"#\" a\\#b '#'"), "maxconn|#|a#b|#");
    assert_eq!(words("# nothing\n\n \t\n"), "");
}

#[test]
fn the_five_equivalent_log_formats_of_the_manual() {
    for text in [
        r"log-format %{+Q}o\ %t\ %s\ %{-Q}r",
        r#"log-format "%{+Q}o %t %s %{-Q}r""#,
        r"log-format '%{+Q}o %t %s %{-Q}r'",
        r#"log-format "%{+Q}o %t"' %s %{-Q}r'"#,
        r#"log-format "%{+Q}o %t"' %s'\ %{-Q}r"#,
    ] {
        assert_eq!(words(text), "log-format|%{+Q}o %t %s %{-Q}r");
    }
}

#[test]
fn escapes_outside_and_inside_quotes() {
    assert_eq!(words(r"x a\nb\rc\td\qe\\f"), "x|a\nb\rc\td\\qe\\f");
    assert_eq!(words(r#"x "a\ b\"c\$d\#e\'f\n""#), "x|a b\"c$d#e'f\n");
    assert_eq!(words(r"x 'a\nb' '\x41' \x41 a\"), r"x|a\nb|\x41|A|a\");
    assert_eq!(words(r#"x "\x41\x4A\x4a""#), "x|AJJ");
    // A dollar needs no escape outside quotes, and the backslash stays for the regular expression it may be in.
    assert_eq!(words(r"x a\$b $E ${E}x"), r"x|a\$b|$E|${E}x");
    assert_eq!(
        words(r#"set-path '%[path,regsub("^/(here)(/|$)","my/\1",g)]'"#),
        r#"set-path|%[path,regsub("^/(here)(/|$)","my/\1",g)]"#
    );
    for text in [r#"str("\\'foo\\'")"#, r"str(\'foo\')"] {
        assert!(words(text).contains("'foo"), "{text}");
    }
}

#[test]
fn variables_and_their_defaults() {
    assert_eq!(words(r#"x "$V" "${V}w" "a$V-b" "$V[*]""#), "x|v|vw|av-b|v[*]");
    assert_eq!(words(r#"x "${N-1 2}" "${NO-1 2}" "${NO-1 2[*]}" "${NO-1 2}[*]""#), "x|1|1 2|1 2[*]|1 2[*]");
    assert_eq!(
        words(r#"x "${NO-$B}" "${NO-b"c"}" "${NO-a}b}" "${NO-a\}b}" "${_a-z}""#),
        "x|$B|b\"c\"|ab}|a\\b}|z"
    );
    assert_eq!(words("x \"${.LINE}\" \"$.LINE.x\" \"${.FILE}\" \"${.LINE-x}\""), "x|1|1.x|c|1");
}

#[test]
fn a_list_becomes_words() {
    assert_eq!(words(r#"x "z${S[*]}""#), "x|za|b|c");
    assert_eq!(words(r#"x "z${S[*]}y" w"#), "x|za|b|c|y|w");
    assert_eq!(words(r#"x "a${T[*]}" "${M[*]}" "${W[*]}""#), "x|a|x|a|b|c|a\"b|c");
    assert_eq!(words(r#"x "${NO[*]-1 2}" x"${E[*]}"y"#), "x|1|2|xy");
    // Nothing to expand leaves no word behind, not even an empty one.
    assert_eq!(words(r#"x "${E[*]}" "${NO[*]}" y"#), "x|y");
}

/// The message, the text shown, and where HAProxy puts its caret.
#[test]
fn faulty_words_are_shown_with_a_caret() {
    for (text, fault, position) in [
        ("daemon \"abc", "unmatched quote", 9),
        ("daemon a'b", "unmatched quote", 10),
        ("daemon \"a\" 'b", "unmatched quote", 13),
        ("daemon \"${V}", "unmatched quote", 9),
        ("daemon \"a\\", "unmatched quote", 9),
        ("daemon \\xZZ", "truncated or invalid hexadecimal sequence", 9),
        ("daemon \"\\x4\"", "truncated or invalid hexadecimal sequence", 10),
        ("daemon \"${A\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${A-\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${NO-}\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${A b}\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${A[*]x}\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${A.x}\"", "unmatched brace in environment variable name", 11),
        ("daemon \"${A[*\"", "truncated or invalid word expansion sequence", 13),
        ("daemon \"${A[x]}\"", "truncated or invalid word expansion sequence", 13),
        ("daemon \"${}\"", "forbidden first char in environment variable name", 12),
        ("daemon \"${9}\"", "forbidden first char in environment variable name", 12),
        ("daemon \"$\"", "forbidden first char in environment variable name", 11),
        ("daemon \"a$ b\"", "forbidden first char in environment variable name", 12),
        ("daemon \"${.LINEX}\"", "forbidden first char in environment variable name", 12),
        ("daemon \"$.file\"", "forbidden first char in environment variable name", 11),
        // 3.4 only: the name of the variable that left nothing behind.
        ("daemon a \"${E}\"", "argument number 2 is empty", 14),
    ] {
        let indented = format!(" {text}");
        let caret = format!("{:>1$}", '^', position + 1);
        let fault = match fault.strip_suffix(" is empty") {
            Some(fault) => {
                format!("{fault} at position {position} is empty and marks the end of the argument list")
            }
            None => format!("{fault} at position {position}"),
        };
        assert_eq!(message(&indented), format!("[1]: {fault}:\n  {text}\n{caret}"));
    }
}

/// Positions of 3.4 on published configurations.
#[test]
fn an_empty_argument_is_refused() {
    for (text, expected) in [
        ("\tmaxconn \"${NO}\"", "argument number 1 at position 13 is empty"),
        ("  stats socket \"$NO\" level admin", "argument number 2 at position 18 is empty"),
        ("    log stdout format raw local0 \"${NO}\"", "argument number 5 at position 37 is empty"),
        ("    log stdout format raw local0 \"$NO\"", "argument number 5 at position 36 is empty"),
    ] {
        assert!(
            message(text).starts_with(&format!("[1]: {expected} and marks the end of the argument list:"))
        );
    }
}

#[test]
fn too_many_words_are_cut() {
    let line = |count: usize| (1..=count).map(|word| format!(" w{word}")).collect::<String>();
    assert_eq!(words(&format!("global{}", line(63))).matches('|').count(), 63);
    for text in [format!("global{}", line(64)), format!(" daemon{}", line(69))] {
        assert_eq!(message(&text), "[1]: too many words, truncating after word 64, position 247: <w63>.");
    }
}

#[test]
fn a_truncated_file_is_refused() {
    let (lines, messages) = read(b"global\n abc");
    assert_eq!(lines, ["global", "abc"]);
    assert_eq!(messages, ["[2]: Missing LF on last line, file might have been truncated at position 5."]);
    assert_eq!(read(b"").1, [""; 0]);
}

#[test]
fn a_nul_is_refused() {
    let (lines, messages) = read(b"glo\0bal\n daemon\n");
    assert_eq!(
        (lines, messages),
        (vec!["daemon".to_owned()], vec!["[1]: Stray NUL character at position 4.".to_owned()])
    );
}

#[test]
fn bytes_outside_utf8_survive() {
    let (lines, messages) = read(b"a \xc3 \xa9 \"\\xff\" \xc3\xa9\n");
    assert!(messages.is_empty());
    let words: Vec<_> = lines[0].split('|').map(|word| crate::raw::bytes(word).into_owned()).collect();
    assert_eq!(words, [b"a".to_vec(), vec![0xc3], vec![0xa9], vec![0xff], vec![0xc3, 0xa9]]);
}

#[test]
fn each_word_knows_its_columns() {
    let mut sources = Sources::default();
    sources.add("c", b"  mode \"tcp\" # x\n".to_vec());
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let line = reader.next_line(&Environment::default(), &mut Diagnostics::default()).expect("a line");
    let columns = |index| (line.word_span(index).start, line.word_span(index).end);
    assert_eq!((columns(0), columns(1), columns(9)), ((3, 7), (8, 13), (8, 13)));
    assert_eq!((line.word(1), line.word(9), line.get(9)), ("tcp", "", None));
    assert_eq!((line.span_from(0).start, line.span_from(0).end), (3, 13));
}

mod blocks {
    use super::{message, read, words};

    #[test]
    fn branches_are_chosen() {
        assert_eq!(words(".if 1\n a\n.else\n b\n.endif\nc"), "a\nc");
        assert_eq!(words(".if 0\n a\n.elif 0\n b\n.elif 1\n c\n.elif 1\n d\n.else\n e\n.endif"), "c");
        assert_eq!(words(".if 0\n.if 1\n a\n.else\n b\n.endif\n.else\n c\n.endif"), "c");
        assert_eq!(words(" .if 1 # comment\n a\n .endif # comment"), "a");
        assert_eq!(words("\".if\" 0\n a\n.endif"), "");
        assert_eq!(words(".if \"${E}\"\n a\n.else\n b\n.endif"), "b");
    }

    #[test]
    fn conditions_that_cannot_matter_are_not_read() {
        assert_eq!(words(".if 1\n a\n.elif xx\n b\n.endif"), "a");
        assert_eq!(words(".if 0\n.if xx\n.endif\n.foo\n bind \"${E}\"\n.alert x\n.endif"), "");
    }

    #[test]
    fn misplaced_directives() {
        for (text, expected) in [
            (".endif", "[1]: lone '.endif' with no matching '.if'."),
            (".else", "[1]: lone '.else' with no matching '.if'."),
            (".elif 1", "[1]: lone '.elif' with no matching '.if'."),
            (".if 1\n.else\n.else\n.endif", "[3]: '.else' after '.else' is not permitted."),
            (".if 1\n.else\n.elif 1\n.endif", "[3]: '.elif' after '.else' is not permitted."),
            (".if 1\n.else x\n.endif", "[2]: Unexpected argument 'x' for '.else'."),
            (".if 1\n.endif x", "[2]: Unexpected argument 'x' for '.endif'."),
            (".foo", "[1]: unknown directive '.foo'."),
            (".IF 1", "[1]: unknown directive '.IF'."),
            ("global\n setenv A x\n   .if", "[3]: non-terminated '.if' block."),
            (
                ".warning a b",
                "[1]: Unexpected argument 'b' for '.warning'. Use quotes if the message should contain spaces.",
            ),
            (
                ".if foo\n a\n.else\n b\n.endif",
                "[1]: unparsable conditional expression 'foo' in '.if' at position 1:\n  .if foo\n      ^",
            ),
            (
                ".if 0\n.elif xx\n.endif",
                "[2]: unparsable conditional expression 'xx' in '.elif' at position 1:\n  .elif xx\n        ^",
            ),
        ] {
            assert_eq!(message(text), expected, "{text}");
        }
    }

    #[test]
    fn a_block_ends_with_its_file() {
        let mut sources = weir_types::Sources::default();
        sources.add("a", b".if 0\n x\n".to_vec());
        sources.add("b", b"y\n".to_vec());
        let capabilities = crate::Capabilities::default();
        let mut reader = super::Reader::new(&sources, &capabilities);
        let mut diagnostics = weir_types::Diagnostics::default();
        let line = reader.next_line(&crate::Environment::default(), &mut diagnostics).expect("a line");
        assert_eq!((line.keyword(), line.span().file.0, line.span().line), ("y", 1, 1));
        assert_eq!(
            diagnostics.list[0].message(&sources),
            "config : parsing [a:2]: non-terminated '.if' block."
        );
    }

    #[test]
    fn messages_and_their_levels() {
        let (lines, messages) = read(b".notice \"a#b\" #c\n.notice\n.diag d\nx\n.alert e\ny\n");
        assert_eq!(lines, ["x"]);
        assert_eq!(messages, ["[1]: 'a#b'.", "[2]: ''.", "[5]: 'e'."]);
    }

    #[test]
    fn the_section_is_a_variable() {
        let text = ".notice \"${.SECTION}\"\nfrontend foo\n mode tcp\n.notice \"${.SECTION}\"\nglobal\n.notice \"${.SECTION}\"\n\
                    defaults\n.notice \"${.SECTION}\"\nbackend b from d1\n.notice \"${.SECTION} ${.FILE}:${.LINE}\"\n\
                    bogus x\n.notice \"$.SECTION\"\n";
        let (_, messages) = read(text.as_bytes());
        let shown: Vec<_> = messages.iter().map(|text| text.split('\'').nth(1).unwrap_or("")).collect();
        assert_eq!(shown, ["", "foo", "global", "defaults", "b c:10", "b"]);
    }
}

proptest::proptest! {
    /// Any bytes at all, and bytes that mean something.
    #[test]
    fn the_reader_never_panics(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        text in "[ a\\n\"'\\\\#$\\{\\}\\[\\]*x.ENV-]{0,80}",
        condition in "[01!()&| streqdfin,\"'\\\\]{0,40}",
    ) {
        read(&bytes);
        read(text.as_bytes());
        read(format!(".if {condition}\n.elif {condition}\nx \"${{S[*]}}{text}\n.endif\n").as_bytes());
    }
}

/// Every line as `-dC` shows it.
fn shown(text: &str) -> String {
    let mut sources = Sources::default();
    sources.add("f.cfg", text.as_bytes().to_vec());
    let (capabilities, environment) = (Capabilities::default(), Environment::default());
    let mut reader = Reader::new(&sources, &capabilities);
    let mut diagnostics = Diagnostics::default();
    let mut out = String::new();
    while let Some(line) = reader.next_line(&environment, &mut diagnostics) {
        out += &line.plain();
    }
    assert!(diagnostics.list.is_empty(), "{diagnostics:?}");
    out
}

#[test]
fn a_line_shown_again_reads_the_same() {
    // The first is what HAProxy 2.8 prints for `-dC`, but for the empty lines it also prints.
    let plain = "global # x\n  stats   socket /tmp/x.sock\n\nlisten l\n server s \"127.0.0.1:80\"   check\n";
    assert_eq!(
        shown(plain),
        "global \n\tstats socket /tmp/x.sock \nlisten l \n\tserver s 127.0.0.1:80 check \n"
    );
    let hard = r#"listen l
 http-request set-header x "a b" if { path '/#"' "it's \$5" } a\ b "a\\'"
"#;
    let once = shown(hard);
    assert_eq!(shown(&once), once);
    assert!(once.contains(r#"'a b' if { path '/#"' "it's \$5" } 'a b' "a\\'" "#), "{once}");
}

/// What HAProxy 2.8 shows for these lines with `-dC5`, but for blanks at the end.
#[rustfmt::skip]
const ANONYMOUS: &[(&str, &str)] = &[
    ("log stdout", "log stdout"),
    ("stats auth u:p x", "stats auth 746e87"),
    ("stats socket", "stats socket"),
    ("stats auth", "stats auth"),
    ("stats realm foo bar", "stats realm foo [...]"),
    ("stats uri a b c", "stats uri a [...]"),
    ("redirect prefix /x code 301", "redirect prefix PATH(528691) [...]"),
    ("redirect scheme https if x", "redirect scheme https [...]"),
    ("redirect location", "redirect location"),
    ("redirect foo bar", "redirect foo bar"),
    ("option forwardfor header x y", "option forwardfor header [...]"),
    ("balance url_param x y z", "balance url_param x [...]"),
    ("server a 10.1.2.3", "server ID(cec951) IPV4(ee3025)"),
    ("server a ipv4@10.1.2.3:80", "server ID(cec951) IPV4(ee3025):80"),
    ("server a *:80", "server ID(cec951) *:80"),
    ("server a [2001:db8::1]:80", "server ID(cec951) IPV6(c4347b):80"),
    ("server a 2001:db8::1:80", "server ID(cec951) IPV6(c4347b):80"),
    ("server a ipv6@[2001:db8::1]:80", "server ID(cec951) IPV6(c4347b):80"),
    ("server a [2001:db8::1]", "server ID(cec951) IPV6(c4347b)"),
    ("server a 10.1.2.3:1000-2000", "server ID(cec951) IPV4(ee3025):1000"),
    ("server a 0.0.0.0:80", "server ID(cec951) 0.0.0.0:80"),
    ("server a unix@/x/y", "server ID(cec951) 58e848"),
    ("server a abns@foo", "server ID(cec951) 84e29c"),
    ("server a localhost:80", "server ID(cec951) localhost:80"),
    ("server a 127.1.2.3:80", "server ID(cec951) 127.1.2.3:80"),
    ("server a ::1:80", "server ID(cec951) ::1:80"),
    ("server a fd@3", "server ID(cec951) fd@3"),
    ("server a sockpair@3", "server ID(cec951) sockpair@3"),
    ("server a 10.1.2.3:", "server ID(cec951) IPV4(ee3025)"),
    ("server a 10.1.2.3:+80", "server ID(cec951) IPV4(ee3025):80"),
    ("server a udp@10.1.2.3:80", "server ID(cec951) 10c3bd"),
    ("server a quic4@10.1.2.3:80", "server ID(cec951) cbc7e5"),
    ("server a stdout", "server ID(cec951) stdout"),
    ("server a 256.1.1.1:80", "server ID(cec951) 0b0d11"),
    ("server a 80", "server ID(cec951) 80"),
    ("bind 1.2.3.4:80,5.6.7.8:90", "bind fc71f0"),
    ("errorfile 503", "errorfile 503"),
    ("use_backend a", "use_backend ID(cec951)"),
    ("use_backend a if b", "use_backend ID(cec951) [...]"),
    ("use_backend %[x] if b", "use_backend ID(d6860b) [...]"),
    ("mode http tcp", "mode http"),
    ("cookie a insert", "cookie ID(cec951) insert"),
    ("cookie a insert nocache", "cookie ID(cec951) insert [...]"),
    ("timeout a", "timeout a"),
    ("stick-table type", "stick-table type"),
    ("errorloc 503 http://x", "errorloc 503 http://x"),
    ("errorfile 503 a b", "errorfile 503 PATH(cec951)"),
    ("log global", "log global"),
    ("log stdout", "log stdout"),
    ("log /dev/log local0", "log 3bdae1 [...]"),
    ("log 10.1.2.3 local0", "log IPV4(ee3025) [...]"),
    ("log ring@x local0", "log 30fa09 [...]"),
    (r#"log "a b" local0"#, "log a64c56 [...]"),
    ("frontend a b", "frontend ID(cec951)"),
    ("backend x from y", "backend ID(6e85ed)"),
    ("listen x 1.2.3.4:80", "listen ID(6e85ed)"),
    ("listen x from y", "listen ID(6e85ed)"),
    (r#"frontend "a b""#, "frontend ID(a64c56)"),
    ("userlist x y", "userlist ID(6e85ed)"),
    ("defaults foo from bar", "defaults ID(d95d2f)"),
    ("defaults foo", "defaults ID(d95d2f)"),
];

#[test]
fn with_a_key_lines_give_nothing_away() {
    for (line, shown) in ANONYMOUS {
        let owned = super::OwnedLine::parse(line, &Environment::default()).unwrap();
        assert_eq!(owned.line().anonymous(5).trim(), *shown, "{line}");
    }
}
