//! `set maxconn`, `set rate-limit`.

use weir_engine::servers::{parse_limit, raise_epochs};

use crate::cli::commands::servers::server_argument;
use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// HAProxy reads a number as far as it goes.
fn leading_number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

pub fn maxconn_frontend(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let name = context.argument(0);
    if name.is_empty() {
        return Reply::error("A frontend name is expected.");
    }
    let Some(proxy) = view.find_frontend(name) else { return Reply::error("No such frontend.") };
    let text = context.argument(1);
    if text.is_empty() {
        return Reply::error("Integer value expected.");
    }
    // What is no number is 0, as HAProxy takes it.
    let value = leading_number(text).unwrap_or(0);
    view.frontend_state(proxy).state.maxconn.set(value);
    context.done(Vec::new())
}

pub fn maxconn_global(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let text = context.argument(0);
    if text.is_empty() {
        return Reply::error("Expects an integer value.");
    }
    let value = leading_number(text).unwrap_or(0);
    if value > view.process.hard_maxconn {
        return Reply::error("Value out of range.");
    }
    view.shm.process().state.maxconn.set(value);
    context.done(Vec::new())
}

pub fn maxconn_server(context: &mut Context<'_>) -> Reply {
    let id = match server_argument(context) {
        Ok(id) => id,
        Err(reply) => return reply,
    };
    let view = context.view();
    if context.argument(1).is_empty() {
        return Reply::error("Require <maxconn>.");
    }
    match parse_limit(context.argument(1)) {
        Ok(value) => {
            view.backend_state(view.backend_of(id)).state.limited.set(1);
            view.server_state(view.plan.server(id)).state.maxconn.set(value.saturating_add(1));
            raise_epochs(&view.servers(), id);
            context.done(Vec::new())
        }
        Err(text) => Reply::error(text),
    }
}

const RATE_LIMIT_USAGE: &str = "'set rate-limit' only supports :
   - 'connections global' to set the per-process maximum connection rate
   - 'sessions global' to set the per-process maximum session rate
   - 'ssl-sessions global' to set the per-process maximum SSL session rate
   - 'http-compression global' to set the per-process maximum compression speed in kB/s";

pub fn rate_limit(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    let state = view.shm.process().state;
    let (word, scale) = match context.argument(0) {
        "connections" => (&state.conn_rate_limit, 1),
        "sessions" => (&state.sess_rate_limit, 1),
        "ssl-sessions" => (&state.ssl_rate_limit, 1),
        "http-compression" => (&state.comp_rate_limit, 1024),
        _ => return Reply::error(RATE_LIMIT_USAGE),
    };
    if context.argument(1) != "global" {
        return Reply::error(RATE_LIMIT_USAGE);
    }
    match context.argument(2) {
        "" => Reply::error("Expects an integer value."),
        text => {
            word.set(leading_number(text).unwrap_or(0).saturating_mul(scale));
            Reply::Empty
        }
    }
}
