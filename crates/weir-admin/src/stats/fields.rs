//! The fields of `show stat` in their order (management manual 9.1), and what `typed`, `json` and `desc` say of each.

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub text: &'static str,
    /// Origin, nature, scope and persistence as `typed` prints them, for a frontend, a backend, a server, a listener;
    /// empty where the object has no such field.
    pub tags: [&'static str; 4],
}

/// Columns up to here are HAProxy's own; in CSV a column named `-` separates them from those of the modules.
pub const CORE_FIELDS: usize = 118;

const fn field(name: &'static str, text: &'static str, tags: [&'static str; 4]) -> Field {
    Field { name, text, tags }
}

#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    field("pxname", "Proxy name", ["KNSV", "KNSV", "KNSV", "KNSV"]),
    field("svname", "Server name", ["KNSV", "KNSV", "KNSV", "KNSV"]),
    field("qcur", "Number of current queued connections", ["", "MGPV", "MGPV", ""]),
    field("qmax", "Highest value of queued connections encountered since process started", ["", "MMPV", "MMPV", ""]),
    field("scur", "Number of current sessions on the frontend, backend or server", ["MGPV", "MGPV", "MGPV", "MGPV"]),
    field("smax", "Highest value of current sessions encountered since process started", ["MMPV", "MMPV", "MMPV", "MMPV"]),
    field("slim", "Frontend/listener/server's maxconn, backend's fullconn", ["CLPV", "CLPV", "CLPV", "CLPV"]),
    field("stot", "Total number of sessions since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("bin", "Total number of request bytes since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("bout", "Total number of response bytes since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("dreq", "Total number of denied requests since process started", ["MCPP", "MCPP", "", "MCPP"]),
    field("dresp", "Total number of denied responses since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("ereq", "Total number of invalid requests since process started", ["MCPP", "", "", "MCPP"]),
    field("econ", "Total number of failed connections to server since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("eresp", "Total number of invalid responses since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("wretr", "Total number of server connection retries since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("wredis", "Total number of server redispatches due to connection failures since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("status", "Frontend/listen status: OPEN/WAITING/FULL/STOP; backend: UP/DOWN; server: last check status", ["SGPV", "SGPV", "SGPV", "SGPV"]),
    field("weight", "Server's effective weight, or sum of active servers' effective weights for a backend", ["", "MaPV", "MaPV", ""]),
    field("act", "Total number of active UP servers with a non-zero weight", ["", "MGPV", "SGPV", ""]),
    field("bck", "Total number of backup UP servers with a non-zero weight", ["", "MGPV", "SGPV", ""]),
    field("chkfail", "Total number of failed individual health checks per server/backend, since the worker process started", ["", "", "MCPP", ""]),
    field("chkdown", "Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("lastchg", "How long ago the last server state changed, in seconds", ["", "MAPP", "MAPP", ""]),
    field("downtime", "Total time spent in DOWN state, for server or backend", ["", "MCPV", "MCPV", ""]),
    field("qlimit", "Limit on the number of connections in queue, for servers only (maxqueue argument)", ["", "", "CGSV", ""]),
    field("pid", "Relative worker process number (1)", ["KGPV", "KGPV", "KGPV", "KGPV"]),
    field("iid", "Frontend or Backend numeric identifier ('id' setting)", ["KGSV", "KGSV", "KGSV", "KGSV"]),
    field("sid", "Server numeric identifier ('id' setting)", ["KGSV", "KGSV", "KGSV", "KGSV"]),
    field("throttle", "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)", ["", "", "MaPV", ""]),
    field("lbtot", "Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)", ["", "MCPP", "MCPP", ""]),
    field("tracked", "Name of the other server this server tracks for its state", ["", "", "CNSV", ""]),
    field("type", "Type of the object (Listener, Frontend, Backend, Server)", ["CGSV", "CGSV", "CGSV", "CGSV"]),
    field("rate", "Total number of sessions processed by this object over the last second (sessions for listeners/frontends, requests for backends/servers)", ["MRPP", "MRPP", "MRPP", ""]),
    field("rate_lim", "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)", ["CLPV", "", "", ""]),
    field("rate_max", "Highest value of sessions per second observed since the worker process started", ["MMPV", "MGPV", "MMPV", ""]),
    field("check_status", "Status report of the server's latest health check, prefixed with '*' if a check is currently in progress", ["", "", "MOPV", ""]),
    field("check_code", "HTTP/SMTP/LDAP status code reported by the latest server health check", ["", "", "MOPV", ""]),
    field("check_duration", "Total duration of the latest server health check, in milliseconds", ["", "", "MDPV", ""]),
    field("hrsp_1xx", "Total number of HTTP responses with status 100-199 returned by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("hrsp_2xx", "Total number of HTTP responses with status 200-299 returned by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("hrsp_3xx", "Total number of HTTP responses with status 300-399 returned by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("hrsp_4xx", "Total number of HTTP responses with status 400-499 returned by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("hrsp_5xx", "Total number of HTTP responses with status 500-599 returned by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("hrsp_other", "Total number of HTTP responses with status <100, >599 returned by this object since the worker process started (error -1 included)", ["MCPP", "MCPP", "MCPP", ""]),
    field("hanafail", "Total number of failed checks caused by an 'on-error' directive after an 'observe' condition matched", ["", "", "MCPP", ""]),
    field("req_rate", "Number of HTTP requests processed over the last second on this object", ["MRPP", "", "", ""]),
    field("req_rate_max", "Highest value of http requests observed since the worker process started", ["MMPV", "", "", ""]),
    field("req_tot", "Total number of HTTP requests processed by this object since the worker process started", ["MCPP", "MCPP", "MCPP", ""]),
    field("cli_abrt", "Total number of requests or connections aborted by the client since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("srv_abrt", "Total number of requests or connections aborted by the server since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("comp_in", "Total number of bytes submitted to the HTTP compressor for this object since the worker process started", ["MCPP", "MCPP", "", ""]),
    field("comp_out", "Total number of bytes emitted by the HTTP compressor for this object since the worker process started", ["MCPP", "MCPP", "", ""]),
    field("comp_byp", "Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)", ["MCPP", "MCPP", "", ""]),
    field("comp_rsp", "Total number of HTTP responses that were compressed for this object since the worker process started", ["MCPP", "MCPP", "", ""]),
    field("lastsess", "How long ago some traffic was seen on this object on this worker process, in seconds", ["", "MAPP", "MAPP", ""]),
    field("last_chk", "Short description of the latest health check report for this server (see also check_desc)", ["", "", "MOPV", ""]),
    field("last_agt", "Short description of the latest agent check report for this server (see also agent_desc)", ["", "", "MOPV", ""]),
    field("qtime", "Time spent in the queue, in milliseconds, averaged over the 1024 last requests (backend/server)", ["", "MaPV", "MaPV", ""]),
    field("ctime", "Time spent waiting for a connection to complete, in milliseconds, averaged over the 1024 last requests (backend/server)", ["", "MaPV", "MaPV", ""]),
    field("rtime", "Time spent waiting for a server response, in milliseconds, averaged over the 1024 last requests (backend/server)", ["", "MaPV", "MaPV", ""]),
    field("ttime", "Total request+response time (request+queue+connect+response+processing), in milliseconds, averaged over the 1024 last requests (backend/server)", ["", "MaPV", "MaPV", ""]),
    field("agent_status", "Status report of the server's latest agent check, prefixed with '*' if a check is currently in progress", ["", "", "MOPV", ""]),
    field("agent_code", "Status code reported by the latest server agent check", ["", "", "", ""]),
    field("agent_duration", "Total duration of the latest server agent check, in milliseconds", ["", "", "MDPV", ""]),
    field("check_desc", "Textual description of the latest health check report for this server", ["", "", "MOPV", ""]),
    field("agent_desc", "Textual description of the latest agent check report for this server", ["", "", "MOPV", ""]),
    field("check_rise", "Number of successful health checks before declaring a server UP (server 'rise' setting)", ["", "", "CGSV", ""]),
    field("check_fall", "Number of failed health checks before declaring a server DOWN (server 'fall' setting)", ["", "", "CGSV", ""]),
    field("check_health", "Current server health check level (0..fall-1=DOWN, fall..rise-1=UP)", ["", "", "CGSV", ""]),
    field("agent_rise", "Number of successful agent checks before declaring a server UP (server 'rise' setting)", ["", "", "CGSV", ""]),
    field("agent_fall", "Number of failed agent checks before declaring a server DOWN (server 'fall' setting)", ["", "", "CGSV", ""]),
    field("agent_health", "Current server agent check level (0..fall-1=DOWN, fall..rise-1=UP)", ["", "", "CGSV", ""]),
    field("addr", "Server's address:port, shown only if show-legends is set, or at levels oper/admin for the CLI", ["", "", "CGSV", "CGSV"]),
    field("cookie", "Backend's cookie name or Server's cookie value, shown only if show-legends is set, or at levels oper/admin for the CLI", ["", "CNSV", "CNSV", ""]),
    field("mode", "'mode' setting (tcp/http/health/cli)", ["CGSV", "CGSV", "CGSV", "CGSV"]),
    field("algo", "Backend's load balancing algorithm, shown only if show-legends is set, or at levels oper/admin for the CLI", ["", "CGSV", "", ""]),
    field("conn_rate", "Number of new connections accepted over the last second on the frontend for this worker process", ["MRPP", "", "", ""]),
    field("conn_rate_max", "Highest value of connections per second observed since the worker process started", ["MMPV", "", "", ""]),
    field("conn_tot", "Total number of new connections accepted on this frontend since the worker process started", ["MCPP", "", "", ""]),
    field("intercepted", "Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started", ["MCPP", "", "", ""]),
    field("dcon", "Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started", ["MCPP", "", "", "MCPP"]),
    field("dses", "Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started", ["MCPP", "", "", "MCPP"]),
    field("wrew", "Total number of failed HTTP header rewrites since the worker process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("connect", "Total number of outgoing connection attempts on this backend/server since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("reuse", "Total number of reused connection on this backend/server since the worker process started", ["", "MCPP", "MCPP", ""]),
    field("cache_lookups", "Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started", ["MCPP", "MCPP", "", ""]),
    field("cache_hits", "Total number of HTTP requests not found in the cache on this frontend/backend since the worker process started", ["MCPP", "MCPP", "", ""]),
    field("srv_icur", "Current number of idle connections available for reuse on this server", ["", "", "MGPV", ""]),
    field("src_ilim", "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)", ["", "", "CLPV", ""]),
    field("qtime_max", "Maximum observed time spent in the queue, in milliseconds (backend/server)", ["", "MMPV", "MMPV", ""]),
    field("ctime_max", "Maximum observed time spent waiting for a connection to complete, in milliseconds (backend/server)", ["", "MMPV", "MMPV", ""]),
    field("rtime_max", "Maximum observed time spent waiting for a server response, in milliseconds (backend/server)", ["", "MMPV", "MMPV", ""]),
    field("ttime_max", "Maximum observed total request+response time (request+queue+connect+response+processing), in milliseconds (backend/server)", ["", "MMPV", "MMPV", ""]),
    field("eint", "Total number of internal errors since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("idle_conn_cur", "Current number of unsafe idle connections", ["", "", "MGPV", ""]),
    field("safe_conn_cur", "Current number of safe idle connections", ["", "", "MGPV", ""]),
    field("used_conn_cur", "Current number of connections in use", ["", "", "MGPV", ""]),
    field("need_conn_est", "Estimated needed number of connections", ["", "", "MGPV", ""]),
    field("uweight", "Server's user weight, or sum of active servers' user weights for a backend", ["", "MaPV", "MaPV", ""]),
    field("agg_server_status", "Backend's aggregated gauge of servers' status", ["", "MGPV", "", ""]),
    field("agg_server_check_status", "[DEPRECATED] Backend's aggregated gauge of servers' status", ["", "MGPV", "", ""]),
    field("agg_check_status", "Backend's aggregated gauge of servers' state check status", ["", "MGPV", "", ""]),
    field("srid", "Server id revision, to prevent server id reuse mixups", ["", "", "MCPV", ""]),
    field("sess_other", "Total number of sessions other than HTTP since process started", ["MCPV", "", "", ""]),
    field("h1sess", "Total number of HTTP/1 sessions since process started", ["MCPP", "", "", ""]),
    field("h2sess", "Total number of HTTP/2 sessions since process started", ["MCPP", "", "", ""]),
    field("h3sess", "Total number of HTTP/3 sessions since process started", ["MCPP", "", "", ""]),
    field("req_other", "Total number of sessions other than HTTP processed by this object since the worker process started", ["MCPP", "", "", ""]),
    field("h1req", "Total number of HTTP/1 sessions processed by this object since the worker process started", ["MCPP", "", "", ""]),
    field("h2req", "Total number of hTTP/2 sessions processed by this object since the worker process started", ["MCPP", "", "", ""]),
    field("h3req", "Total number of HTTP/3 sessions processed by this object since the worker process started", ["MCPP", "", "", ""]),
    field("proto", "Protocol", ["", "", "", "SGPV"]),
    field("priv_idle_cur", "Current number of private idle connections", ["", "", "MGPV", ""]),
    field("reqbin", "Total number of request bytes received since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("reqbout", "Total number of request bytes sent since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("resbin", "Total number of response bytes received since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("resbout", "Total number of response bytes sent since process started", ["MCPP", "MCPP", "MCPP", "MCPP"]),
    field("ssl_sess", "Total number of ssl sessions established", ["MCPV", "MCPV", "MCPV", "MCPV"]),
    field("ssl_reused_sess", "Total number of ssl sessions reused", ["MCPV", "MCPV", "MCPV", "MCPV"]),
    field("ssl_failed_handshake", "Total number of failed handshake", ["MCPV", "MCPV", "MCPV", "MCPV"]),
    field("ssl_ocsp_staple", "ssl ocsp staple", ["MCPV", "MCPV", "MCPV", ""]),
    field("ssl_failed_ocsp_staple", "ssl failed ocsp staple", ["MCPV", "MCPV", "MCPV", ""]),
    field("h3_data", "h3 data", ["MCPV", "MCPV", "", ""]),
    field("h3_headers", "h3 headers", ["MCPV", "MCPV", "", ""]),
    field("h3_cancel_push", "h3 cancel push", ["MCPV", "MCPV", "", ""]),
    field("h3_push_promise", "h3 push promise", ["MCPV", "MCPV", "", ""]),
    field("h3_max_push_id", "h3 max push id", ["MCPV", "MCPV", "", ""]),
    field("h3_goaway", "h3 goaway", ["MCPV", "MCPV", "", ""]),
    field("h3_settings", "h3 settings", ["MCPV", "MCPV", "", ""]),
    field("h3_no_error", "h3 no error", ["MCPV", "MCPV", "", ""]),
    field("h3_general_protocol_error", "h3 general protocol error", ["MCPV", "MCPV", "", ""]),
    field("h3_internal_error", "h3 internal error", ["MCPV", "MCPV", "", ""]),
    field("h3_stream_creation_error", "h3 stream creation error", ["MCPV", "MCPV", "", ""]),
    field("h3_closed_critical_stream", "h3 closed critical stream", ["MCPV", "MCPV", "", ""]),
    field("h3_frame_unexpected", "h3 frame unexpected", ["MCPV", "MCPV", "", ""]),
    field("h3_frame_error", "h3 frame error", ["MCPV", "MCPV", "", ""]),
    field("h3_excessive_load", "h3 excessive load", ["MCPV", "MCPV", "", ""]),
    field("h3_id_error", "h3 id error", ["MCPV", "MCPV", "", ""]),
    field("h3_settings_error", "h3 settings error", ["MCPV", "MCPV", "", ""]),
    field("h3_missing_settings", "h3 missing settings", ["MCPV", "MCPV", "", ""]),
    field("h3_request_rejected", "h3 request rejected", ["MCPV", "MCPV", "", ""]),
    field("h3_request_cancelled", "h3 request cancelled", ["MCPV", "MCPV", "", ""]),
    field("h3_request_incomplete", "h3 request incomplete", ["MCPV", "MCPV", "", ""]),
    field("h3_message_error", "h3 message error", ["MCPV", "MCPV", "", ""]),
    field("h3_connect_error", "h3 connect error", ["MCPV", "MCPV", "", ""]),
    field("h3_version_fallback", "h3 version fallback", ["MCPV", "MCPV", "", ""]),
    field("pack_decompression_failed", "pack decompression failed", ["MCPV", "MCPV", "", ""]),
    field("qpack_encoder_stream_error", "qpack encoder stream error", ["MCPV", "MCPV", "", ""]),
    field("qpack_decoder_stream_error", "qpack decoder stream error", ["MCPV", "MCPV", "", ""]),
    field("quic_rxbuf_full", "quic rxbuf full", ["MCPV", "MCPV", "", ""]),
    field("quic_dropped_pkt", "quic dropped pkt", ["MCPV", "MCPV", "", ""]),
    field("quic_dropped_pkt_bufoverrun", "quic dropped pkt bufoverrun", ["MCPV", "MCPV", "", ""]),
    field("quic_dropped_parsing_pkt", "quic dropped parsing pkt", ["MCPV", "MCPV", "", ""]),
    field("quic_socket_full", "quic socket full", ["MCPV", "MCPV", "", ""]),
    field("quic_sendto_err", "quic sendto err", ["MCPV", "MCPV", "", ""]),
    field("quic_sendto_err_unknwn", "quic sendto err unknwn", ["MCPV", "MCPV", "", ""]),
    field("quic_sent_pkt", "quic sent pkt", ["MCPV", "MCPV", "", ""]),
    field("quic_lost_pkt", "quic lost pkt", ["MCPV", "MCPV", "", ""]),
    field("quic_too_short_dgram", "quic too short dgram", ["MCPV", "MCPV", "", ""]),
    field("quic_retry_sent", "quic retry sent", ["MCPV", "MCPV", "", ""]),
    field("quic_retry_validated", "quic retry validated", ["MCPV", "MCPV", "", ""]),
    field("quic_retry_error", "quic retry error", ["MCPV", "MCPV", "", ""]),
    field("quic_half_open_conn", "quic half open conn", ["MGPV", "MGPV", "", ""]),
    field("quic_hdshk_fail", "quic hdshk fail", ["MCPV", "MCPV", "", ""]),
    field("quic_stless_rst_sent", "quic stless rst sent", ["MCPV", "MCPV", "", ""]),
    field("quic_conn_migration_done", "quic conn migration done", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_no_error", "quic transp err no error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_internal_error", "quic transp err internal error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_connection_refused", "quic transp err connection refused", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_flow_control_error", "quic transp err flow control error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_stream_limit_error", "quic transp err stream limit error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_stream_state_error", "quic transp err stream state error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_final_size_error", "quic transp err final size error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_frame_encoding_error", "quic transp err frame encoding error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_transport_parameter_error", "quic transp err transport parameter error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_connection_id_limit", "quic transp err connection id limit", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_protocol_violation_error", "quic transp err protocol violation error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_invalid_token", "quic transp err invalid token", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_application_error", "quic transp err application error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_crypto_buffer_exceeded", "quic transp err crypto buffer exceeded", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_key_update_error", "quic transp err key update error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_aead_limit_reached", "quic transp err aead limit reached", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_no_viable_path", "quic transp err no viable path", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_crypto_error", "quic transp err crypto error", ["MCPV", "MCPV", "", ""]),
    field("quic_transp_err_unknown_error", "quic transp err unknown error", ["MCPV", "MCPV", "", ""]),
    field("quic_data_blocked", "quic data blocked", ["MCPV", "MCPV", "", ""]),
    field("quic_stream_data_blocked", "quic stream data blocked", ["MCPV", "MCPV", "", ""]),
    field("quic_streams_blocked_bidi", "quic streams blocked bidi", ["MCPV", "MCPV", "", ""]),
    field("quic_streams_blocked_uni", "quic streams blocked uni", ["MCPV", "MCPV", "", ""]),
    field("quic_ncbuf_gap_limit", "quic ncbuf gap limit", ["MCPV", "MCPV", "", ""]),
    field("h2_headers_rcvd", "Total number of received HEADERS frames", ["MCPV", "MCPV", "", ""]),
    field("h2_data_rcvd", "Total number of received DATA frames", ["MCPV", "MCPV", "", ""]),
    field("h2_settings_rcvd", "Total number of received SETTINGS frames", ["MCPV", "MCPV", "", ""]),
    field("h2_rst_stream_rcvd", "Total number of received RST_STREAM frames", ["MCPV", "MCPV", "", ""]),
    field("h2_goaway_rcvd", "Total number of received GOAWAY frames", ["MCPV", "MCPV", "", ""]),
    field("h2_detected_conn_protocol_errors", "Total number of connection protocol errors", ["MCPV", "MCPV", "", ""]),
    field("h2_detected_strm_protocol_errors", "Total number of stream protocol errors", ["MCPV", "MCPV", "", ""]),
    field("h2_rst_stream_resp", "Total number of RST_STREAM sent on detected error", ["MCPV", "MCPV", "", ""]),
    field("h2_goaway_resp", "Total number of GOAWAY sent on detected error", ["MCPV", "MCPV", "", ""]),
    field("h2_open_connections", "Count of currently open connections", ["MGPV", "MGPV", "", ""]),
    field("h2_backend_open_streams", "Count of currently open streams", ["MGPV", "MGPV", "", ""]),
    field("h2_total_connections", "Total number of connections", ["MCPV", "MCPV", "", ""]),
    field("h2_backend_total_streams", "Total number of streams", ["MCPV", "MCPV", "", ""]),
    field("h1_open_connections", "Count of currently open connections", ["MGPV", "MGPV", "", ""]),
    field("h1_open_streams", "Count of currently open streams", ["MGPV", "MGPV", "", ""]),
    field("h1_total_connections", "Total number of connections", ["MCPV", "MCPV", "", ""]),
    field("h1_total_streams", "Total number of streams", ["MCPV", "MCPV", "", ""]),
    field("h1_bytes_in", "Total number of bytes received", ["MCPV", "MCPV", "", ""]),
    field("h1_bytes_out", "Total number of bytes send", ["MCPV", "MCPV", "", ""]),
    field("h1_spliced_bytes_in", "Total number of bytes received using kernel splicing", ["MCPV", "MCPV", "", ""]),
    field("h1_spliced_bytes_out", "Total number of bytes sendusing kernel splicing", ["MCPV", "MCPV", "", ""]),
];

/// Places in [`FIELDS`].
pub mod at {
    pub const PXNAME: usize = 0;
    pub const SVNAME: usize = 1;
    pub const QCUR: usize = 2;
    pub const QMAX: usize = 3;
    pub const SCUR: usize = 4;
    pub const SMAX: usize = 5;
    pub const SLIM: usize = 6;
    pub const STOT: usize = 7;
    pub const BIN: usize = 8;
    pub const BOUT: usize = 9;
    pub const DREQ: usize = 10;
    pub const DRESP: usize = 11;
    pub const EREQ: usize = 12;
    pub const ECON: usize = 13;
    pub const ERESP: usize = 14;
    pub const WRETR: usize = 15;
    pub const WREDIS: usize = 16;
    pub const STATUS: usize = 17;
    pub const WEIGHT: usize = 18;
    pub const ACT: usize = 19;
    pub const BCK: usize = 20;
    pub const CHKFAIL: usize = 21;
    pub const CHKDOWN: usize = 22;
    pub const LASTCHG: usize = 23;
    pub const DOWNTIME: usize = 24;
    pub const QLIMIT: usize = 25;
    pub const PID: usize = 26;
    pub const IID: usize = 27;
    pub const SID: usize = 28;
    pub const THROTTLE: usize = 29;
    pub const LBTOT: usize = 30;
    pub const TRACKED: usize = 31;
    pub const TYPE: usize = 32;
    pub const RATE: usize = 33;
    pub const RATE_LIM: usize = 34;
    pub const RATE_MAX: usize = 35;
    pub const CHECK_STATUS: usize = 36;
    pub const CHECK_CODE: usize = 37;
    pub const CHECK_DURATION: usize = 38;
    pub const HRSP_1XX: usize = 39;
    pub const HRSP_2XX: usize = 40;
    pub const HRSP_3XX: usize = 41;
    pub const HRSP_4XX: usize = 42;
    pub const HRSP_5XX: usize = 43;
    pub const HRSP_OTHER: usize = 44;
    pub const HANAFAIL: usize = 45;
    pub const REQ_RATE: usize = 46;
    pub const REQ_RATE_MAX: usize = 47;
    pub const REQ_TOT: usize = 48;
    pub const CLI_ABRT: usize = 49;
    pub const SRV_ABRT: usize = 50;
    pub const COMP_IN: usize = 51;
    pub const COMP_OUT: usize = 52;
    pub const COMP_BYP: usize = 53;
    pub const COMP_RSP: usize = 54;
    pub const LASTSESS: usize = 55;
    pub const LAST_CHK: usize = 56;
    pub const LAST_AGT: usize = 57;
    pub const QTIME: usize = 58;
    pub const CTIME: usize = 59;
    pub const RTIME: usize = 60;
    pub const TTIME: usize = 61;
    pub const AGENT_STATUS: usize = 62;
    pub const AGENT_CODE: usize = 63;
    pub const AGENT_DURATION: usize = 64;
    pub const CHECK_DESC: usize = 65;
    pub const AGENT_DESC: usize = 66;
    pub const CHECK_RISE: usize = 67;
    pub const CHECK_FALL: usize = 68;
    pub const CHECK_HEALTH: usize = 69;
    pub const AGENT_RISE: usize = 70;
    pub const AGENT_FALL: usize = 71;
    pub const AGENT_HEALTH: usize = 72;
    pub const ADDR: usize = 73;
    pub const COOKIE: usize = 74;
    pub const MODE: usize = 75;
    pub const ALGO: usize = 76;
    pub const CONN_RATE: usize = 77;
    pub const CONN_RATE_MAX: usize = 78;
    pub const CONN_TOT: usize = 79;
    pub const INTERCEPTED: usize = 80;
    pub const DCON: usize = 81;
    pub const DSES: usize = 82;
    pub const WREW: usize = 83;
    pub const CONNECT: usize = 84;
    pub const REUSE: usize = 85;
    pub const CACHE_LOOKUPS: usize = 86;
    pub const CACHE_HITS: usize = 87;
    pub const SRV_ICUR: usize = 88;
    pub const SRC_ILIM: usize = 89;
    pub const QTIME_MAX: usize = 90;
    pub const CTIME_MAX: usize = 91;
    pub const RTIME_MAX: usize = 92;
    pub const TTIME_MAX: usize = 93;
    pub const EINT: usize = 94;
    pub const IDLE_CONN_CUR: usize = 95;
    pub const SAFE_CONN_CUR: usize = 96;
    pub const USED_CONN_CUR: usize = 97;
    pub const NEED_CONN_EST: usize = 98;
    pub const UWEIGHT: usize = 99;
    pub const AGG_SERVER_STATUS: usize = 100;
    pub const AGG_SERVER_CHECK_STATUS: usize = 101;
    pub const AGG_CHECK_STATUS: usize = 102;
    pub const SRID: usize = 103;
    pub const SESS_OTHER: usize = 104;
    pub const H1SESS: usize = 105;
    pub const H2SESS: usize = 106;
    pub const H3SESS: usize = 107;
    pub const REQ_OTHER: usize = 108;
    pub const H1REQ: usize = 109;
    pub const H2REQ: usize = 110;
    pub const H3REQ: usize = 111;
    pub const PROTO: usize = 112;
    pub const PRIV_IDLE_CUR: usize = 113;
    pub const REQBIN: usize = 114;
    pub const REQBOUT: usize = 115;
    pub const RESBIN: usize = 116;
    pub const RESBOUT: usize = 117;
    pub const SSL_SESS: usize = 118;
    pub const SSL_REUSED_SESS: usize = 119;
    pub const SSL_FAILED_HANDSHAKE: usize = 120;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_agree_with_the_table() {
        for (place, name) in [
            (at::PXNAME, "pxname"),
            (at::TTIME, "ttime"),
            (at::RESBOUT, "resbout"),
            (at::SSL_SESS, "ssl_sess"),
        ] {
            assert_eq!(FIELDS[place].name, name);
        }
        assert_eq!(FIELDS[CORE_FIELDS].name, "ssl_sess");
    }
}
