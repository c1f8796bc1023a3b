//! Where a proxy keyword may stand: what HAProxy says in a section without the half it needs, and in `defaults`.

use std::sync::Arc;

use weir_plan::settings::Options;
use weir_syntax::Line;
use weir_types::ProxyKind;

use crate::model::{BackendParts, FrontendParts, Proxy, Rules, Settings};
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// Which half of a proxy a keyword needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Frontend,
    Backend,
}

impl Half {
    const fn word(self) -> &'static str {
        match self {
            Half::Frontend => "frontend",
            Half::Backend => "backend",
        }
    }
}

impl Parser<'_> {
    /// The proxy or `defaults` whose lines are being read.
    ///
    /// # Panics
    /// Outside these sections; rows of proxy keywords are only run inside them.
    pub(crate) fn proxy(&mut self) -> &mut Proxy {
        self.proxy.as_mut().expect("a proxy keyword runs inside a proxy section")
    }

    pub(crate) fn kind(&mut self) -> ProxyKind {
        self.proxy().kind
    }

    pub(crate) fn in_defaults(&mut self) -> bool {
        self.kind() == ProxyKind::Defaults
    }

    /// Inherited values, about to be changed.
    pub(crate) fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.proxy().settings)
    }

    pub(crate) fn switches(&mut self) -> &mut Options {
        Arc::make_mut(&mut self.settings().options)
    }

    pub(crate) fn frontend(&mut self) -> &mut FrontendParts {
        self.proxy().frontend.get_or_insert_default()
    }

    pub(crate) fn backend(&mut self) -> &mut BackendParts {
        self.proxy().backend.get_or_insert_default()
    }

    pub(crate) fn rules(&mut self) -> &mut Rules {
        self.proxy().rules.get_or_insert_default()
    }

    /// `frontend 'f'`, `backend 'b'`, `proxy 'l'`, `defaults 'd'`.
    pub(crate) fn title(&mut self) -> String {
        let proxy = self.proxy();
        format!("{} '{}'", proxy.kind.noun(), proxy.name)
    }

    fn has(&mut self, half: Half) -> bool {
        let kind = self.kind();
        match half {
            _ if kind == ProxyKind::Defaults => true,
            Half::Frontend => kind.has_frontend(),
            Half::Backend => kind.has_backend(),
        }
    }

    /// True, with HAProxy's warning, where the keyword has no effect in this section.
    pub(crate) fn lacks(&mut self, half: Half, line: &Line<'_>, keyword: &str) -> bool {
        self.lacks_with(half, line, keyword, "")
    }

    /// The same with a remedy behind the sentence.
    pub(crate) fn lacks_with(&mut self, half: Half, line: &Line<'_>, keyword: &str, remedy: &str) -> bool {
        if self.has(half) {
            return false;
        }
        let title = self.title();
        let word = half.word();
        self.push(
            line.warning(0, format!("'{keyword}' ignored because {title} has no {word} capability.{remedy}")),
        );
        true
    }

    /// The other wording, of keywords that are read all the same: `K will be ignored because ...`.
    pub(crate) fn warn_ignored(&mut self, half: Half, line: &Line<'_>, keyword: &str) {
        if !self.has(half) {
            let title = self.title();
            let word = half.word();
            self.push(
                line.warning(
                    0,
                    format!("{keyword} will be ignored because {title} has no {word} capability"),
                ),
            );
        }
    }

    pub(crate) fn not_in_defaults(&mut self, line: &Line<'_>, keyword: &str) -> Outcome {
        if self.in_defaults() {
            return line.fail(0, format!("'{keyword}' not allowed in 'defaults' section."));
        }
        Ok(())
    }

    /// `stop` is how many words the line may have.
    pub(crate) fn at_most(&self, line: &Line<'_>, stop: usize) -> Outcome {
        self.at_most_named(line, stop, line.keyword())
    }

    pub(crate) fn at_most_named(&self, line: &Line<'_>, stop: usize, name: &str) -> Outcome {
        if line.len() > stop {
            return line
                .fail(stop, format!("'{name}' cannot handle unexpected argument '{}'.", line.word(stop)));
        }
        Ok(())
    }
}
