//! `clear counters`.

use weir_shm::Maximum;

use crate::cli::reply::Reply;
use crate::cli::session::Context;
use crate::cli::table::Level;

/// Without `all`: maxima only.
pub fn clear(context: &mut Context<'_>) -> Reply {
    let view = context.view();
    if context.argument(0) == "all" {
        if context.state.level < Level::Admin {
            return Reply::error("Permission denied");
        }
        context.control.clear_totals();
    }
    for proxy in &view.plan.proxies {
        if proxy.frontend.is_some() {
            view.frontend_state(proxy).state.clear_maxima();
        }
        if proxy.backend.is_some() {
            view.backend_state(proxy).state.clear_maxima();
        }
    }
    for server in &view.plan.servers {
        view.server_state(server).state.clear_maxima();
    }
    for listener in &view.plan.listeners {
        view.shm.listener(listener.slot).state.smax.clear();
    }
    let process = view.shm.process().state;
    [&process.max_conn_rate, &process.max_sess_rate, &process.max_ssl_rate]
        .into_iter()
        .for_each(Maximum::clear);
    [&process.max_ssl_frontend_key_rate, &process.max_ssl_backend_key_rate]
        .into_iter()
        .for_each(Maximum::clear);
    Reply::Empty
}
