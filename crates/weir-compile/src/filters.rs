//! The filters of one proxy: which are implied, and whether those declared stand in an order that works.

use weir_config::model::{Config, Filter, Proxy};
use weir_plan::Cache;
use weir_plan::settings::Compresses;
use weir_rules::Action;
use weir_types::{Diagnostic, Diagnostics, Form, Level, Span};

use crate::slots::Slots;

/// The caches of a configuration, with their places in shared memory.
pub fn caches(config: &Config, slots: &mut dyn Slots) -> Vec<Cache> {
    let cache = |written: &weir_config::model::Cache| {
        let bytes = u64::from(written.total_max_size) << 20;
        Cache {
            name: written.name.clone(),
            megabytes: written.total_max_size,
            max_object_size: match written.max_object_size {
                0 => bytes / 256,
                size => u64::from(size),
            },
            max_age: written.max_age,
            process_vary: written.process_vary,
            max_secondary_entries: written.max_secondary_entries,
            slot: slots.cache(&written.name, written.total_max_size),
        }
    };
    config.caches.iter().map(cache).collect()
}

/// Which directions the proxy's filters compress.
pub fn compresses(proxy: &Proxy) -> Compresses {
    let settings = proxy.settings.compression.as_deref();
    let declared = |kind: &str| proxy.filters.iter().any(|filter| filter.kind == kind);
    let implied = settings.is_some() && !proxy.filters.iter().any(is_compression);
    let both = declared("compression") || implied;
    Compresses {
        requests: declared("comp-req") || both && settings.is_some_and(|settings| settings.requests),
        responses: declared("comp-res") || both && settings.is_none_or(|settings| settings.responses),
    }
}

fn is_compression(filter: &Filter) -> bool {
    matches!(filter.kind, "compression" | "comp-req" | "comp-res")
}

/// Filters that leave the order of the others to them.
fn is_independent(filter: &Filter) -> bool {
    is_compression(filter) || matches!(filter.kind, "cache" | "fcgi-app")
}

/// HAProxy's conditions on implied filters, and on caches behind a compression.
pub fn check(proxy: &Proxy, diagnostics: &mut Diagnostics) {
    let title = format!("config: {} '{}'", proxy.kind.noun(), proxy.name);
    let others = proxy.filters.iter().any(|filter| !is_independent(filter));
    let compression = proxy.filters.iter().position(is_compression);
    if others && compression.is_none() && proxy.settings.compression.is_some() {
        let text = format!("{title}: require an explicit filter declaration to use HTTP compression");
        alert(diagnostics, proxy.span, text);
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut misplaced = false;
    for (name, span) in used_caches(proxy) {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let declared = proxy.filters.iter().position(|filter| is_cache(filter, name));
        if others && declared.is_none() {
            let text = format!("{title}: require an explicit filter declaration to use the cache '{name}'.");
            alert(diagnostics, span, text);
        }
        // An implied cache filter comes behind all that are declared.
        if compression.is_some_and(|at| declared.is_none_or(|cache| at < cache)) {
            if !misplaced {
                let text =
                    format!("{title}: unable to enable the compression filter before any cache filter.");
                alert(diagnostics, span, text);
            }
            misplaced = true;
            let text = format!("{title}: unable to enable the compression filter before the cache '{name}'.");
            alert(diagnostics, span, text);
        }
    }
}

fn is_cache(filter: &Filter, name: &str) -> bool {
    filter.kind == "cache" && filter.name.as_ref().is_some_and(|filter| &*filter.text == name)
}

/// The caches that filters and rules name.
fn used_caches(proxy: &Proxy) -> impl Iterator<Item = (&str, Span)> {
    let filters = proxy.filters.iter().filter(|filter| filter.kind == "cache");
    let filters = filters.filter_map(|filter| Some((&*filter.name.as_ref()?.text, filter.span)));
    let rules = proxy.rules.iter().flat_map(|rules| rules.http_request.iter().chain(&rules.http_response));
    filters.chain(rules.filter_map(|rule| match &rule.action {
        Action::CacheUse { name, .. } | Action::CacheStore { name, .. } => Some((&**name, rule.span)),
        _ => None,
    }))
}

fn alert(diagnostics: &mut Diagnostics, span: Span, text: String) {
    diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text));
}
