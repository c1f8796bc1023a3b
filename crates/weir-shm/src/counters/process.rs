//! What `show info` counts.

counters! {
    /// Process-wide counters of one worker.
    pub struct ProcessCounters {
        /// `CurrConns`: client connections now.
        curr_conns: Gauge,
        /// Connections about to be accepted, and so not in `curr_conns` yet.
        claims: Gauge,
        /// Accept loops that wait for a place.
        parked: Gauge,
        /// `CurrSslConns`
        curr_ssl_conns: Gauge,
        /// `CurrStreams`
        curr_streams: Gauge,
        /// `Jobs`: connections, listeners and other work that keeps the worker from leaving.
        jobs: Gauge,
        /// `PipesUsed`
        pipes_used: Gauge,
        /// `PipesFree`
        pipes_free: Gauge,
        /// `Tasks`
        tasks: Gauge,
        /// `Run_queue`
        run_queue: Gauge,
        /// `Idle_pct` of this worker, 0 to 100.
        idle_pct: Gauge,
        /// `ActivePeers`
        active_peers: Gauge,
        /// `ConnectedPeers`
        connected_peers: Gauge,
        /// `ZlibMemUsage`: bytes used by compressions in progress.
        zlib_memory: Gauge,
        /// Descriptors open now.
        open_descriptors: Gauge,
        /// `CumConns`
        cum_conns: Counter,
        /// `CumReq`
        cum_req: Counter,
        /// `CumStreams`
        cum_streams: Counter,
        /// `CumSslConns`
        cum_ssl_conns: Counter,
        /// `SslCacheLookups`
        ssl_cache_lookups: Counter,
        /// `SslCacheMisses`
        ssl_cache_misses: Counter,
        /// `TotalBytesOut`
        bytes_out: Counter,
        /// `TotalSplicedBytesOut`
        spliced_bytes_out: Counter,
        /// `DroppedLogs`
        dropped_logs: Counter,
        /// `CumRecvLogs`
        cum_recv_logs: Counter,
        /// `FailedResolutions`
        failed_resolutions: Counter,
        /// `TotalWarnings`
        total_warnings: Counter,
        /// `MaxconnReached`
        maxconn_reached: Counter,
        /// `PatternsAdded`
        patterns_added: Counter,
        /// `PatternsFreed`
        patterns_freed: Counter,
        /// `BlockedTrafficWarnings`
        blocked_traffic_warnings: Counter,
        /// `DebugCommandsIssued`
        debug_commands: Counter,
        /// Panics that ended one stream.
        stream_panics: Counter,
        /// `ConnRate`
        conn_rate: Rate,
        /// `SessRate`
        sess_rate: Rate,
        /// `SslRate`
        ssl_rate: Rate,
        /// `SslFrontendKeyRate`
        ssl_frontend_key_rate: Rate,
        /// `SslBackendKeyRate`
        ssl_backend_key_rate: Rate,
        /// `BytesOutRate`, counted in units of 32 bytes so that the rate of a fast link fits.
        bytes_out_32_rate: Rate,
        /// `CompressBpsIn`
        comp_in_rate: Rate,
        /// `CompressBpsOut`
        comp_out_rate: Rate,
    }
}
