//! The name of something that stands elsewhere, with the place that called for it.

use std::sync::Arc;

use weir_types::Span;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

impl Name {
    pub fn new(text: impl Into<Arc<str>>, span: Span) -> Self {
        Self { text: text.into(), span }
    }
}
