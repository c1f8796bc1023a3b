//! The reader itself: from files to lines that count.

use super::block::Blocks;
use super::directive::{Directive, Next};
use super::fault::{WordError, WordErrorKind};
use super::line::Line;
use super::words::WordBuffer;
use crate::section::is_section;
use crate::snippet::snippet;
use crate::{Capabilities, Environment};
use std::borrow::Cow;
use weir_types::{Diagnostic, Diagnostics, FileId, Form, Level, Sources, Span, terminal};

/// Reads a configuration line by line, because a `setenv` line changes what the next line means. A faulty line is
/// reported and left out; reading goes on, so that one run finds everything.
#[derive(Debug)]
pub struct Reader<'a> {
    sources: &'a Sources,
    capabilities: &'a Capabilities,
    /// Index of the file being read, and what is left of it.
    file: usize,
    rest: &'a [u8],
    line: u32,
    /// `.SECTION`
    section: String,
    buffer: WordBuffer,
    blocks: Blocks,
    started: bool,
    stopped: bool,
    echo: Option<u32>,
}

impl<'a> Reader<'a> {
    pub fn new(sources: &'a Sources, capabilities: &'a Capabilities) -> Self {
        Self {
            sources,
            capabilities,
            file: 0,
            rest: sources.files.first().map_or(&[], |file| &file.text),
            line: 0,
            section: String::new(),
            buffer: WordBuffer::default(),
            blocks: Blocks::default(),
            started: false,
            stopped: false,
            echo: None,
        }
    }

    /// `-dC[key]`: every line that counts is also written to the standard output, as it was cut into words; with a key
    /// other than 0, without what should not be given away.
    pub fn echoing(mut self, key: Option<u32>) -> Self {
        self.echo = key;
        self
    }

