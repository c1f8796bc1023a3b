//! The rule lists of one proxy: those of its `defaults` section first, with that section's ACLs, then its own.

use weir_config::model::{BandwidthLimit, BandwidthScope, Filter, Persist, Proxy, Rules as Written};
use weir_plan::Rules;
use weir_plan::table::key_type;
use weir_rules::{Action, Rule};
use weir_sample::{Acl, Condition, Named, Resolved, castable};
use weir_types::{Diagnostics, ProxyId};

use crate::names::Names;
use crate::resolver::Resolver;

/// The proxy's rules; `None` when there are none at all.
pub fn compile(
    names: &Names<'_>,
    id: ProxyId,
    proxy: &Proxy,
    diagnostics: &mut Diagnostics,
) -> Option<Box<Rules>> {
    let mut rules = Rules::default();
    if let Some(defaults) = &proxy.defaults {
        append(&mut rules, &defaults.rules, &defaults.acls, names, id, diagnostics);
    }
    if let Some(own) = &proxy.rules {
        append(&mut rules, own, &proxy.acls, names, id, diagnostics);
    }
    let mut resolver = Resolver::new(names, id, &proxy.acls, diagnostics);
    if let Some(stats) = &proxy.settings.stats {
        rules.stats_admin =
            stats.admin.iter().filter_map(|admin| resolver.condition(&admin.condition)).collect();
    }
    (!rules.is_empty()).then(|| Box::new(rules))
}

fn append(
    to: &mut Rules,
    from: &Written,
    acls: &[Acl<Named>],
    names: &Names<'_>,
    id: ProxyId,
    diagnostics: &mut Diagnostics,
) {
    let mut resolver = Resolver::new(names, id, acls, diagnostics);
    let mut list = |to: &mut Vec<Rule<Resolved>>, from: &[Rule<Named>], place| {
        resolver.at(place);
        to.extend(from.iter().filter_map(|rule| resolve(&mut resolver, rule)));
    };
    let tcp = "in tcp-request expression";
    list(&mut to.tcp_request_connection, &from.tcp_request_connection, tcp);
    list(&mut to.tcp_request_session, &from.tcp_request_session, tcp);
    list(&mut to.tcp_request_content, &from.tcp_request_content, tcp);
    list(&mut to.tcp_response_content, &from.tcp_response_content, "in tcp-response expression");
    list(&mut to.http_request, &from.http_request, "in http-request expression");
    list(&mut to.http_response, &from.http_response, "in http-response expression");
    list(&mut to.http_after_response, &from.http_after_response, "in http-after-response expression");
    list(&mut to.redirect, &from.redirect, "in redirect expression");
    list(&mut to.stats_http_request, &from.stats_http_request, "");
    to.request_inspect_delay = from.request_inspect_delay.unwrap_or(to.request_inspect_delay);
    to.response_inspect_delay = from.response_inspect_delay.unwrap_or(to.response_inspect_delay);
}

fn resolve(resolver: &mut Resolver<'_, '_>, rule: &Rule<Named>) -> Option<Rule<Resolved>> {
    let action = match rule.action.resolve(resolver) {
        Ok(Action::TrackStickCounter { counter, key, table }) => {
            let (name, line) = resolver.names.tables().nth(table.index())?;
            let fits = castable(key.output(), key_type(line.key));
            if !fits {
                let proxy = &resolver.proxy.name;
                let why = format!("uses a type incompatible with the 'track-sc{counter}' rule.");
                resolver.alert(rule.span, format!("Proxy '{proxy}': stick-table '{name}' {why}"));
            }
            fits.then_some(Action::TrackStickCounter { counter, key, table })
        }
        Ok(action) => Some(action),
        // A table that a rule names is reported once all files are read, by the proxy's name.
        Err(unresolved) if unresolved.message.contains("referenced by track-sc") => {
            let text = format!("Proxy '{}': {}", resolver.proxy.name, unresolved.message);
            resolver.missing(rule.span, text, &unresolved.name);
            None
        }
        Err(unresolved) => resolver.keep(Err(unresolved), rule.span),
    };
    if let Some(Action::SetBandwidthLimit { filter, limit, period }) = &action
        && resolver.proxy.filters.iter().any(|other| is_shared_limit(other, filter))
    {
        let wrong = [("limit", limit.is_some()), ("period", period.is_some())];
        if let Some((what, _)) = wrong.into_iter().find(|(_, written)| *written) {
            let text = format!("set-bandwidth-limit rule cannot define a {what} for a shared bwlim filter.");
            resolver.alert(rule.span, format!("Proxy '{}': {text}", resolver.proxy.name));
        }
    }
    if let Some(Action::DoLog { profile: Some(profile) }) = &action
        && !resolver.names.config.log_profiles.iter().any(|known| *known.name == **profile)
    {
        let text = format!("Proxy '{}': unknown log-profile '{profile}'.", resolver.proxy.name);
        resolver.missing(rule.span, text, profile);
    }
    let condition = resolver.optional(rule.condition.as_ref()).ok()?;
    Some(Rule { action: action?, condition, span: rule.span })
}

fn is_shared_limit(filter: &Filter, name: &str) -> bool {
    let shared = |limit: &BandwidthLimit| matches!(limit.scope, BandwidthScope::Shared { .. });
    filter.bandwidth.as_ref().is_some_and(shared)
        && filter.name.as_ref().is_some_and(|own| *own.text == *name)
}

/// `force-persist`, `ignore-persist`.
pub fn persist(resolver: &mut Resolver<'_, '_>, list: &[Persist]) -> Vec<Condition<Resolved>> {
    list.iter().filter_map(|persist| resolver.condition(&persist.condition)).collect()
}
