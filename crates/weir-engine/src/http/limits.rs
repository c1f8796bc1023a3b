//! Parser bounds and connection modes of one side, from the plan.

use weir_http::{Limits, Mode};
use weir_plan::settings::HttpConnectionMode;
use weir_plan::{Plan, Proxy};

/// For requests that `proxy` receives.
pub fn of_requests(plan: &Plan, proxy: &Proxy) -> Limits {
    limits(plan, proxy.settings.options.accept_unsafe_request)
}

/// For responses to requests that `proxy` sends.
pub fn of_responses(plan: &Plan, proxy: &Proxy) -> Limits {
    limits(plan, proxy.settings.options.accept_unsafe_response)
}

fn limits(plan: &Plan, accept_unsafe: bool) -> Limits {
    let tune = &plan.global.tune;
    Limits {
        max_headers: tune.maxhdr as u16,
        bufsize: tune.bufsize,
        maxrewrite: tune.maxrewrite,
        accept_unsafe,
        accept_payload_with_any_method: plan.global.accept_payload_with_any_method,
        keep_open_on_insecure_transfer_encoding: plan.global.keep_open_on_insecure_transfer_encoding,
    }
}

/// The connection mode that a proxy's options ask for.
pub fn connection_mode(proxy: &Proxy) -> Mode {
    match proxy.settings.options.connection_mode {
        HttpConnectionMode::KeepAlive => Mode::KeepAlive,
        HttpConnectionMode::ServerClose => Mode::ServerClose,
        HttpConnectionMode::Close => Mode::Close,
    }
}
