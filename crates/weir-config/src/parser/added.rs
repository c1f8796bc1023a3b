//! `add server`: a server line that came at run time, read as in a section of its own.

use std::collections::HashMap;
use std::sync::Arc;

use weir_plan::settings::Global;
use weir_sample::NoFiles;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_tls::Certificate;
use weir_tls::pem::Authorities;
use weir_types::{Level, Mode, Sources};

use super::{ParseOptions, Parser};
use crate::files::Rebased;
use crate::model::Config;

/// The line, and what it stands in. No file is read for it: certificates and authorities are those in use.
pub struct AddedServer<'a> {
    pub backend: &'a str,
    pub mode: Mode,
    pub name: &'a str,
    /// Address and options.
    pub words: &'a [String],
    pub global: Global,
    pub certificates: HashMap<String, Arc<Certificate>>,
    pub authorities: HashMap<String, Arc<Authorities>>,
}

/// A configuration of one backend with this server, and the texts of warnings; or the text of what is wrong.
pub fn added_server(added: AddedServer<'_>) -> Result<(Config, Vec<String>), String> {
    let title = format!("'server {}/{}' : ", added.backend, added.name);
    let mut text =
        format!("backend {}\n    mode {}\n    server {}", added.backend, added.mode.as_str(), added.name);
    for word in added.words {
        text.push(' ');
        text.push_str(&quoted(word));
    }
    text.push('\n');
    let mut sources = Sources::default();
    sources.add("CLI", text.into_bytes());
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let files = Rebased::new(&NoFiles);
    let options = ParseOptions { sources: &sources, files: &files, hostname: "".into(), checked: false };
    let mut environment = Environment::default();
    let mut parser = Parser::new(&mut environment, &options, &files);
    parser.adds_server = true;
    parser.config.global = added.global;
    parser.tls.keep(added.certificates, added.authorities);
    parser.run(&mut reader);
    let (config, diagnostics) = parser.finish();
    let worded = |text: &str| text.strip_prefix(&*title).unwrap_or(text).to_owned();
    if let Some(alert) = diagnostics.list.iter().find(|one| one.level == Level::Alert) {
        return Err(worded(&alert.text));
    }
    // What the section lacks is no matter of this server.
    let about = diagnostics.list.iter().filter(|one| one.text.starts_with(&*title));
    let warnings = about.map(|one| worded(&one.text)).collect();
    Ok((config, warnings))
}

/// One word of a configuration line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