    /// The next line that counts, valid until the next call. None at the end of the last file, or after an `.alert`.
    /// The environment is the caller's: what it changes for one line holds from the next call on.
    pub fn next_line(
        &mut self,
        environment: &Environment,
        diagnostics: &mut Diagnostics,
    ) -> Option<Line<'_>> {
        if !self.started {
            self.started = true;
            self.check_ends(diagnostics);
        }
        while let Some(text) = self.next_text(diagnostics) {
            if self.words(text, environment, diagnostics) {
                break;
            }
        }
        if self.stopped {
            return None;
        }
        let line = current(&self.buffer, self.span());
        match self.echo {
            None => {}
            Some(0) => terminal::print(line.plain()),
            Some(key) => terminal::print(line.anonymous(key)),
        }
        Some(line)
    }

    /// True once an `.alert` line ended the reading.
    pub fn stopped_by_alert(&self) -> bool {
        self.stopped && self.file < self.sources.files.len()
    }

    /// A last line without line feed is fatal in HAProxy 3.4, which says so before anything else.
    fn check_ends(&self, diagnostics: &mut Diagnostics) {
        for (index, file) in self.sources.files.iter().enumerate() {
            if file.text.is_empty() || file.text.ends_with(b"\n") {
                continue;
            }
            let lines = file.text.split(|byte| *byte == b'\n');
            let (count, last) = lines.enumerate().last().unwrap_or_default();
            let position = last.len() + 1;
            let text =
                format!("Missing LF on last line, file might have been truncated at position {position}.");
            let column = u16::try_from(position).unwrap_or(u16::MAX);
            let at = Span::line(file_id(index), u32::try_from(count + 1).unwrap_or(u32::MAX))
                .columns(column, column);
            diagnostics.push(Diagnostic::alert(at, text).with_form(Form::ParsingTight));
        }
    }

    /// The next source line without its line feed; steps to the next file at the end of one.
    fn next_text(&mut self, diagnostics: &mut Diagnostics) -> Option<&'a [u8]> {
        while !self.stopped {
            if !self.rest.is_empty() {
                let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
                let text = &self.rest[..end];
                self.rest = self.rest.get(end + 1..).unwrap_or_default();
                self.line += 1;
                return Some(text);
            }
            self.end_file(diagnostics);
        }
        None
    }

    fn end_file(&mut self, diagnostics: &mut Diagnostics) {
        if let Some(begun) = self.blocks.unfinished() {
            let alert = Diagnostic::alert(self.span(), "non-terminated '.if' block.");
            let hint = format!("the '.if' of line {begun} needs an '.endif'");
            diagnostics.push(alert.with_form(Form::ParsingTight).with_hint(hint));
        }
        self.close_file(diagnostics);
        self.blocks.clear();
        self.section.clear();
        self.file += 1;
        self.line = 0;
        match self.sources.files.get(self.file) {
            Some(file) => self.rest = &file.text,
            None => self.stopped = true,
        }
    }

    /// HAProxy's closing line for a file in which anything was wrong.
    fn close_file(&self, diagnostics: &mut Diagnostics) {
        let file = file_id(self.file);
        let faulty = |diagnostic: &Diagnostic| {
            diagnostic.level == Level::Alert && diagnostic.at.is_some_and(|at| at.file == file)
        };
        if self.file < self.sources.files.len() && diagnostics.list.iter().any(faulty) {
            let text = format!("Error(s) found in configuration file : {}", self.sources.name(file));
            diagnostics.push(Diagnostic::new(Level::Alert, Form::Config, None, text));
        }
    }

    /// Cuts one line; true if the buffer now holds a line that counts.
    fn words(&mut self, text: &[u8], environment: &Environment, diagnostics: &mut Diagnostics) -> bool {
        if let Some(index) = text.iter().position(|byte| *byte == 0) {
            let alert =
                Diagnostic::alert(self.span(), format!("Stray NUL character at position {}.", index + 1));
            diagnostics.push(alert.with_form(Form::ParsingTight));
            return false;
        }
        let (line, section, name) = (self.line, &self.section, self.sources.name(file_id(self.file)));
        let resolve = |variable: &str| match variable {
            ".FILE" => Some(Cow::Borrowed(name)),
            ".LINE" => Some(Cow::Owned(line.to_string())),
            ".SECTION" => Some(Cow::Borrowed(section.as_str())),
            _ => environment.value(variable).map(Cow::Borrowed),
        };
        if let Err(error) = self.buffer.read(text, &resolve) {
            self.report(&error, text, diagnostics);
            return false;
        }
        if self.buffer.words().is_empty() {
            return false;
        }
        let line = current(&self.buffer, self.span());
        if line.keyword().starts_with('.') {
            let directive = Directive { line, environment, capabilities: self.capabilities };
            if directive.run(&mut self.blocks, diagnostics) == Next::Stop {
                self.stopped = true;
                self.close_file(diagnostics);
            }
            return false;
        }
        if !self.blocks.active() {
            return false;
        }
        if let Some(error) = self.buffer.empty_word() {
            self.report(&error, text, diagnostics);
            return false;
        }
        if is_section(line.keyword()) {
            let name = line.get(1).filter(|name| *name != "from").unwrap_or(line.keyword());
            self.section.clear();
            self.section.push_str(name);
        }
        true
    }

    fn span(&self) -> Span {
        Span::line(file_id(self.file), self.line)
    }

    fn report(&self, error: &WordError, text: &[u8], diagnostics: &mut Diagnostics) {
        let mut message = error.to_string();
        if !matches!(error.kind, WordErrorKind::TooMany { .. }) {
            message.push_str(&snippet(text, error.column));
        }
        let column = u16::try_from(error.column).unwrap_or(u16::MAX);
        let at = match error.kind {
            WordErrorKind::TooMany { .. } => self.span(),
            _ => self.span().columns(column, column.saturating_add(1)),
        };
        let mut alert = Diagnostic::alert(at, message).with_form(Form::ParsingTight);
        if let WordErrorKind::Empty { .. } = error.kind {
            alert = alert.with_hint("a variable written \"${NAME[*]}\" vanishes if it is empty or not set");
        }
        diagnostics.push(alert);
    }
}

fn current(buffer: &WordBuffer, span: Span) -> Line<'_> {
    let (text, words) = buffer.contents();
    Line { span, text, words }
}

fn file_id(index: usize) -> FileId {
    FileId(u16::try_from(index).unwrap_or(u16::MAX))
}
