//! Log formats (manual 8.2.6): literal text, aliases (`%ci`), expressions (`%[src]`), with flags. Used by logs, by
//! header values, redirects, returns and checks.

mod alias;
mod defaults;
mod escape;
mod parse;
mod write;

use weir_types::Span;

use crate::expr::Expr;
use crate::phase::PhaseSet;
use crate::stage::{Named, Resolve, Resolved, Stage, UnresolvedName};
use crate::value::Type;

pub use alias::{ALIASES, Alias, AliasRow};
pub use defaults::{
    DEFAULT_LOG_HTTP, DEFAULT_LOG_TCP, ERROR_LOG, HTTP_CLF_LOG, HTTP_LOG, HTTPS_LOG, TCP_CLF_LOG, TCP_LOG,
};
pub use escape::escape_log;

/// Which escaping applies, and what becomes of empty values and runs of spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatMode {
    /// `log-format`, `error-log-format`: unprintable bytes are escaped as in log lines, empty values are `-`.
    Log,
    /// `log-format-sd`.
    StructuredData,
    /// `unique-id-format`.
    UniqueId,
    /// `http-request set-header` and the like.
    Http,
    /// Formats of TCP rules and checks: bytes as they are.
    Tcp,
}

impl FormatMode {
    /// Log lines: empty values have a sign of their own, runs of spaces are one.
    pub const fn logs(self) -> bool {
        matches!(self, FormatMode::Log | FormatMode::StructuredData)
    }
}

/// Flags of one part: `%{+Q,-X,+E}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `Q`: in double quotes.
    pub quote: bool,
    /// `X`: hexadecimal.
    pub hex: bool,
    /// `E`: `"`, `\` and `]` behind a backslash.
    pub escape: bool,
}

#[derive(Clone, Debug)]
pub enum FormatPart<S: Stage> {
    Text(Box<str>),
    /// A run of spaces in a mode that merges them.
    Space,
    Alias {
        alias: Alias,
        flags: Flags,
    },
    Expr {
        expr: Expr<S>,
        flags: Flags,
        cast: Option<Type>,
    },
}

#[derive(Clone, Debug)]
pub struct Format<S: Stage> {
    pub parts: Box<[FormatPart<S>]>,
    pub mode: FormatMode,
    pub span: Span,
    /// A flag or feature that is known and not implemented yet (`json`, `cbor`, `bin`).
    pub unsupported: Option<&'static str>,
}

impl<S: Stage> Format<S> {
    /// The first keyword in it that is known but not implemented yet.
    pub fn not_yet(&self) -> Option<&'static str> {
        self.unsupported.or_else(|| {
            self.parts.iter().find_map(|part| match part {
                FormatPart::Expr { expr, .. } => expr.not_yet(),
                _ => None,
            })
        })
    }

    /// The first expression that is not available in any of `phases`, in HAProxy's words.
    pub fn check_phase(&self, phases: PhaseSet) -> Result<(), Box<str>> {
        for part in &self.parts {
            let FormatPart::Expr { expr, .. } = part else { continue };
            if !expr.fetch.reads.phases().meets(phases) {
                let (name, source) = (expr.fetch.name, expr.fetch.reads.as_str());
                return Err(format!(
                    "sample fetch <{name}> may not be reliably used here because it needs '{source}' which is not \
                     available here"
                )
                .into());
            }
        }
        Ok(())
    }

    /// The first alias that only HTTP proxies can fill.
    pub fn http_only(&self) -> Option<&'static str> {
        self.parts.iter().find_map(|part| match part {
            FormatPart::Alias { alias, .. } => alias.row().http.then_some(alias.row().name),
            _ => None,
        })
    }

    /// Whether any part needs the stream's end to be known: such a line is only written early with `+` marks.
    pub fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, FormatPart::Text(_) | FormatPart::Space))
    }

    /// The text of a format without aliases and expressions.
    pub fn constant(&self) -> Option<String> {
        self.parts.iter().try_fold(String::new(), |mut text, part| {
            match part {
                FormatPart::Text(part) => text.push_str(part),
                FormatPart::Space => text.push(' '),
                _ => return None,
            }
            Some(text)
        })
    }
}

impl Format<Named> {
    pub fn resolve(&self, names: &mut dyn Resolve) -> Result<Format<Resolved>, UnresolvedName> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            parts.push(match part {
                FormatPart::Text(text) => FormatPart::Text(text.clone()),
                FormatPart::Space => FormatPart::Space,
                FormatPart::Alias { alias, flags } => FormatPart::Alias { alias: *alias, flags: *flags },
                FormatPart::Expr { expr, flags, cast } => {
                    FormatPart::Expr { expr: expr.resolve(names)?, flags: *flags, cast: *cast }
                }
            });
        }
        Ok(Format { parts: parts.into(), mode: self.mode, span: self.span, unsupported: self.unsupported })
    }
}

#[cfg(test)]
mod tests;
