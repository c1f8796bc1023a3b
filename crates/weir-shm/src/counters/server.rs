//! What `show stat` counts for servers (type 2).

counters! {
    /// One worker's counters of one server.
    pub struct ServerCounters {
        /// Waiting for this server.
        qcur: Gauge,
        scur: Gauge,
        /// Streams that occupy one of the server's `maxconn` places. Changed under the backend's lock only.
        served: Gauge,
        /// `srv_icur`: idle connections of any kind.
        srv_icur: Gauge,
        idle_conn_cur: Gauge,
        safe_conn_cur: Gauge,
        priv_idle_cur: Gauge,
        used_conn_cur: Gauge,
        need_conn_est: Gauge,
        stot: Counter,
        bin: Counter,
        bout: Counter,
        dresp: Counter,
        econ: Counter,
        eresp: Counter,
        wretr: Counter,
        wredis: Counter,
        lbtot: Counter,
        hrsp_1xx: Counter,
        hrsp_2xx: Counter,
        hrsp_3xx: Counter,
        hrsp_4xx: Counter,
        hrsp_5xx: Counter,
        hrsp_other: Counter,
        req_tot: Counter,
        cli_abrt: Counter,
        srv_abrt: Counter,
        wrew: Counter,
        connect: Counter,
        reuse: Counter,
        eint: Counter,
        /// Handshakes that made a session, that resumed one, that failed.
        ssl_sess: Counter,
        ssl_reused_sess: Counter,
        ssl_failed_handshake: Counter,
        /// When the last session was assigned; `lastsess` is the time since then.
        last_session: Latest,
        rate: Rate,
        qtime: Average,
        ctime: Average,
        rtime: Average,
        ttime: Average,
    }
}
