//! Which `defaults` section a proxy inherits from, and whether its rules fit.

use std::sync::Arc;

use weir_syntax::Line;
use weir_types::ProxyKind;

use crate::model::Defaults;
use crate::outcome::{Outcome, Report};
use crate::parser::Parser;

pub(super) fn referenced(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    word: usize,
    kind: ProxyKind,
    name: &str,
) -> Outcome<Arc<Defaults>> {
    let wanted = line.word(word);
    let own = kind.noun();
    let own = if kind == ProxyKind::Listen { "listen" } else { own };
    let Some(found) = parser.named_defaults.get(wanted).cloned() else {
        return line.fail(word, format!("defaults section '{wanted}' not found for {own} '{name}'."));
    };
    if let Some(first) =
        parser.config.defaults.iter().find(|other| *other.name == *wanted && other.span != found.span)
    {
        let text = format!(
            "ambiguous defaults section name '{wanted}' referenced by {own} '{name}' exists at least at {} and {}.",
            parser.place_of(first.span),
            parser.place_of(found.span),
        );
        return line.fail(word, text);
    }
    parser.explicit_defaults.insert(found.name.clone());
    Ok(found)
}

/// The latest `defaults`; one that others name explicitly is better not used by position.
pub(super) fn implied(parser: &mut Parser<'_>, line: &Line<'_>) -> Option<Arc<Defaults>> {
    let latest = parser.last_defaults.clone()?;
    if !latest.name.is_empty() && parser.explicit_defaults.contains(&latest.name) {
        let text = format!(
            "defaults section '{}' (declared at {}) is explicitly referenced by another proxy and implicitly used \
             here. To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or \
             always use explicit references.",
            latest.name,
            parser.place_of(latest.span),
        );
        parser.push(line.warning(0, text));
    }
    Some(latest)
}

/// Rules of a `defaults` section only fit sections of one kind: it has one list for each place.
pub(super) fn check_inherited_rules(
    parser: &mut Parser<'_>,
    line: &Line<'_>,
    kind: ProxyKind,
    parent: &Arc<Defaults>,
) -> Outcome {
    let rules = &parent.rules;
    if !rules.any() {
        return Ok(());
    }
    let place = parser.place_of(parent.span);
    let what = match kind {
        ProxyKind::Defaults => return Ok(()),
        ProxyKind::Listen => {
            let text = "a listen section cannot inherit from a defaults section defining TCP/HTTP rules.";
            return line.fail_tight(0, text);
        }
        ProxyKind::Backend
            if !(rules.tcp_request_connection.is_empty() && rules.tcp_request_session.is_empty()) =>
        {
            "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or \
             'tcp-request session' rules"
        }
        ProxyKind::Frontend if !rules.tcp_response_content.is_empty() => {
            "a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules"
        }
        kind if parser.rule_users.insert(parent.span, kind).is_some_and(|other| other != kind) => {
            "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules"
        }
        _ => return Ok(()),
    };
    line.fail_tight(0, format!("{what} (defaults section at {place})."))
}
