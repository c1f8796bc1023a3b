//! Diagnostics as lines on stderr: exactly HAProxy's where tools read them, with the source line below on a terminal.

use std::fmt::Write;
use weir_types::{Diagnostic, Level, Sources, Span};

/// HAProxy's last line after a configuration that was read to its end and refused.
pub const FATAL: &str = "Fatal errors found in configuration.";

/// What the lines say about the process that writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// The notice `haproxy version is VERSION`.
    pub version: String,
    /// The notice `path to executable is PATH`.
    pub executable: String,
}

/// Writes diagnostics one after the other; remembers whether the two notices that precede the first warning or alert
/// were written.
#[derive(Clone, Debug)]
pub struct Renderer {
    process: Process,
    /// Show the source line and the hint, for people.
    terminal: bool,
    introduced: bool,
}

impl Renderer {
    pub fn new(process: Process, terminal: bool) -> Self {
        Self { process, terminal, introduced: false }
    }

    /// The lines for one diagnostic, each ending in a line feed. Bytes outside UTF-8 are still escaped as
    /// [`crate::raw`] describes.
    pub fn render(&mut self, diagnostic: &Diagnostic, sources: &Sources) -> String {
        let mut out = String::new();
        if diagnostic.level != Level::Notice && !self.introduced {
            self.introduced = true;
            let Process { version, executable, .. } = &self.process;
            self.line(&mut out, Level::Notice, &format!("haproxy version is {version}"));
            self.line(&mut out, Level::Notice, &format!("path to executable is {executable}"));
        }
        self.line(&mut out, diagnostic.level, &diagnostic.message(sources));
        if self.terminal {
            if let Some(shown) = diagnostic.at.and_then(|at| excerpt(diagnostic, at, sources)) {
                out.push_str(&shown);
            }
            if let Some(hint) = &diagnostic.hint {
                let _ = writeln!(out, "  {hint}");
            }
        }
        out
    }

    /// `[ALERT]    (pid) : message`; the bracketed label takes eleven columns.
    fn line(&self, out: &mut String, level: Level, message: &str) {
        let label = format!("[{}]", level.label());
        let _ = writeln!(out, "{label:<10} ({}) : {message}", self.process.pid);
    }
}

/// The source line with carets below the columns; none where the message shows its own, or knows no columns.
fn excerpt(diagnostic: &Diagnostic, at: Span, sources: &Sources) -> Option<String> {
    if at.start == 0 || diagnostic.text.contains('\n') {
        return None;
    }
    let line = sources.line_text(at.file, at.line)?;
    let indent = line.len() - line.trim_ascii_start().len();
    let (first, last) = (usize::from(at.start) - 1, usize::from(at.end.max(at.start + 1)) - 1);
    let (first, last) = (first.clamp(indent, line.len()), last.clamp(indent, line.len()));
    let shown = shown(&line[indent..]);
    let before = self::shown(&line[indent..first]).chars().count();
    let below = self::shown(&line[first..last]).chars().count().max(1);
    Some(format!("  {}\n  {}{}\n", shown.trim_end(), " ".repeat(before), "^".repeat(below)))
}

/// One column for each character.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Process, Renderer};
    use weir_types::{Diagnostic, FileId, Form, Level, Sources, Span};

    fn renderer(terminal: bool) -> Renderer {
        let process =
            Process { pid: 4711, version: "3.4.0-weir".into(), executable: "/usr/sbin/haproxy".into() };
        Renderer::new(process, terminal)
    }

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.add("a.cfg", b"global\n\tmaxcon\xc3\xbc \"x\" # y\r\n".to_vec());
        sources
    }

    const AT: Span = Span { file: FileId(0), line: 2, start: 2, end: 10 };

    #[test]
    fn lines_as_tools_read_them() {
        let mut renderer = renderer(false);
        let notice = Diagnostic::new(Level::Notice, Form::ParsingTight, Some(AT), "'x'.");
        assert_eq!(
            renderer.render(&notice, &sources()),
            "[NOTICE]   (4711) : config : parsing [a.cfg:2]: 'x'.\n"
        );
        let alert = Diagnostic::alert(AT, "wrong").with_hint("not shown");
        let expected = "[NOTICE]   (4711) : haproxy version is 3.4.0-weir\n\
                        [NOTICE]   (4711) : path to executable is /usr/sbin/haproxy\n\
                        [ALERT]    (4711) : config : parsing [a.cfg:2] : wrong\n";
        assert_eq!(renderer.render(&alert, &sources()), expected);
        let warning = Diagnostic::new(Level::Warning, Form::Config, None, "odd");
        assert_eq!(renderer.render(&warning, &sources()), "[WARNING]  (4711) : config : odd\n");
        let diag = Diagnostic::new(Level::Diag, Form::Bare, None, "d");
        assert_eq!(renderer.render(&diag, &sources()), "[DIAG]     (4711) : d\n");
    }

    #[test]
    fn a_terminal_shows_the_place_and_the_hint() {
        let mut renderer = renderer(true);
        renderer.render(&Diagnostic::alert(AT, "first"), &sources());
        let alert = Diagnostic::alert(AT, "wrong").with_hint("did you mean 'maxconn' ?");
        let expected = "[ALERT]    (4711) : config : parsing [a.cfg:2] : wrong\n  \
                        maxconü \"x\" # y\n  ^^^^^^^\n  did you mean 'maxconn' ?\n";
        assert_eq!(renderer.render(&alert, &sources()), expected);
        let second = Diagnostic::alert(AT.columns(11, 14), "wrong");
        assert!(renderer.render(&second, &sources()).ends_with("\n          ^^^\n"));
    }

    #[test]
    fn places_that_do_not_exist_are_left_out() {
        let mut renderer = renderer(true);
        renderer.render(&Diagnostic::alert(AT, "first"), &sources());
        for at in [Span::line(FileId(0), 2), Span { line: 9, ..AT }, Span { file: FileId(3), ..AT }] {
            assert_eq!(renderer.render(&Diagnostic::alert(at, "x"), &sources()).lines().count(), 1);
        }
        let beyond = AT.columns(500, 600);
        assert_eq!(renderer.render(&Diagnostic::alert(beyond, "x"), &sources()).lines().count(), 3);
    }
}
