//! Log formats (manual 8.2.6): literal text, aliases (`%ci`), expressions (`%[src]`), with flags. Used by logs, by
//! header values, redirects, returns and checks.

use weir_types::Span;

use crate::expr::Expr;
use crate::stage::Stage;

/// Which escaping and which aliases apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatMode {
    /// `log-format`: unprintable bytes are escaped as in log lines.
    Log,
    /// `log-format-sd`.
    StructuredData,
    /// `http-request set-header` and the like.
    Http,
    Tcp,
}

#[derive(Clone, Debug)]
pub enum FormatPart<S: Stage> {
    Text(Box<str>),
    Alias { name: &'static str, arg: Option<Box<str>>, flags: u16 },
    Expr { expr: Expr<S>, flags: u16 },
}

#[derive(Clone, Debug)]
pub struct Format<S: Stage> {
    pub parts: Vec<FormatPart<S>>,
    pub mode: FormatMode,
    pub span: Span,
}
