//! `tune.h2.*` for one side's connections.

use weir_http::Limits;
use weir_http::h2::Config;
use weir_plan::Plan;
use weir_plan::settings::{Http2Errors, Http2Side};

/// For connections of clients.
pub fn of_clients(plan: &Plan, limits: Limits) -> Config {
    let tune = &plan.global.tune;
    let config = side(plan, &tune.http2.client, limits);
    Config { extended_connect: !tune.http2.no_extended_connect, ..config }
}

/// For connections to servers.
pub fn of_servers(plan: &Plan, limits: Limits) -> Config {
    side(plan, &plan.global.tune.http2.server, limits)
}

fn side(plan: &Plan, side: &Http2Side, limits: Limits) -> Config {
    let tune = &plan.global.tune;
    let common = &tune.http2;
    let max_streams = side.max_streams.or(common.max_streams).unwrap_or(100);
    let initial_window = side.initial_window.or(common.initial_window).unwrap_or(tune.bufsize);
    // Room for one buffer of each stream, and whole buffers.
    let least = max_streams.clamp(1, 1000).saturating_mul(initial_window.max(tune.bufsize));
    let receive_budget = side.receive_budget.unwrap_or(0).next_multiple_of(tune.bufsize.max(1)).max(least);
    let largest = tune.bufsize.max(16384);
    Config {
        max_streams,
        initial_window,
        max_frame: common.max_frame.unwrap_or(largest).min(largest),
        header_table: common.header_table,
        receive_budget: receive_budget.min((1 << 31) - 1),
        extended_connect: true,
        max_total: side.max_total,
        glitches: side.glitches,
        log_connections: common.log_errors >= Http2Errors::Connection,
        log_streams: common.log_errors >= Http2Errors::Stream,
        limits,
    }
}
