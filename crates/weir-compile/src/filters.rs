//! The filters of one proxy: which are implied, and whether those declared stand in an order that works.

use weir_config::model::{BandwidthScope as Scope, Config, Filter, Name, Proxy};
use weir_plan::Cache;
use weir_plan::settings::{BandwidthLimit, BandwidthScope, Compresses};
use weir_plan::table::key_type;
use weir_rules::Action;
use weir_sample::{Expr, Named, Resolved, castable};
use weir_shm::DataType;
use weir_types::{Diagnostic, Diagnostics, Form, Level, Span, TableId};

use crate::resolver::Resolver;
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

/// The limits of bandwidth, those that streams share with their tables.
pub fn bandwidth(proxy: &Proxy, resolver: &mut Resolver<'_, '_>) -> Vec<BandwidthLimit> {
    let limit = |filter: &Filter| {
        let (written, name) = (filter.bandwidth.as_ref()?, filter.name.as_ref()?);
        let scope = match &written.scope {
            Scope::Stream { period_ms } => BandwidthScope::Stream { period_ms: *period_ms },
            Scope::Shared { key, table } => {
                let (key, table) = shared_limit(filter, written.upload, key, table.as_ref(), resolver)?;
                BandwidthScope::Shared { key, table }
            }
        };
        let (limit, min_size) = (written.limit, written.min_size);
        Some(BandwidthLimit { name: name.text.clone(), upload: written.upload, limit, min_size, scope })
    };
    proxy.filters.iter().filter_map(limit).collect()
}

/// A limit that streams share counts in the byte rate of a table that its key fits.
fn shared_limit(
    filter: &Filter,
    upload: bool,
    key: &Expr<Named>,
    table: Option<&Name>,
    resolver: &mut Resolver<'_, '_>,
) -> Option<(Expr<Resolved>, TableId)> {
    let (proxy, own) = (resolver.proxy.name.clone(), filter.name.as_ref()?.text.clone());
    let name = table.map_or(&*proxy, |name| &*name.text);
    let key = resolver.at("in bwlim filter").expr(key, filter.span);
    let alert = |resolver: &mut Resolver<'_, '_>, text: String| {
        resolver.alert(filter.span, format!("Proxy {proxy} : {text}"));
        None
    };
    let Some((id, line)) = resolver.names.table_called(name) else {
        let text =
            format!("Proxy {proxy} : unable to find table '{name}' referenced by bwlim filter '{own}'");
        resolver.missing(filter.span, text, name);
        return None;
    };
    let key = key?;
    if !castable(key.output(), key_type(line.key)) {
        return alert(
            resolver,
            format!("stick-table '{name}' uses a key type incompatible with bwlim filter '{own}'"),
        );
    }
    let rate = if upload { DataType::BytesInRate } else { DataType::BytesOutRate };
    if !line.store.iter().any(|stored| stored.data == rate) {
        let rate = rate.name();
        let text = format!(
            "stick-table '{name}' uses a data type incompatible with bwlim filter '{own}'. It must be '{rate}'"
        );
        return alert(resolver, text);
    }
    Some((key, id))
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
