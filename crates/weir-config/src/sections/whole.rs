//! After the last line, if every line was understood: what whole sections lack.

use weir_types::{Diagnostic, Diagnostics, Form, Level, Span};

use super::userlist;
use crate::model::Config;
use crate::parser::Parser;

/// Reports incomplete sections. Those that HAProxy removes are disabled or emptied here.
pub(crate) fn check(parser: &mut Parser<'_>) {
    super::peers::duplicates(parser);
    let Parser { config, diagnostics, memberships, options, .. } = parser;
    userlist::join(memberships, &mut config.userlists, diagnostics);
    let local = config.global.localpeer.as_ref().unwrap_or(&options.hostname).clone();
    super::peers::check(&local, &mut config.peers, diagnostics);
    mailers(config, diagnostics);
    super::fcgi_app::check(config, diagnostics);
    super::healthcheck::check(config, diagnostics);
    log_forwards(config, diagnostics);
    resolvers(parser);
}

pub(super) fn warn(diagnostics: &mut Diagnostics, at: Span, text: String) {
    diagnostics.push(Diagnostic::new(Level::Warning, Form::Bare, Some(at), text));
}

pub(super) fn alert(diagnostics: &mut Diagnostics, at: Span, text: String) {
    diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(at), text));
}

fn mailers(config: &Config, diagnostics: &mut Diagnostics) {
    for section in config.mailers.iter().filter(|section| section.mailers.is_empty()) {
        warn(diagnostics, section.span, format!("Removing incomplete section 'mailers {}'.", section.name));
    }
}

fn resolvers(parser: &mut Parser<'_>) {
    for at in 0..parser.config.resolvers.len() {
        let section = &parser.config.resolvers[at];
        if section.nameservers.is_empty() {
            let (span, place) = (section.span, parser.place_of(section.span));
            let text = format!("resolvers '{}' [{place}] has no nameservers configured!", section.name);
            warn(&mut parser.diagnostics, span, text);
        }
    }
}

/// The section is a frontend by nature, and HAProxy calls it one.
fn log_forwards(config: &Config, diagnostics: &mut Diagnostics) {
    for section in config.log_forwards.iter().filter(|section| section.binds.is_empty()) {
        let hint = "Please declare it as a backend if this was intended.";
        warn(
            diagnostics,
            section.span,
            format!("frontend '{}' has no 'bind' directive. {hint}", section.name),
        );
    }
}
