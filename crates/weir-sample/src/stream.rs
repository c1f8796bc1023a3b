//! What a fetch may read: the engine's stream shows itself through this trait, method by method. Everything has a
//! default answer "not there", so a health check or a configuration-time evaluation implements only what it has.

use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use weir_http::{Request, Response};
use weir_shm::DataType;
use weir_types::{ProxyId, ServerId, TableId};

use crate::connection_error::ConnectionError;
use crate::convert::crypto::{NoCertificate, TokenAlgorithms, TokenCertificate};
use crate::value::{OwnedValue, Value};
use crate::variable::Variable;

/// Milliseconds of a stream's phases (manual 8.4); -1 for a phase that was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// `Th`.
    pub handshake: i64,
    /// `Ti`.
    pub idle: i64,
    /// `TR`.
    pub request: i64,
    /// `Tw`.
    pub queue: i64,
    /// `Tc`.
    pub connect: i64,
    /// `Tr`.
    pub response: i64,
    /// `Td`.
    pub data: i64,
    /// `Ta`: from the request's first byte to the end.
    pub active: i64,
    /// `Tt`: from accept to the end.
    pub total: i64,
    /// `Tu`: as the user sees it.
    pub user: i64,
}

impl Timers {
    pub const NONE: Timers = Timers {
        handshake: 0,
        idle: -1,
        request: -1,
        queue: -1,
        connect: -1,
        response: -1,
        data: -1,
        active: -1,
        total: -1,
        user: -1,
    };

    /// `Tq`: `Th` + `Ti` + `TR`, or -1.
    pub const fn tq(&self) -> i64 {
        if self.request < 0 {
            -1
        } else {
            self.handshake + if self.idle < 0 { 0 } else { self.idle } + self.request
        }
    }
}

/// A message's body as far as it is buffered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    pub data: &'a [u8],
    /// No more will come.
    pub complete: bool,
    /// The size announced by the message, if it announced one.
    pub announced: Option<u64>,
}

/// What the log keeps of a request line when the head is gone.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    pub method: &'a [u8],
    pub uri: &'a [u8],
    pub version: weir_http::Version,
}

/// Of `TCP_INFO`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFigures {
    pub rtt_us: u32,
    pub rttvar_us: u32,
    pub unacked: u32,
    pub sacked: u32,
    pub lost: u32,
    pub retransmits: u32,
    pub fackets: u32,
    pub reordering: u32,
}

/// Figures of a frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontendFigure {
    Connections,
    SessionRate,
    RequestRate,
}

/// Figures of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendFigure {
    UsableServers,
    Connections,
    FreeConnections,
    Queue,
    AverageQueue,
    Slots,
    SessionRate,
}

/// Figures of a server. `IsUp` is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFigure {
    IsUp,
    Connections,
    FreeConnections,
    Queue,
    SessionRate,
    Weight,
    InitialWeight,
    UserWeight,
}

/// Timeouts a fetch may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutName {
    FrontendClient,
    FrontendTarpit,
    BackendConnect,
    BackendQueue,
    BackendServer,
    BackendTarpit,
    BackendTunnel,
    CurrentClient,
    CurrentConnect,
    CurrentQueue,
    CurrentServer,
    CurrentTarpit,
    CurrentTunnel,
}

/// One side of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// What a stream cost since its request began. Times are measured where the configuration asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    pub calls: u64,
    pub busy_ns: u64,
    /// Between the moment events were noticed and the moment the stream was run.
    pub delay_ns: u64,
}

/// A connection that carries several streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplexer {
    /// Streams open now.
    pub streams: u32,
    /// As many as may be.
    pub limit: u32,
    pub glitches: u32,
}

