//! What `show stat` counts for listeners (type 3), frontends (0) and backends (1).

counters! {
    /// One worker's counters of one `bind` line.
    pub struct ListenerCounters {
        scur: Gauge,
        /// Places that the worker's accept loops hold for connections they have not counted yet.
        claims: Gauge,
        stot: Counter,
        bin: Counter,
        bout: Counter,
        dreq: Counter,
        dresp: Counter,
        ereq: Counter,
        dcon: Counter,
        dses: Counter,
        wrew: Counter,
        eint: Counter,
        /// Connections accepted; `stot` counts sessions.
        conn_tot: Counter,
        /// Handshakes that made a session, that resumed one, that failed.
        ssl_sess: Counter,
        ssl_reused_sess: Counter,
        ssl_failed_handshake: Counter,
    }
}

counters! {
    /// One worker's counters of a proxy's frontend half.
    pub struct FrontendCounters {
        scur: Gauge,
        /// As of listeners.
        claims: Gauge,
        stot: Counter,
        bin: Counter,
        bout: Counter,
        dreq: Counter,
        dresp: Counter,
        ereq: Counter,
        hrsp_1xx: Counter,
        hrsp_2xx: Counter,
        hrsp_3xx: Counter,
        hrsp_4xx: Counter,
        hrsp_5xx: Counter,
        hrsp_other: Counter,
        req_tot: Counter,
        comp_in: Counter,
        comp_out: Counter,
        comp_byp: Counter,
        comp_rsp: Counter,
        conn_tot: Counter,
        intercepted: Counter,
        dcon: Counter,
        dses: Counter,
        wrew: Counter,
        cache_lookups: Counter,
        cache_hits: Counter,
        eint: Counter,
        sess_other: Counter,
        h1_sess: Counter,
        h2_sess: Counter,
        h3_sess: Counter,
        req_other: Counter,
        h1req: Counter,
        h2req: Counter,
        h3req: Counter,
        /// Handshakes that made a session, that resumed one, that failed.
        ssl_sess: Counter,
        ssl_reused_sess: Counter,
        ssl_failed_handshake: Counter,
        /// `rate`: sessions per second.
        rate: Rate,
        req_rate: Rate,
        conn_rate: Rate,
    }
}

counters! {
    /// One worker's counters of a proxy's backend half.
    pub struct BackendCounters {
        /// Waiting for any server of the backend.
        qcur: Gauge,
        scur: Gauge,
        stot: Counter,
        bin: Counter,
        bout: Counter,
        dreq: Counter,
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
        comp_in: Counter,
        comp_out: Counter,
        comp_byp: Counter,
        comp_rsp: Counter,
        intercepted: Counter,
        wrew: Counter,
        connect: Counter,
        reuse: Counter,
        cache_lookups: Counter,
        cache_hits: Counter,
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
