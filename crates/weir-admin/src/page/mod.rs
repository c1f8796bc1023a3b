//! The statistics page (`stats enable`, `stats uri`...): HTML as HAProxy lays it out, and the same figures as CSV, `typed`
//! and JSON.

mod cell;
mod form;
mod frame;
mod options;
mod proxy;

use weir_check::report::Line;
use weir_engine::{StatsAnswer, StatsRequest};
use weir_plan::settings::StatsScope;
use weir_types::ProxyId;

pub use options::{Form, Options};

use crate::View;
use crate::stats::{self, SCHEMA_JSON, Selection};

/// Answers one request. `tell` takes log lines about servers that a form has changed.
pub fn respond(view: &View<'_>, request: &StatsRequest<'_>, tell: &dyn Fn(ProxyId, Line)) -> StatsAnswer {
    if request.method == b"POST" {
        let status = form::process(view, request, tell);
        return form::see_other(request, status);
    }
    let options = Options::parse(&String::from_utf8_lossy(request.rest));
    let selection = selection(request, &options);
    let rows = || stats::rows(view, &selection);
    let (kind, body) = match options.form {
        Form::Html => ("text/html", frame::page(view, request, &options, &rows())),
        Form::Csv => ("text/plain", stats::csv(&rows())),
        Form::Typed => ("text/plain", stats::typed(&rows(), false)),
        Form::Json => ("application/json", stats::json(&rows())),
        Form::JsonSchema => ("application/json", SCHEMA_JSON.to_owned()),
    };
    let mut headers = vec![("cache-control", "no-cache".to_owned()), ("content-type", kind.to_owned())];
    if request.page.refresh_s > 0 && options.refresh {
        headers.push(("refresh", request.page.refresh_s.to_string()));
    }
    StatsAnswer { status: 200, headers, body: body.into_bytes() }
}

fn selection(request: &StatsRequest<'_>, options: &Options) -> Selection {
    let own = &request.plan.proxy(request.proxy).name;
    let scope = request.page.scope.iter().map(|scope| match scope {
        StatsScope::Own => own.to_string(),
        StatsScope::Name(name) => name.to_string(),
    });
    Selection {
        hide_down: options.up,
        hide_maintenance: options.no_maint,
        shows_names: request.page.show_legends || options.form != Form::Html && request.admin,
        scope: scope.collect(),
        search: options.scope.clone(),
        ..Selection::default()
    }
}

#[cfg(test)]
mod tests;