/// What an encrypted side can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFact {
    Alpn,
    /// The server name sent by the client, or to the server.
    ServerName,
    HasServerName,
    IsResumed,
    /// Code and text of the last error.
    Error,
    ErrorText,
    /// Whether the peer showed a certificate in this handshake, and in the one its session began with.
    HasCertificate,
    UsedCertificate,
    /// Result of verifying the peer's certificate, and its errors.
    VerifyResult,
    CertificateError,
    AuthorityError,
    AuthorityErrorDepth,
    SessionId,
    AlgorithmKeySize,
    UsedKeySize,
    Curve,
    ClientRandom,
    ServerRandom,
    SessionKey,
    UniqueId,
    /// The name of the certificate served to the client.
    ServedName,
    HasEarlyData,
    ReceivedEarlyData,
    Npn,
    /// Parts of the client's first message, as far as they are kept.
    HelloVersion,
    HelloCiphers,
    HelloCipherNames,
    HelloExtensions,
    HelloGroups,
    HelloPointFormats,
    HelloSignatures,
    HelloVersions,
    /// A line of the key log by its label.
    KeyLog(&'static str),
    /// A part of a certificate.
    Certificate(Whose, CertificatePart),
}

/// Whose certificate, seen from one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Peer,
    Own,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificatePart {
    Der,
    ChainDer,
    KeyAlgorithm,
    SignatureAlgorithm,
    NotAfter,
    NotBefore,
    AlternativeNames,
    Serial,
    Sha1,
    Version,
}

/// Which distinguished name of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameOf {
    Subject,
    Issuer,
    /// Of the authority at the end of the chain.
    Root,
}

/// How much of a distinguished name, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamePart<'a> {
    /// Empty: the whole name.
    pub entry: &'a str,
    pub occurrence: i64,
    pub rfc2253: bool,
}

/// Which entry of a stick table is asked.
#[derive(Clone, Copy, Debug)]
pub enum EntryOf<'a> {
    /// That of a stick counter, or of its key in another table.
    Counter { counter: usize, table: Option<TableId> },
    /// That of this key.
    Key { key: &'a Value<'a>, table: TableId },
}

/// A general counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum General {
    /// An element of the array `gpc`.
    Array(u8),
    /// `gpc0` or `gpc1`: the single one, or the array's where the table has one.
    Single(u8),
}

/// What is asked of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableAsk {
    /// A data type and the number of its element; `gpc0` and its kin stand for the array's where there is one.
    Value(DataType, u8),
    /// Bytes in units of 1024.
    Kilobytes(DataType),
    /// Counts, and tells the new value.
    Increment(General),
    /// Sets to zero, and tells the old value.
    Clear(General),
    /// Counts a connection, and tells how many there were.
    CountConnection,
    /// How many hold the entry.
    Trackers,
    /// Milliseconds until it goes, and since it was used.
    Expire,
    Idle,
    /// 1 if the entry is there. A stick counter that tracks answers so even where another table lacks its key.
    Present,
}

/// One stream, seen from an expression.
#[allow(unused_variables)]
pub trait Stream {
    // ---- waiting -------------------------------------------------------------------------------------------------

    /// Whether no more data will come before the rules must decide: fetches that wait then find nothing.
    fn finished(&self) -> bool {
        true
    }

    // ---- connections ---------------------------------------------------------------------------------------------

    /// The client's address as the log and `src` see it (after `accept-proxy`, `set-src`).
    fn source(&self) -> Option<SocketAddr> {
        None
    }

    /// The address the client came to (after `accept-proxy`, `set-dst`).
    fn destination(&self) -> Option<SocketAddr> {
        None
    }

    /// The connection's own source, whatever rules set.
    fn connection_source(&self) -> Option<SocketAddr> {
        self.source()
    }

    /// The connection's own destination, whatever rules set.
    fn connection_destination(&self) -> Option<SocketAddr> {
        self.destination()
    }

    /// The local address of the connection to the server.
    fn server_source(&self) -> Option<SocketAddr> {
        None
    }

    /// The address of the server connected to.
    fn server_destination(&self) -> Option<SocketAddr> {
        None
    }

