//! `show info`, `show stat`, `show schema json`.

use crate::cli::reply::Reply;
use crate::cli::session::Context;
use crate::cli::table::Level;
use crate::info::{self, InfoForm};
use crate::stats::{self, SCHEMA_JSON, Selection};

pub fn info(context: &mut Context<'_>) -> Reply {
    let (mut form, mut described) = (InfoForm::Plain, false);
    for word in context.arguments {
        match word.as_str() {
            "typed" => form = InfoForm::Typed,
            "json" => form = InfoForm::Json,
            "desc" => described = true,
            _ => {}
        }
    }
    Reply::text(info::info(&context.view(), form, described))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Typed,
    Json,
}

pub fn stat(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let mut selection =
        Selection { shows_names: context.state.level >= Level::Operator, ..Selection::default() };
    let mut words = context.arguments;
    if let [domain, name, rest @ ..] = words
        && domain == "domain"
    {
        if name != "proxy" {
            return Reply::error("Invalid statistics domain.");
        }
        words = rest;
    }
    if let [proxy, objects, server, rest @ ..] = words
        && let (Ok(objects), Ok(server)) = (objects.parse::<i64>(), server.parse::<i64>())
    {
        selection.proxy = match proxy.parse::<i64>() {
            Ok(-1) => None,
            Ok(id) => Some(u32::try_from(id).unwrap_or(u32::MAX)),
            Err(_) => match view.proxies().find(|it| *it.name == **proxy) {
                Some(found) => Some(found.id),
                None => return Reply::error("No such proxy."),
            },
        };
        selection.objects = u32::try_from(objects).ok();
        selection.server = u32::try_from(server).ok();
        words = rest;
    }
    let (mut form, mut described) = (Form::Csv, false);
    for word in words {
        match word.as_str() {
            "typed" => form = Form::Typed,
            "json" => form = Form::Json,
            "desc" => described = true,
            "up" => selection.hide_down = true,
            "no-maint" => selection.hide_maintenance = true,
            _ => {}
        }
    }
    let rows = stats::rows(&view, &selection);
    Reply::text(match form {
        Form::Csv => stats::csv(&rows),
        Form::Typed => stats::typed(&rows, described),
        Form::Json => format!("{}\n", stats::json(&rows)),
    })
}

pub fn schema(_: &mut Context<'_>) -> Reply {
    Reply::text(format!("{SCHEMA_JSON}\n"))
}
