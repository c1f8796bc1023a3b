//! Lines in, `Config` out: finds each line's section and keyword row, keeps what is known so far. What a keyword means
//! stands with its row.

mod added;
mod dispatch;
mod finish;
mod prefix;
mod reference;
mod script;
mod section;

pub use added::{AddedServer, added_server};
pub use finish::is_summary;
pub use prefix::Prefix;
pub use reference::{Reference, Wanted};
pub use section::{SectionKind, Unknown, sections};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use weir_sample::{Files, References};
use weir_syntax::{Environment, Line, Reader};
use weir_types::{Diagnostic, Diagnostics, ProxyKind, Sources, Span};

use crate::bind::Certificates;
use crate::files::Rebased;
use crate::model::{Config, Defaults, Proxy};
use crate::sections::userlist::Memberships;
use crate::server::SameOptions;

/// What stands around the text.
pub struct ParseOptions<'a> {
    pub sources: &'a Sources,
    /// Where pages, patterns and maps named by keywords are read from.
    pub files: &'a dyn Files,
    /// The host's name: the local peer's, unless `localpeer` or `-L` says otherwise.
    pub hostname: Box<str>,
    /// The supervisor found these bytes to be right: what takes long to check is not checked again.
    pub checked: bool,
}

/// Reads every line of `reader`. All diagnostics come back, those of the reader in their place. `environment` is
/// changed by `setenv` and its kin.
pub fn parse(
    reader: &mut Reader<'_>,
    environment: &mut Environment,
    options: &ParseOptions<'_>,
) -> (Config, Diagnostics) {
    let files = Rebased::new(options.files);
    let ParseOptions { sources, hostname, checked, .. } = options;
    let options = ParseOptions { sources, files: &files, hostname: hostname.clone(), checked: *checked };
    // What another configuration asked for holds no longer.
    let _ = weir_tls::providers::prefer("");
    let mut parser = Parser::new(environment, &options, &files);
    parser.run(reader);
    parser.finish()
}

/// The state between lines.
pub struct Parser<'o> {
    pub config: Config,
    pub diagnostics: Diagnostics,
    pub options: &'o ParseOptions<'o>,
    /// The files of `options`, told where relative names begin.
    pub(crate) files: &'o Rebased<'o>,
    pub environment: &'o mut Environment,
    /// Pattern and map files already read.
    pub(crate) references: References,
    pub(crate) section: Option<&'static SectionKind>,
    /// A section other than `global` was seen.
    pub(crate) beyond_global: bool,
    /// The section's header was refused: its lines are skipped.
    pub(crate) broken: bool,
    /// Lines of sections whose header was refused.
    pub(crate) skipped: Vec<Span>,
    /// A fault after which HAProxy reads no further.
    pub(crate) stopped: bool,
    /// The proxy or `defaults` being read.
    pub(crate) proxy: Option<Box<Proxy>>,
    /// The latest `defaults` section.
    pub(crate) last_defaults: Option<Arc<Defaults>>,
    pub(crate) named_defaults: HashMap<Arc<str>, Arc<Defaults>>,
    /// Defaults that a later section of the same name hid, or that were only used by `from`.
    pub(crate) explicit_defaults: HashSet<Arc<str>>,
    /// Proxies by name, for duplicates: index into `config.proxies`, frontend half and backend half.
    pub(crate) frontends: HashMap<Arc<str>, usize>,
    pub(crate) backends: HashMap<Arc<str>, usize>,
    pub(crate) ids: HashMap<u32, usize>,
    pub(crate) server_options: SameOptions,
    /// The current line holds an expression that only weir refuses.
    pub(crate) refused_expression: bool,
    /// The current line names an ACL that does not stand before it.
    pub(crate) missing_acl: Option<Box<str>>,
    /// The line is one that came at run time.
    pub(crate) adds_server: bool,
    /// Which kind of proxy uses the rules of a `defaults` section, by the section's place.
    pub(crate) rule_users: HashMap<Span, ProxyKind>,
    /// References of keywords that weir refuses for now; looked at once all sections are known.
    pub(crate) references_to_come: Vec<Reference>,
    /// Who belongs to which group of a userlist.
    pub(crate) memberships: Memberships,
    /// Certificates of the proxy being read.
    pub(crate) certificates: Certificates,
    /// Certificates and authorities that were read.
    pub(crate) tls: crate::tls::Store,
    pub(crate) prefix: Prefix,
    /// `expose-experimental-directives`, `expose-deprecated-directives`.
    pub experimental: bool,
    pub deprecated: bool,
    /// What lines of `global` leave to later ones.
    pub(crate) global: crate::global::Memory,
    names: HashSet<Arc<str>>,
}

impl<'o> Parser<'o> {
    fn new(environment: &'o mut Environment, options: &'o ParseOptions<'o>, files: &'o Rebased<'o>) -> Self {
        let mut config = Config::default();
        config.global.strict_limits = true;
        config.checked = options.checked;
        Self {
            config,
            diagnostics: Diagnostics::default(),
            options,
            files,
            environment,
            references: References::default(),
            section: None,
            beyond_global: false,
            broken: false,
            skipped: Vec::new(),
            stopped: false,
            proxy: None,
            last_defaults: None,
            named_defaults: HashMap::new(),
            explicit_defaults: HashSet::new(),
            frontends: HashMap::new(),
            backends: HashMap::new(),
            ids: HashMap::new(),
            server_options: SameOptions::default(),
            refused_expression: false,
            missing_acl: None,
            adds_server: false,
            rule_users: HashMap::new(),
            references_to_come: Vec::new(),
            memberships: Memberships::default(),
            certificates: Certificates::default(),
            tls: crate::tls::Store::default(),
            prefix: Prefix::None,
            experimental: false,
            deprecated: false,
            global: crate::global::Memory::default(),
            names: HashSet::new(),
        }
    }

    /// One copy of each name, however often it is written.
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return known.clone();
        }
        let name: Arc<str> = text.into();
        self.names.insert(name.clone());
        name
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// `file:line`, as some messages repeat it inside their text.
    pub fn place(&self, line: &Line<'_>) -> String {
        self.place_of(line.span())
    }

    pub fn place_of(&self, span: Span) -> String {
        format!("{}:{}", self.options.sources.name(span.file), span.line)
    }
}
