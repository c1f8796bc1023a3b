//! `publish backend`, `unpublish backend`.

use crate::cli::reply::{Reply, Severity};
use crate::cli::session::Context;

fn change(context: &Context<'_>, unpublished: bool, done: &str) -> Reply {
    let view = context.view();
    match view.find_backend(context.argument(0)) {
        Some(proxy) => {
            view.backend_state(proxy).state.unpublished.set(unpublished.into());
            Reply::Message(Severity::Notice, done.into())
        }
        None => Reply::error("No such backend."),
    }
}

pub fn publish(context: &mut Context<'_>) -> Reply {
    change(context, false, "Backend published.")
}

pub fn unpublish(context: &mut Context<'_>) -> Reply {
    change(context, true, "Backend unpublished.")
}
