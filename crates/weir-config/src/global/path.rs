//! `default-path` (manual 3.1): where the relative names of files begin.

use weir_syntax::Line;
use weir_types::FileId;

use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

/// The mode in force, and the configuration file it was applied to.
#[derive(Debug, Default)]
pub(crate) struct DefaultPath {
    mode: Mode,
    applied: Option<FileId>,
}

#[derive(Debug, Default)]
enum Mode {
    #[default]
    Current,
    /// The directory of each configuration file.
    Config,
    /// The one above it.
    Parent,
    Origin(Box<str>),
}

pub(super) fn default_path(parser: &mut Parser<'_>, line: &Line<'_>) -> Outcome {
    let modes = "supported modes include 'current', 'config', 'parent', and 'origin'.";
    let mode = match line.word(1) {
        "" => return line.fail(0, format!("missing default-path mode '' for 'default-path', {modes}")),
        "current" => Mode::Current,
        "config" => Mode::Config,
        "parent" => Mode::Parent,
        "origin" => match line.word(2) {
            "" => return line.fail(1, "'default-path origin' expects a directory as an argument."),
            directory => Mode::Origin(directory.into()),
        },
        mode => {
            return line
                .fail(1, format!("unsupported default-path mode '{mode}' for 'default-path', {modes}"));
        }
    };
    parser.global.path = DefaultPath { mode, applied: None };
    parser.enter_file(line.span().file);
    Ok(())
}

impl Parser<'_> {
    /// Sets the directory for the lines of `file`, unless it is set.
    pub(crate) fn enter_file(&mut self, file: FileId) {
        if self.global.path.applied.replace(file) == Some(file) {
            return;
        }
        let (directory, _) = self.options.sources.name(file).rsplit_once('/').unwrap_or((".", ""));
        match &self.global.path.mode {
            Mode::Current => self.files.set_directory(None),
            Mode::Config => self.files.set_directory(Some(directory)),
            Mode::Parent => self.files.set_directory(Some(&format!("{directory}/.."))),
            Mode::Origin(directory) => self.files.set_directory(Some(directory)),
        }
    }
}
