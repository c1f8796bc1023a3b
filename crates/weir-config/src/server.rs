//! `server`, `default-server`, `server-template` lines (manual 4.2, 5.2): addresses and the table of options.

use weir_syntax::Line;

use crate::keyword::Keyword;
use crate::outcome::Outcome;
use crate::parser::Parser;

pub const KEYWORDS: &[Keyword] = &[
    Keyword::new("server", "<name> <address>[:[port]] [param*]", "A server of the backend (4.2).", server),
    Keyword::new("default-server", "[param*]", "What the following servers begin with (4.2).", server),
    Keyword::new(
        "server-template",
        "<prefix> <num | range> <fqdn>[:<port>] [param*]",
        "Servers by the dozen (4.2).",
        server,
    ),
    Keyword::new("dispatch", "<address>:<port>", "The only server, deprecated (4.2).", server),
    Keyword::new("source", "<addr>[:<port>] [usesrc ...]", "Address for outgoing connections (4.2).", server),
];

fn server(_: &mut Parser<'_>, _: &Line<'_>) -> Outcome {
    Ok(())
}
