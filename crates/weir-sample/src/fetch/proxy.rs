//! Figures and names of proxies, listeners and servers (manual 7.3.2, 7.3.3).

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{BackendFigure, FrontendFigure, ServerFigure, Stream, TimeoutName};
use crate::value::{Got, Value};

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new(
        "avg_queue",
        sig(1, &[Backend]),
        Sint,
        Reads::Internal,
        "waiting connections per server of a backend (7.3.2)",
    )
    .runs(avg_queue),
    Fetch::new("bc_be_queue", NONE, Sint, Reads::Server4, "connections ahead in the backend's queue (7.3.2)")
        .runs(bc_be_queue),
    Fetch::new("bc_srv_queue", NONE, Sint, Reads::Server4, "connections ahead in the server's queue (7.3.2)")
        .runs(bc_srv_queue),
    Fetch::new("be_conn", sig(1, &[Backend]), Sint, Reads::Internal, "connections of a backend (7.3.2)")
        .runs(be_conn),
    Fetch::new(
        "be_conn_free",
        sig(1, &[Backend]),
        Sint,
        Reads::Internal,
        "connections a backend can still take (7.3.2)",
    )
    .runs(be_conn_free),
    Fetch::new("be_connect_timeout", NONE, Sint, Reads::Backend, "connect timeout of the backend (7.3.3)")
        .runs(be_connect_timeout),
    Fetch::new("be_id", NONE, Sint, Reads::Backend, "id of the backend (7.3.3)").runs(be_id),
    Fetch::new("be_name", NONE, Str, Reads::Backend, "name of the backend (7.3.3)").runs(be_name),
    Fetch::new("be_queue_timeout", NONE, Sint, Reads::Backend, "queue timeout of the backend (7.3.3)")
        .runs(be_queue_timeout),
    Fetch::new("be_server_timeout", NONE, Sint, Reads::Backend, "server timeout of the backend (7.3.3)")
        .runs(be_server_timeout),
    Fetch::new(
        "be_sess_rate",
        sig(1, &[Backend]),
        Sint,
        Reads::Internal,
        "sessions a second of a backend (7.3.2)",
    )
    .runs(be_sess_rate),
    Fetch::new("be_tarpit_timeout", NONE, Sint, Reads::Backend, "tarpit timeout of the backend (7.3.3)")
        .runs(be_tarpit_timeout),
    Fetch::new("be_tunnel_timeout", NONE, Sint, Reads::Backend, "tunnel timeout of the backend (7.3.3)")
        .runs(be_tunnel_timeout),
    Fetch::new(
        "connslots",
        sig(1, &[Backend]),
        Sint,
        Reads::Internal,
        "connections and queue places a backend can still take (7.3.2)",
    )
    .runs(connslots),
    Fetch::new("cur_client_timeout", NONE, Sint, Reads::Frontend, "client timeout in force (7.3.3)")
        .runs(cur_client_timeout),
    Fetch::new("cur_connect_timeout", NONE, Sint, Reads::Backend, "connect timeout in force (7.3.3)")
        .runs(cur_connect_timeout),
    Fetch::new("cur_queue_timeout", NONE, Sint, Reads::Backend, "queue timeout in force (7.3.3)")
        .runs(cur_queue_timeout),
    Fetch::new("cur_server_timeout", NONE, Sint, Reads::Backend, "server timeout in force (7.3.3)")
        .runs(cur_server_timeout),
    Fetch::new("cur_tarpit_timeout", NONE, Sint, Reads::Client4, "tarpit timeout in force (7.3.3)")
        .runs(cur_tarpit_timeout),
    Fetch::new("cur_tunnel_timeout", NONE, Sint, Reads::Backend, "tunnel timeout in force (7.3.3)")
        .runs(cur_tunnel_timeout),
    Fetch::new("dst_conn", NONE, Sint, Reads::Frontend, "connections of the listener (7.3.3)").runs(dst_conn),
    Fetch::new("fe_client_timeout", NONE, Sint, Reads::Frontend, "client timeout of the frontend (7.3.3)")
        .runs(fe_client_timeout),
    Fetch::new("fe_conn", sig(1, &[Frontend]), Sint, Reads::Internal, "connections of a frontend (7.3.2)")
        .runs(fe_conn),
    Fetch::new("fe_defbe", NONE, Str, Reads::Frontend, "name of the frontend's default backend (7.3.3)")
        .runs(fe_defbe),
    Fetch::new("fe_id", NONE, Sint, Reads::Frontend, "id of the frontend (7.3.3)").runs(fe_id),
    Fetch::new("fe_name", NONE, Str, Reads::Frontend, "name of the frontend (7.3.3)").runs(fe_name),
    Fetch::new(
        "fe_req_rate",
        sig(1, &[Frontend]),
        Sint,
        Reads::Internal,
        "requests a second of a frontend (7.3.2)",
    )
    .runs(fe_req_rate),
    Fetch::new(
        "fe_sess_rate",
        sig(1, &[Frontend]),
        Sint,
        Reads::Internal,
        "sessions a second of a frontend (7.3.2)",
    )
    .runs(fe_sess_rate),
    Fetch::new("fe_tarpit_timeout", NONE, Sint, Reads::Frontend, "tarpit timeout of the frontend (7.3.3)")
        .runs(fe_tarpit_timeout),
    Fetch::new("nbsrv", sig(1, &[Backend]), Sint, Reads::Internal, "usable servers of a backend (7.3.2)")
        .runs(nbsrv),
    Fetch::new("queue", sig(1, &[Backend]), Sint, Reads::Internal, "queued connections of a backend (7.3.2)")
        .runs(queue),
    Fetch::new("so_id", NONE, Sint, Reads::Frontend, "id of the listener (7.3.3)").runs(so_id),
    Fetch::new("so_name", NONE, Str, Reads::Frontend, "name of the listener (7.3.3)").runs(so_name),
    Fetch::new("srv_conn", sig(1, &[Server]), Sint, Reads::Internal, "connections of a server (7.3.2)")
        .runs(srv_conn),
    Fetch::new(
        "srv_conn_free",
        sig(1, &[Server]),
        Sint,
        Reads::Internal,
        "connections a server can still take (7.3.2)",
    )
    .runs(srv_conn_free),
    Fetch::new("srv_id", NONE, Sint, Reads::Server, "id of the chosen server (7.3.3)").runs(srv_id),
    Fetch::new("srv_is_up", sig(1, &[Server]), Bool, Reads::Internal, "whether a server is up (7.3.2)")
        .runs(srv_is_up),
    Fetch::new("srv_iweight", sig(1, &[Server]), Sint, Reads::Internal, "initial weight of a server (7.3.2)")
        .runs(srv_iweight),
    Fetch::new("srv_name", NONE, Str, Reads::Server, "name of the chosen server (7.3.3)").runs(srv_name),
    Fetch::new(
        "srv_queue",
        sig(1, &[Server]),
        Sint,
        Reads::Internal,
        "queued connections of a server (7.3.2)",
    )
    .runs(srv_queue),
    Fetch::new(
        "srv_sess_rate",
        sig(1, &[Server]),
        Sint,
        Reads::Internal,
        "sessions a second of a server (7.3.2)",
    )
    .runs(srv_sess_rate),
    Fetch::new(
        "srv_uweight",
        sig(1, &[Server]),
        Sint,
        Reads::Internal,
        "weight of a server as set by the user (7.3.2)",
    )
    .runs(srv_uweight),
    Fetch::new(
        "srv_weight",
        sig(1, &[Server]),
        Sint,
        Reads::Internal,
        "effective weight of a server (7.3.2)",
    )
    .runs(srv_weight),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

