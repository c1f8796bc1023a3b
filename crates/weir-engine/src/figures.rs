//! Figures of proxies and servers over all workers, for fetches like `nbsrv` and `srv_conn`.

use weir_plan::Plan;
use weir_sample::stream::{BackendFigure, ServerFigure};
use weir_shm::Shm;
use weir_types::{ProxyId, ServerId};

pub fn of_backend(shm: Shm, now_ms: u64, plan: &Plan, proxy: ProxyId, figure: BackendFigure) -> i64 {
    let proxy = plan.proxy(proxy);
    let Some(backend) = proxy.backend.as_deref() else { return 0 };
    let view = shm.backend(proxy.backend_slot);
    let servers = || backend.servers.iter();
    let usable = || servers().filter(|id| shm.server(plan.server(*id).slot).state.usable());
    let sum = |figure: ServerFigure| usable().map(|id| of_server(shm, now_ms, plan, id, figure)).sum::<i64>();
    match figure {
        BackendFigure::UsableServers => usable().count() as i64,
        BackendFigure::Connections => view.sum(|counters| counters.scur.value()) as i64,
        BackendFigure::FreeConnections => {
            if usable().any(|id| plan.server(id).settings.maxconn == 0) {
                return -1;
            }
            sum(ServerFigure::FreeConnections)
        }
        BackendFigure::Queue => view.sum(|counters| counters.qcur.value()) as i64,
        BackendFigure::AverageQueue => {
            let queued = view.sum(|counters| counters.qcur.value()) as i64;
            let count = usable().count() as i64;
            if count == 0 { queued } else { (queued + count - 1) / count }
        }
        BackendFigure::Slots => {
            if usable().any(|id| plan.server(id).settings.maxconn == 0) {
                return -1;
            }
            usable().map(|id| i64::from(plan.server(id).settings.maxconn)).sum()
        }
        BackendFigure::SessionRate => view.sum(|counters| counters.rate.value(now_ms)) as i64,
    }
}

pub fn of_server(shm: Shm, now_ms: u64, plan: &Plan, id: ServerId, figure: ServerFigure) -> i64 {
    let server = plan.server(id);
    let view = shm.server(server.slot);
    let connections = || view.sum(|counters| counters.scur.value()) as i64;
    match figure {
        ServerFigure::IsUp => i64::from(view.state.usable()),
        ServerFigure::Connections => connections(),
        ServerFigure::FreeConnections => match server.settings.maxconn {
            0 => -1,
            limit => (i64::from(limit) - connections()).max(0),
        },
        ServerFigure::Queue => view.sum(|counters| counters.qcur.value()) as i64,
        ServerFigure::SessionRate => view.sum(|counters| counters.rate.value(now_ms)) as i64,
        ServerFigure::Weight => {
            let scale = i64::from(weir_balance::WEIGHT_SCALE);
            (i64::from(view.state.effective_weight.value()) + scale - 1) / scale
        }
        ServerFigure::InitialWeight => view.state.initial_weight.value().into(),
        ServerFigure::UserWeight => view.state.user_weight.value().into(),
    }
}
