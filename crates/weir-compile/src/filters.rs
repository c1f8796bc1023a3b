//! The filters of one proxy: which are implied, and whether those declared stand in an order that works.

use weir_config::model::{Filter, Proxy};
use weir_plan::settings::Compresses;
use weir_types::{Diagnostic, Diagnostics, Form, Level, Span};

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
    for (name, span) in caches(proxy) {
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
fn caches(proxy: &Proxy) -> impl Iterator<Item = (&str, Span)> {
    let filters = proxy.filters.iter().filter(|filter| filter.kind == "cache");
    filters.filter_map(|filter| Some((&*filter.name.as_ref()?.text, filter.span)))
}

fn alert(diagnostics: &mut Diagnostics, span: Span, text: String) {
    diagnostics.push(Diagnostic::new(Level::Alert, Form::Bare, Some(span), text));
}