macro_rules! backend_figures {
    ($($name:ident $figure:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            match &args[0] {
                Arg::Backend(proxy) => Got::Value(Value::Int(stream.backend_figure(*proxy, BackendFigure::$figure))),
                _ => Got::Nothing,
            }
        }
    )*};
}

backend_figures! {
    nbsrv UsableServers;
    be_conn Connections;
    be_conn_free FreeConnections;
    be_sess_rate SessionRate;
    queue Queue;
    avg_queue AverageQueue;
    connslots Slots;
}

macro_rules! frontend_figures {
    ($($name:ident $figure:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            match &args[0] {
                Arg::Frontend(proxy) => Got::Value(Value::Int(stream.frontend_figure(*proxy, FrontendFigure::$figure))),
                _ => Got::Nothing,
            }
        }
    )*};
}

frontend_figures! {
    fe_conn Connections;
    fe_req_rate RequestRate;
    fe_sess_rate SessionRate;
}

macro_rules! server_figures {
    ($($name:ident $figure:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            match &args[0] {
                Arg::Server(server) => Got::Value(Value::Int(stream.server_figure(*server, ServerFigure::$figure))),
                _ => Got::Nothing,
            }
        }
    )*};
}

server_figures! {
    srv_conn Connections;
    srv_conn_free FreeConnections;
    srv_queue Queue;
    srv_sess_rate SessionRate;
    srv_weight Weight;
    srv_iweight InitialWeight;
    srv_uweight UserWeight;
}

fn srv_is_up<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    match &args[0] {
        Arg::Server(server) => {
            Got::Value(Value::Bool(stream.server_figure(*server, ServerFigure::IsUp) != 0))
        }
        _ => Got::Nothing,
    }
}

macro_rules! names {
    ($($name:ident $method:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.$method().map(|name| Value::text(name.as_bytes())).into()
        }
    )*};
}

names! {
    fe_name frontend_name;
    fe_defbe default_backend_name;
    be_name backend_name;
    srv_name server_name;
    so_name listener_name;
}

macro_rules! numbers {
    ($($name:ident $method:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.$method().map(Value::Int).into()
        }
    )*};
}

numbers! {
    fe_id frontend_id;
    be_id backend_id;
    srv_id server_id;
    so_id listener_id;
    dst_conn listener_connections;
}

macro_rules! timeouts {
    ($($name:ident $which:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.timeout(TimeoutName::$which).map(Value::Int).into()
        }
    )*};
}

timeouts! {
    fe_client_timeout FrontendClient;
    fe_tarpit_timeout FrontendTarpit;
    be_connect_timeout BackendConnect;
    be_queue_timeout BackendQueue;
    be_server_timeout BackendServer;
    be_tarpit_timeout BackendTarpit;
    be_tunnel_timeout BackendTunnel;
    cur_client_timeout CurrentClient;
    cur_connect_timeout CurrentConnect;
    cur_queue_timeout CurrentQueue;
    cur_server_timeout CurrentServer;
    cur_tarpit_timeout CurrentTarpit;
    cur_tunnel_timeout CurrentTunnel;
}

fn bc_be_queue<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.log_queues()[1]))
}

fn bc_srv_queue<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Int(stream.log_queues()[0]))
}
