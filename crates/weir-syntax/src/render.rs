//! What people see of a diagnostic on a terminal, below the line that tools read.

use std::fmt::Write;
use weir_types::{Diagnostic, Sources, Span};

/// HAProxy's last line after a configuration that was read to its end and refused.
pub const FATAL: &str = "Fatal errors found in configuration.";

/// What a terminal shows below a diagnostic's line: the source line with carets below the columns, and the hint. Each line
/// ends in a line feed.
pub fn below(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let place = diagnostic.at.map(|at| narrowed(diagnostic, at, sources));
    let mut out = place.and_then(|at| excerpt(diagnostic, at, sources)).unwrap_or_default();
    if let Some(hint) = &diagnostic.hint {
        let _ = writeln!(out, "  {hint}");
    }
    out
}

/// The columns of the name that is missing, where it stands as such on its line.
fn narrowed(diagnostic: &Diagnostic, at: Span, sources: &Sources) -> Span {
    let found = || {
        let name = diagnostic.wants.as_deref().filter(|name| !name.is_empty())?.as_bytes();
        let line = sources.line_text(at.file, at.line)?;
        let in_name =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(b));
        let alone = |start: usize| {
            let before = start.checked_sub(1).and_then(|index| line.get(index));
            !in_name(before) && !in_name(line.get(start + name.len()))
        };
        let places = line.windows(name.len()).enumerate().filter(|(_, window)| *window == name);
        // A proxy may be called as the name that it looks for: what is looked for stands behind.
        let start = places.map(|(start, _)| start).rfind(|start| alone(*start))?;
        let column = u16::try_from(start + 1).ok()?;
        Some(at.columns(column, column + u16::try_from(name.len()).ok()?))
    };
    found().unwrap_or(at)
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
    use super::below;
    use weir_types::{Diagnostic, FileId, Sources, Span};

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources
            .add("a.cfg", b"global\n\tmaxcon\xc3\xbc \"x\" # y\r\n acl nope nbsrv(nope) nope.x\n".to_vec());
        sources
    }

    const AT: Span = Span { file: FileId(0), line: 2, start: 2, end: 10 };

    #[test]
    fn the_place_and_the_hint() {
        let alert = Diagnostic::alert(AT, "wrong").with_hint("did you mean 'maxconn' ?");
        let expected = "  maxconü \"x\" # y\n  ^^^^^^^\n  did you mean 'maxconn' ?\n";
        assert_eq!(below(&alert, &sources()), expected);
        let second = Diagnostic::alert(AT.columns(11, 14), "wrong");
        assert!(below(&second, &sources()).ends_with("\n          ^^^\n"));
    }

    #[test]
    fn a_missing_name_is_found_on_its_line() {
        let line = Span { line: 3, start: 2, end: 29, ..AT };
        let alert = Diagnostic::alert(line, "missing").wanting("nope");
        let expected = "  acl nope nbsrv(nope) nope.x\n                 ^^^^\n";
        assert_eq!(below(&alert, &sources()), expected);
        let elsewhere = Diagnostic::alert(line, "missing").wanting("set-by-a-variable");
        assert!(below(&elsewhere, &sources()).ends_with(&format!("\n  {}\n", "^".repeat(27))));
    }

    #[test]
    fn places_that_do_not_exist_are_left_out() {
        for at in [Span::line(FileId(0), 2), Span { line: 9, ..AT }, Span { file: FileId(3), ..AT }] {
            assert_eq!(below(&Diagnostic::alert(at, "x"), &sources()), "");
        }
        let beyond = AT.columns(500, 600);
        assert_eq!(below(&Diagnostic::alert(beyond, "x"), &sources()).lines().count(), 2);
    }
}
