//! The `global` section (manual 3): a family of keywords a file. What a line changes is the configuration's `global`,
//! the environment, or, for the lines below, [`Memory`].

mod accounts;
mod argument;
mod checks;
mod compression;
mod environment;
mod http;
mod knobs;
mod limits;
mod logs;
mod lua;
mod path;
mod process;
mod quic;
mod ssl;
mod ssl_sessions;
mod stats;
mod threads;
mod tune;

use std::sync::LazyLock;

use weir_syntax::Line;
use weir_types::{Diagnostic, Form, Level, Span};

use crate::keyword::{Index, Keyword};
use crate::outcome::{Outcome, Report};
use crate::parser::{Parser, SectionKind, Unknown};

pub static SECTION: SectionKind =
    SectionKind { keyword: "global", begin, index, unknown: Unknown::Quoted, end: |_| {} };

/// Every family's rows.
pub const FAMILIES: &[&[Keyword]] = &[
    process::KEYWORDS,
    accounts::KEYWORDS,
    limits::KEYWORDS,
    environment::KEYWORDS,
    logs::KEYWORDS,
    stats::KEYWORDS,
    checks::KEYWORDS,
    http::KEYWORDS,
    tune::KEYWORDS,
    threads::KEYWORDS,
    compression::KEYWORDS,
    knobs::KEYWORDS,
    ssl::KEYWORDS,
    ssl_sessions::KEYWORDS,
    quic::KEYWORDS,
    lua::KEYWORDS,
];

/// What later lines and the end need to know of earlier ones.
#[derive(Debug)]
pub(crate) struct Memory {
    pub unix_bind: stats::UnixBind,
    path: path::DefaultPath,
    /// Shortest and longest delay of OCSP updates, in seconds.
    ocsp_delays: (i64, i64),
    /// `tune.bufsize.large`.
    large_bufsize: Option<u32>,
    /// `httpclient.resolvers.id`, looked up at the end.
    client_resolvers: Option<(Box<str>, Span)>,
    /// A Lua script was named.
    pub lua: bool,
    /// Something experimental was used.
    experiment: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            unix_bind: stats::UnixBind::default(),
            path: path::DefaultPath::default(),
            ocsp_delays: (300, 3600),
            large_bufsize: None,
            client_resolvers: None,
            lua: false,
            experiment: false,
        }
    }
}

fn index() -> &'static Index {
    static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(FAMILIES));
    &INDEX
}

fn begin(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    parser.at_most(line, 1)
}

const MUST_ALLOW: &str = "is experimental, must be allowed via a global 'expose-experimental-directives'";

impl Parser<'_> {
    /// Whether what is experimental was allowed; remembers that it was needed.
    pub(crate) fn takes_experiment(&mut self) -> bool {
        self.global.experiment |= self.experimental;
        self.experimental
    }

    /// Refuses what is experimental unless it was allowed. `noun` stands behind the quoted word.
    fn experimental(&mut self, line: &Line<'_>, word: usize, noun: &str) -> Outcome {
        match self.takes_experiment() {
            true => Ok(()),
            false => line.fail(word, format!("'{}' {noun}{MUST_ALLOW}", line.word(word))),
        }
    }

    /// The same for a whole section.
    pub(crate) fn experimental_section(&mut self, line: &Line<'_>) -> Outcome {
        match self.takes_experiment() {
            true => Ok(()),
            false => line.fail_tight(0, format!("section '{}' {MUST_ALLOW}", line.keyword())),
        }
    }
}

/// After the last line.
pub(crate) fn finish(parser: &mut Parser<'_>) {
    tune::finish(parser);
    if let Some((name, span)) = parser.global.client_resolvers.take()
        && !parser.config.resolvers.iter().any(|section| *section.name == *name)
    {
        let text =
            format!("Proxy '<OCSP-UPDATE>': Can't find resolvers section '{name}' for do-resolve action.");
        parser.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text));
    }
    if parser.experimental && !parser.global.experiment {
        let text = "Option 'expose-experimental-directives' is set in the global section but is no longer used. It \
                    is strongly recommended to remove it in order to avoid using an experimental directive by \
                    accident in the future.";
        parser.push(Diagnostic::new(Level::Warning, Form::Bare, None, text));
    }
}
