//! `mailers` sections (manual 12.3). `email-alert` uses them.

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_syntax::address::{self, AddressUse};
use weir_types::AddressFamily;

use super::header;
use crate::keyword::{Index, Keyword};
use crate::model::Mailers;
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "mailers", begin, index, unknown: Unknown::As("mailers"), end: |_| {} };

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("mailer", "<mailername> <ip>:<port>", "A mail server (12.3).", mailer),
    Keyword::new("timeout", "mail <time>", "Time to send a mail (12.3).", timeout),
];

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(&[KEYWORDS]));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let name = header::named(parser, line)?;
    if let Some(other) = parser.config.mailers.iter().find(|other| other.name == name) {
        let place = parser.place_of(other.span);
        let text = format!(
            "mailers section '{name}' has the same name as another mailers section declared at {place}."
        );
        return header::duplicate(line.word_span(1), text);
    }
    parser.config.mailers.push(Mailers { name, span: line.span(), ..Mailers::default() });
    Ok(())
}

fn mailer(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let (name, text) = (line.word(1), line.word(2));
    if text.is_empty() {
        return line.fail(0, "'mailer' expects <name> and <addr>[:<port>] as arguments.");
    }
    header::server_name(parser, line)?;
    let address = address::parse(text, AddressUse::Mailer)
        .or_else(|fault| line.fail(2, format!("'mailer {name}' : {fault}")))?;
    if !header::resolves(parser, &address) {
        return line.fail(2, format!("'mailer {name}' : {}", header::unresolved(&address, text)));
    }
    if !matches!(address.family, AddressFamily::Ip(_) | AddressFamily::Name(_)) {
        return line.fail(2, format!("'mailer {name}' : TCP not supported for this address family."));
    }
    let name = parser.intern(name);
    let mailers = parser.config.mailers.last_mut().expect("a section has begun");
    mailers.mailers.push((name, address, line.span()));
    Ok(())
}

fn timeout(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    match line.word(1) {
        "" => return line.fail(0, "'timeout' expects 'mail' and <time> as arguments."),
        "mail" => {}
        other => {
            return line.fail(1, format!("'timeout' expects 'mail' and <time> as arguments got '{other}'."));
        }
    }
    let time = header::timeout(line, "mail", line.word(2))?;
    let mailers = parser.config.mailers.last_mut().expect("a section has begun");
    mailers.timeout_mail = Some(time);
    Ok(())
}