    /// Whether an address is one of this machine's own.
    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }

    /// Major HTTP version on a side; 0 for a side that does not speak HTTP.
    fn http_major(&self, side: Side) -> Option<i64> {
        None
    }

    /// What a side's connection says of itself, where it carries streams of HTTP/2.
    fn multiplexer(&self, side: Side) -> Option<Multiplexer> {
        None
    }

    /// What the kernel knows of a TCP connection.
    fn tcp_figures(&self, side: Side) -> Option<TcpFigures> {
        None
    }

    /// The first value of a type in the client's PROXY header.
    fn proxy_tlv(&self, kind: u8) -> Option<&[u8]> {
        None
    }

    /// File and line of the last rule that ended its list.
    fn last_rule(&self) -> Option<(&str, u32)> {
        None
    }

    /// The rule that waits for something, by its file and line.
    fn waiting_rule(&self) -> Option<(&str, u32)> {
        None
    }

    /// Whether something went wrong so far, as `option dontlog-normal` sees it.
    fn failed(&self) -> bool {
        false
    }

    /// Whether the request went to a server.
    fn forwarded(&self) -> bool {
        false
    }

    /// Whether a service of weir's own answered the request.
    fn served_here(&self) -> bool {
        false
    }

    /// Whether the client's connection carried a PROXY header.
    fn received_proxy_header(&self) -> bool {
        false
    }

    /// Whether a side is encrypted.
    fn is_tls(&self, side: Side) -> bool {
        false
    }

    /// Name of the cipher and of the protocol version of a side.
    fn tls_cipher(&self, side: Side) -> Option<&str> {
        None
    }

    fn tls_protocol(&self, side: Side) -> Option<&str> {
        None
    }

    /// A fact about an encrypted side; nothing for a side that is not.
    fn tls_fact(&self, side: Side, fact: TlsFact) -> Option<OwnedValue> {
        None
    }

    /// A distinguished name of a certificate.
    fn tls_name(&self, side: Side, whose: Whose, name: NameOf, part: &NamePart<'_>) -> Option<OwnedValue> {
        None
    }

    /// Error of a side's connection. Nothing where there is no connection.
    fn connection_error(&self, side: Side) -> Option<ConnectionError> {
        (side == Side::Client).then_some(ConnectionError::NONE)
    }

    /// Whether the server's connection was taken from the pool.
    fn server_connection_reused(&self) -> Option<bool> {
        None
    }

    // ---- messages ------------------------------------------------------------------------------------------------

    fn request(&self) -> Option<&Request> {
        None
    }

    fn response(&self) -> Option<&Response> {
        None
    }

    fn request_body(&self) -> Option<Body<'_>> {
        None
    }

    fn response_body(&self) -> Option<Body<'_>> {
        None
    }

    /// Bytes waiting in the request's buffer, below HTTP.
    fn request_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// Bytes waiting in the response's buffer, below HTTP.
    fn response_bytes(&self) -> Option<&[u8]> {
        None
    }

    /// The request line as the client sent it, kept until the log.
    fn request_line(&self) -> Option<RequestLine<'_>> {
        let request = self.request()?;
        Some(RequestLine {
            method: request.method_bytes(),
            uri: request.target(),
            version: request.version(),
        })
    }

    /// The line stands for something that broke HTTP/2's rules and was no request.
    fn is_malformed(&self) -> bool {
        false
    }

    /// A status that the frontend answers or answered with, 0 if none.
    fn status(&self) -> u16 {
        self.response().map_or(0, Response::status)
    }

    /// The status that came from the server.
    fn server_status(&self) -> Option<u16> {
        None
    }

    /// The cache that the response comes from.
    fn cache_served(&self) -> Option<&str> {
        None
    }

    /// The algorithm with which the response is compressed here.
    fn compressed_with(&self) -> Option<&'static str> {
        None
    }

    /// Whether the request is its connection's first.
    fn is_first_request(&self) -> bool {
        true
    }

    /// Number of `capture request header` slots, and the captured text of one.
    fn request_capture_slots(&self) -> usize {
        0
    }

    fn request_capture(&self, slot: usize) -> Option<&[u8]> {
        None
    }

    fn response_capture_slots(&self) -> usize {
        0
    }

    fn response_capture(&self, slot: usize) -> Option<&[u8]> {
        None
    }

    /// Stores a text in a slot (`capture-req`, `capture-res`); says whether the slot exists.
    fn store_capture(&self, response: bool, slot: usize, text: &[u8]) -> bool {
        false
    }

    /// `capture cookie`: `name=value` as captured.
    fn request_cookie_capture(&self) -> Option<&[u8]> {
        None
    }

    fn response_cookie_capture(&self) -> Option<&[u8]> {
        None
    }

    /// Whether credentials are in a userlist.
    fn authenticates(&self, userlist: u32, user: &[u8], password: &[u8]) -> bool {
        false
    }

    /// Whether a userlist puts a user into a group.
    fn user_in_group(&self, userlist: u32, user: &[u8], group: &str) -> bool {
        false
    }

    // ---- variables -----------------------------------------------------------------------------------------------

    fn variable(&self, variable: &Variable) -> Option<OwnedValue> {
        None
    }

    /// Shows every variable of a scope.
    fn each_variable(&self, scope: crate::variable::Scope, show: &mut dyn FnMut(&str, &Value<'_>)) {}

    /// Says whether the variable could be stored.
    fn set_variable(&self, variable: &Variable, value: OwnedValue) -> bool {
        false
    }

    fn unset_variable(&self, variable: &Variable) {}

    // ---- proxies and servers -------------------------------------------------------------------------------------

    fn frontend_name(&self) -> Option<&str> {
        None
    }

    fn frontend_id(&self) -> Option<i64> {
        None
    }

    /// Empty if the frontend has no default backend.
    fn default_backend_name(&self) -> Option<&str> {
        None
    }

    fn listener_name(&self) -> Option<&str> {
        None
    }

    fn listener_id(&self) -> Option<i64> {
        None
    }

    fn listener_connections(&self) -> Option<i64> {
        None
    }

    fn backend_name(&self) -> Option<&str> {
        None
    }

    fn backend_id(&self) -> Option<i64> {
        None
    }

    fn server_name(&self) -> Option<&str> {
        None
    }

    fn server_id(&self) -> Option<i64> {
        None
    }

    /// What the log shows instead of a server's name where there is none: `<NOSRV>`, `<STATS>`, an applet's name.
    fn server_substitute(&self) -> &str {
        "<NOSRV>"
    }

    fn frontend_figure(&self, proxy: ProxyId, figure: FrontendFigure) -> i64 {
        0
    }

    fn backend_figure(&self, proxy: ProxyId, figure: BackendFigure) -> i64 {
        0
    }

    fn server_figure(&self, server: ServerId, figure: ServerFigure) -> i64 {
        0
    }

    /// The backend of this name, for the converters that take a name from the sample.
    fn find_backend(&self, name: &[u8]) -> Option<ProxyId> {
        None
    }

    fn find_frontend(&self, name: &[u8]) -> Option<ProxyId> {
        None
    }

    /// `backend/server`, or a server of the current backend.
    fn find_server(&self, name: &[u8]) -> Option<ServerId> {
        None
    }

    /// Milliseconds; nothing where no timeout is set.
    fn timeout(&self, name: TimeoutName) -> Option<i64> {
        None
    }

    // ---- stick tables --------------------------------------------------------------------------------------------

    /// The answer of an entry. For what is read, 0 where a table lacks the key; nothing where a counter tracks nothing,
    /// the table does not store what is asked, or there is no time to tell.
    fn ask_table(&self, entry: EntryOf<'_>, ask: TableAsk) -> Option<i64> {
        None
    }

    /// The key that a stick counter tracks.
    fn tracked_key(&self, counter: usize) -> Option<OwnedValue> {
        None
    }

    /// Used entries of a table, and its size.
    fn table_size(&self, table: TableId) -> Option<(i64, i64)> {
        None
    }

    // ---- the stream's ends and costs ------------------------------------------------------------------------------

    /// The packet that opened the client's connection, once.
    fn saved_syn(&self) -> Option<Vec<u8>> {
        None
    }

    /// The stream's number on the connection of a side: 0 where a connection carries one stream.
    fn end_id(&self, side: Side) -> Option<u32> {
        None
    }

    /// Whether a side left before the stream was over.
    fn aborted(&self, side: Side) -> bool {
        false
    }

    /// The code with which a side reset its stream.
    fn reset_code(&self, side: Side) -> Option<u32> {
        None
    }

    /// What is known of a side, as `name=value` pairs. Bits of `layers`: 1 stream, 2 multiplexer, 4 encryption,
    /// 8 connection, 16 socket.
    fn describe_end(&self, side: Side, layers: i64) -> Option<String> {
        None
    }

    /// `tune.bufsize`
    fn buffer_bytes(&self) -> usize {
        16_384
    }

    fn effort(&self) -> Effort {
        Effort::default()
    }

    /// How busy this worker was lately, or all of them.
    fn busy_percent(&self, all: bool) -> i64 {
        0
    }

    // ---- the stream's course -------------------------------------------------------------------------------------

    fn timers(&self) -> Timers {
        Timers::NONE
    }

    /// Microseconds since 1970 at which the stream was accepted.
    fn accept_time(&self) -> i64 {
        self.clock()
    }

    /// Microseconds since 1970 at which the request began.
    fn request_time(&self) -> i64 {
        self.accept_time()
    }

    /// Bytes received from the client, sent to the server, received from the server, sent to the client.
    fn bytes(&self) -> [u64; 4] {
        [0; 4]
    }

    /// `%B`: bytes sent to the client as the log counts them.
    fn logged_bytes(&self) -> u64 {
        self.bytes()[2]
    }

    /// Whether the log line is written before the stream ends (`option logasap`).
    fn logs_early(&self) -> bool {
        false
    }

    /// The four letters of the termination state (manual 8.5).
    fn termination(&self) -> [u8; 4] {
        *b"----"
    }

    /// Connection attempts repeated, and whether the last went to another server.
    fn retries(&self) -> (i64, bool) {
        (0, false)
    }

    /// Connections of the process, the frontend, the backend and the server as the log shows them.
    fn log_connections(&self) -> [i64; 4] {
        [0; 4]
    }

    /// Streams that were ahead in the server's queue and in the backend's.
    fn log_queues(&self) -> [i64; 2] {
        [0; 2]
    }

    /// Number of the frontend's log lines so far.
    fn log_counter(&self) -> i64 {
        0
    }

    /// Number of the request or session in the process.
    fn request_counter(&self) -> u32 {
        0
    }

    /// When and where the log line is made (`%OG`).
    fn log_origin(&self) -> &'static str {
        "unspec"
    }

    /// The unique id, made on first use.
    fn unique_id(&self) -> Option<String> {
        None
    }

    fn priority_class(&self) -> i64 {
        0
    }

    fn priority_offset(&self) -> i64 {
        0
    }

    // ---- process -------------------------------------------------------------------------------------------------

    /// Microseconds since 1970.
    fn clock(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_micros() as i64)
    }

    /// Seconds since the process began to serve.
    fn uptime(&self) -> i64 {
        0
    }

    fn hostname(&self) -> &str {
        ""
    }

    /// A variable of the environment.
    fn environment(&self, _name: &str) -> Option<&[u8]> {
        None
    }

    fn process_id(&self) -> u32 {
        std::process::id()
    }

    /// From 0.
    fn worker_number(&self) -> i64 {
        0
    }

    fn process_connections(&self) -> i64 {
        0
    }

    fn stopping(&self) -> bool {
        false
    }

    /// The certificate of this name for signed and encrypted tokens.
    fn token_certificate(&self, name: &str) -> Result<TokenCertificate, NoCertificate> {
        Err(NoCertificate::Unknown)
    }

    /// Which encrypted tokens may be opened.
    fn token_algorithms(&self) -> TokenAlgorithms {
        Default::default()
    }

    /// Writes a line to a ring, `stdout` or `stderr`.
    fn tell(&self, sink: &str, line: &[u8]) {}

    /// 64 random bits.
    fn random(&self) -> u64 {
        crate::random::next()
    }

    /// Offset of local time from UTC in seconds at a time in seconds.
    fn utc_offset(&self, time: i64) -> i64 {
        0
    }
}

/// A stream that shows nothing: what constants and configuration-time evaluation need.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStream;

impl Stream for NoStream {}
