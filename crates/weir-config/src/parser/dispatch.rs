//! From a line to its row.

use weir_registry::{Status, near};
use weir_syntax::{Line, Reader};
use weir_types::Level;

use super::section::{self, SectionKind};
use super::{Parser, Prefix, prefix};
use crate::outcome::{Outcome, Report};

impl Parser<'_> {
    pub(super) fn run(&mut self, reader: &mut Reader<'_>) {
        while !self.stopped {
            let Some(line) = reader.next_line(self.environment, &mut self.diagnostics) else { break };
            self.line(&line);
        }
        self.stopped |= reader.stopped_by_alert();
        self.leave();
    }

    pub(super) fn line(&mut self, line: &Line<'_>) {
        self.enter_file(line.span().file);
        let outcome = match section::find(line.keyword()) {
            Some(kind) => self.enter(kind, line),
            None => self.keyword(line),
        };
        let refused = std::mem::take(&mut self.refused_expression);
        let missing = self.missing_acl.take();
        if let Err(mut diagnostic) = outcome {
            diagnostic.unsupported |= refused;
            diagnostic.wants = diagnostic.wants.or(missing);
            let diagnostic = self.scripted(*diagnostic);
            self.push(diagnostic);
        }
    }

    fn enter(&mut self, kind: &'static SectionKind, line: &Line<'_>) -> Outcome {
        self.leave();
        if kind.keyword != "global" {
            self.beyond_global = true;
        } else if self.beyond_global {
            let text = "global section detected after a non-global one, the prevalence of their statements is unspecified";
            let mut told = line.warning(0, text);
            told.level = Level::Diag;
            self.push(told);
        }
        self.section = Some(kind);
        let outcome = (kind.begin)(self, line);
        self.broken = outcome.is_err();
        outcome
    }

    /// Ends the section being read.
    fn leave(&mut self) {
        if let Some(kind) = self.section.take()
            && !self.broken
        {
            (kind.end)(self);
        }
        self.broken = false;
    }

    fn keyword(&mut self, line: &Line<'_>) -> Outcome {
        let Some(kind) = self.section else {
            return line.fail_tight(0, format!("unknown keyword '{}' out of section.", line.keyword()));
        };
        if self.broken {
            self.skipped.push(line.span());
            return Ok(());
        }
        self.prefix = Prefix::of(line.keyword());
        if self.prefix == Prefix::None {
            return self.row(kind, line);
        }
        if let Err(refused) = prefix::check(self.prefix, line) {
            self.push(*refused);
            return Ok(());
        }
        self.row(kind, &line.skip(1))
    }

    fn row(&mut self, kind: &'static SectionKind, line: &Line<'_>) -> Outcome {
        let Some(row) = (kind.index)().find(line.keyword()) else {
            return self.unknown(kind, line);
        };
        let known = self.diagnostics.list.len();
        (row.parse)(self, line)?;
        let refused =
            self.diagnostics.list[known..].iter().any(|diagnostic| diagnostic.level == Level::Alert);
        if row.status == Status::NotYet && !refused {
            return line.not_yet(0, row.name);
        }
        Ok(())
    }

    fn unknown(&self, kind: &SectionKind, line: &Line<'_>) -> Outcome {
        let (form, mut text) = kind.unknown.text(line.keyword(), kind.keyword);
        let proposal = near(line.keyword(), (kind.index)().names());
        let mut diagnostic = match proposal {
            Some(name) if kind.unknown.proposes() => {
                text.push_str(&format!("; did you mean '{name}' maybe ?"));
                line.alert(0, text)
            }
            Some(name) => line.alert(0, text).with_hint(format!("did you mean '{name}'?")),
            None => line.alert(0, text),
        };
        diagnostic.form = form;
        Err(Box::new(diagnostic))
    }
}
