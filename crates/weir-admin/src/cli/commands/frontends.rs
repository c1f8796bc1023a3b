//! `enable frontend`, `disable frontend`, `shutdown frontend`.

use weir_plan::Proxy;

use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// `ProxyState::admin`.
const IN_SERVICE: u32 = 0;
const PAUSED: u32 = 1;
const STOPPED: u32 = 2;

fn frontend<'a>(context: &Context<'a>) -> Result<&'a Proxy, Reply> {
    match context.argument(0) {
        "" => Err(Reply::error("A frontend name is expected.")),
        name => context.view().find_frontend(name).ok_or_else(|| Reply::error("No such frontend.")),
    }
}

fn change(context: &Context<'_>, to: u32, refusals: &[(u32, &str)]) -> Reply {
    let view = context.view();
    let proxy = match frontend(context) {
        Ok(proxy) => proxy,
        Err(reply) => return reply,
    };
    let state = view.frontend_state(proxy).state;
    if let Some((_, text)) = refusals.iter().find(|(at, _)| *at == state.admin.value()) {
        return Reply::error(*text);
    }
    state.admin.set(to);
    for listener in proxy.frontend.iter().flat_map(|half| &half.listeners) {
        let paused = u32::from(to != IN_SERVICE);
        view.shm.listener(view.plan.listener(*listener).slot).state.paused.set(paused);
    }
    Reply::Empty
}

pub fn enable(context: &mut Context<'_>) -> Reply {
    let refusals = [
        (IN_SERVICE, "All sockets are already enabled."),
        (STOPPED, "Frontend was previously shut down, cannot enable."),
    ];
    change(context, IN_SERVICE, &refusals)
}

pub fn disable(context: &mut Context<'_>) -> Reply {
    let refusals = [
        (PAUSED, "All sockets are already disabled."),
        (STOPPED, "Frontend was previously shut down, cannot disable."),
    ];
    change(context, PAUSED, &refusals)
}

pub fn shutdown(context: &mut Context<'_>) -> Reply {
    change(context, STOPPED, &[(STOPPED, "Frontend was already shut down.")])
}
