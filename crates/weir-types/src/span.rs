//! Places in the configuration text.

/// Index of a file in [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u16);

/// A run of bytes on one line. Line and columns count from 1; `start == 0` means the whole line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub line: u32,
    pub start: u16,
    pub end: u16,
}

impl Span {
    pub const fn line(file: FileId, line: u32) -> Self {
        Self { file, line, start: 0, end: 0 }
    }

    pub const fn columns(self, start: u16, end: u16) -> Self {
        Self { start, end, ..self }
    }
}

/// One configuration file as it was read.
#[derive(Clone, Debug, Default)]
pub struct SourceFile {
    /// The name as given on the command line; messages repeat it unchanged.
    pub name: String,
    pub text: Vec<u8>,
}

/// Every file of one configuration, in reading order.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub files: Vec<SourceFile>,
}

impl Sources {
    pub fn add(&mut self, name: impl Into<String>, text: Vec<u8>) -> FileId {
        let id = FileId(u16::try_from(self.files.len()).expect("more than 65535 configuration files"));
        self.files.push(SourceFile { name: name.into(), text });
        id
    }

    pub fn name(&self, file: FileId) -> &str {
        self.files.get(usize::from(file.0)).map_or("", |file| &file.name)
    }

    /// `file:line`, as messages name a place.
    pub fn place(&self, at: Span) -> String {
        format!("{}:{}", self.name(at.file), at.line)
    }

    /// The text of one line without its line feed.
    pub fn line_text(&self, file: FileId, line: u32) -> Option<&[u8]> {
        let text = &self.files.get(usize::from(file.0))?.text;
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        text.split(|byte| *byte == b'\n').nth(index)
    }
}
