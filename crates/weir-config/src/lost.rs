//! What a configuration with faults does not tell: the words of lines that were refused or passed over. A reference to
//! one of them is no news, since the line that would bring the name is reported already.

use std::collections::HashSet;

use weir_types::{Diagnostic, Diagnostics, Level, Sources, Span};

#[derive(Debug, Default)]
pub struct Lost {
    words: HashSet<Box<str>>,
    /// Lines were left out and nobody knows which: a condition could not be read, or the reading ended early.
    everything: bool,
}

impl Lost {
    /// `skipped` are lines of sections that were refused with their first line.
    pub(crate) fn of(diagnostics: &Diagnostics, skipped: &[Span], stopped: bool, sources: &Sources) -> Self {
        let refused = diagnostics.list.iter().filter(|one| one.level == Level::Alert);
        let mut lost = Self { everything: stopped, ..Self::default() };
        for span in refused.filter_map(|one| one.at).chain(skipped.iter().copied()) {
            lost.line(span, sources);
        }
        lost
    }

    fn line(&mut self, span: Span, sources: &Sources) {
        let text = String::from_utf8_lossy(sources.line_text(span.file, span.line).unwrap_or_default());
        self.everything |= text.trim_start().starts_with('.');
        let words = text.split(|c: char| !(c.is_alphanumeric() || "_.:-".contains(c)));
        self.words.extend(words.filter(|word| !word.is_empty()).map(Into::into));
    }

    /// Whether what this reference wants may stand in a line that was not read.
    pub fn explains(&self, reference: &Diagnostic) -> bool {
        let Some(name) = &reference.wants else { return false };
        self.everything || name.split('/').any(|part| self.holds(part))
    }

    /// A server of a template is known by the template's prefix.
    fn holds(&self, name: &str) -> bool {
        let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
        self.words.contains(name) || self.words.contains(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::Lost;
    use weir_types::{Diagnostic, Diagnostics, FileId, Sources, Span};

    fn lost(line: &str) -> Lost {
        let mut sources = Sources::default();
        sources.add("f", line.as_bytes().to_vec());
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::alert(Span::line(FileId(0), 1), "refused"));
        Lost::of(&diagnostics, &[], false, &sources)
    }

    #[test]
    fn names_of_refused_lines_are_not_missed() {
        let wants = |name| Diagnostic::alert(Span::line(FileId(0), 9), "missing").wanting(name);
        let server = lost(" server-template web 1-5 127.0.0.1:80 chek");
        assert!(server.explains(&wants("web")) && server.explains(&wants("b/web3")));
        assert!(!server.explains(&wants("we")) && !server.explains(&wants("b/api1")));
        assert!(lost(" .if nonsense()").explains(&wants("anything")));
        assert!(!lost(" bakend x").explains(&wants("y")) && lost(" bakend x").explains(&wants("x")));
    }
}
