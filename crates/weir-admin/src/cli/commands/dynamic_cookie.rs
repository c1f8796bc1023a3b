//! `enable dynamic-cookie backend`, `disable dynamic-cookie backend`, `set dynamic-cookie-key backend`.

use weir_shm::ProxyState;

use crate::cli::reply::Reply;
use crate::cli::session::Context;

/// `ProxyState::dynamic_cookie`.
const DISABLED: u32 = 1;
const ENABLED: u32 = 2;

fn backend(context: &Context<'_>) -> Result<&'static ProxyState, Reply> {
    let view = context.view();
    match context.argument(0) {
        "" => Err(Reply::error("A backend name is expected.")),
        name => match view.find_backend(name) {
            Some(proxy) => Ok(view.backend_state(proxy).state),
            None => Err(Reply::error("No such backend.")),
        },
    }
}

fn switch(context: &Context<'_>, to: u32) -> Reply {
    match backend(context) {
        Ok(state) => {
            state.dynamic_cookie.set(to);
            Reply::Empty
        }
        Err(reply) => reply,
    }
}

pub fn enable(context: &mut Context<'_>) -> Reply {
    switch(context, ENABLED)
}

pub fn disable(context: &mut Context<'_>) -> Reply {
    switch(context, DISABLED)
}

pub fn set_key(context: &mut Context<'_>) -> Reply {
    let state = match backend(context) {
        Ok(state) => state,
        Err(reply) => return reply,
    };
    match context.argument(1) {
        "" => Reply::error("String value expected."),
        key => {
            state.dynamic_cookie_key.set(key);
            Reply::Empty
        }
    }
}
