//! Where in a stream's life an expression stands: the columns of `-dKsmp` (manual 7.3, "sample fetch validity"), and
//! what a fetch reads, from which the columns follow.

/// One column of HAProxy's validity table, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Phase {
    FeTcpConnection,
    FeTcpSession,
    FeTcpContent,
    FeHttpHeader,
    FeHttpBody,
    FeUseBackend,
    BeTcpContent,
    BeHttpHeader,
    BeHttpBody,
    BeUseServer,
    BeServerSource,
    BeTcpResponse,
    BeHttpResponseHeader,
    BeHttpResponseBody,
    BeStickStore,
    FeTcpResponse,
    FeHttpResponseHeader,
    FeHttpResponseBody,
    Log,
    BeCheck,
    ConfigParser,
    CliParser,
}

/// Every phase, in the order of the columns.
pub const PHASES: [Phase; 22] = [
    Phase::FeTcpConnection,
    Phase::FeTcpSession,
    Phase::FeTcpContent,
    Phase::FeHttpHeader,
    Phase::FeHttpBody,
    Phase::FeUseBackend,
    Phase::BeTcpContent,
    Phase::BeHttpHeader,
    Phase::BeHttpBody,
    Phase::BeUseServer,
    Phase::BeServerSource,
    Phase::BeTcpResponse,
    Phase::BeHttpResponseHeader,
    Phase::BeHttpResponseBody,
    Phase::BeStickStore,
    Phase::FeTcpResponse,
    Phase::FeHttpResponseHeader,
    Phase::FeHttpResponseBody,
    Phase::Log,
    Phase::BeCheck,
    Phase::ConfigParser,
    Phase::CliParser,
];

impl Phase {
    /// The column's caption.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::FeTcpConnection => "frontend tcp-request connection rule",
            Phase::FeTcpSession => "frontend tcp-request session rule",
            Phase::FeTcpContent => "frontend tcp-request content rule",
            Phase::FeHttpHeader => "frontend http-request header rule",
            Phase::FeHttpBody => "frontend http-request body rule",
            Phase::FeUseBackend => "frontend use-backend rule",
            Phase::BeTcpContent => "backend tcp-request content rule",
            Phase::BeHttpHeader => "backend http-request header rule",
            Phase::BeHttpBody => "backend http-request body rule",
            Phase::BeUseServer => "backend use-server, balance or stick-match rule",
            Phase::BeServerSource => "server source selection",
            Phase::BeTcpResponse => "backend tcp-response content rule",
            Phase::BeHttpResponseHeader => "backend http-response header rule",
            Phase::BeHttpResponseBody => "backend http-response body rule",
            Phase::BeStickStore => "backend stick-store rule",
            Phase::FeTcpResponse => "frontend tcp-response content rule",
            Phase::FeHttpResponseHeader => "frontend http-response header rule",
            Phase::FeHttpResponseBody => "frontend http-response body rule",
            Phase::Log => "logs",
            Phase::BeCheck => "backend tcp-check rule",
            Phase::ConfigParser => "configuration parser",
            Phase::CliParser => "CLI parser",
        }
    }
}

/// A set of phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseSet(pub u32);

impl PhaseSet {
    pub const fn of(phases: &[Phase]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < phases.len() {
            bits |= 1 << phases[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    pub const fn contains(self, phase: Phase) -> bool {
        self.0 & (1 << phase as u32) != 0
    }

    /// Whether the two have a phase in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Every phase from `first` to `last` in column order, plus `BeCheck` where asked for.
    const fn span(first: Phase, last: Phase, check: bool) -> Self {
        let upto = (1u32 << (last as u32 + 1)) - 1;
        let below = (1u32 << first as u32) - 1;
        let check = if check { 1 << Phase::BeCheck as u32 } else { 0 };
        Self((upto & !below) | check)
    }
}

/// Where a fetch's information comes from; decides where it may be used (manual 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    /// Constants, variables, the clock, the process.
    Constant,
    /// The process's own figures: not known while the configuration is parsed.
    Internal,
    /// The frontend, its listener, the whole stream from accept to log.
    Frontend,
    /// The client's connection.
    Client4,
    /// The client's connection once its handshake is over (TLS, PROXY protocol).
    Client5,
    /// Bytes waiting in the request's or the response's buffer.
    AnyBuffer,
    /// The head of the request, or of the response once it is there.
    AnyHead,
    /// Bytes waiting in the request's buffer.
    RequestBuffer,
    /// The request's start line and headers.
    RequestHead,
    /// What was kept of the request until the log.
    RequestMeta,
    /// The backend.
    Backend,
    /// The chosen server.
    Server,
    /// The amount of data exchanged with the server.
    ServerBytes,
    /// The connection to the server, from its establishment on.
    Server4,
    /// The same once its handshake is over.
    Server5,
    /// What was kept of the response until the log.
    ResponseMeta,
    /// Bytes waiting in the response's buffer.
    ResponseBuffer,
    /// The response's status line and headers.
    ResponseHead,
}

impl Reads {
    /// The phases in which the information is there.
    pub const fn phases(self) -> PhaseSet {
        use Phase as P;
        match self {
            Reads::Constant => PhaseSet::span(P::FeTcpConnection, P::CliParser, false),
            Reads::Internal => PhaseSet(
                PhaseSet::span(P::FeTcpConnection, P::CliParser, false).0 & !(1 << P::ConfigParser as u32),
            ),
            Reads::Frontend => PhaseSet::span(P::FeTcpConnection, P::Log, false),
            Reads::Client4 => PhaseSet::span(P::FeTcpConnection, P::Log, true),
            Reads::Client5 => PhaseSet::span(P::FeTcpSession, P::Log, false),
            Reads::AnyBuffer | Reads::AnyHead => PhaseSet::span(P::FeTcpContent, P::FeHttpResponseBody, true),
            Reads::RequestBuffer | Reads::RequestHead => {
                PhaseSet::span(P::FeTcpContent, P::BeServerSource, false)
            }
            Reads::RequestMeta => PhaseSet::span(P::FeTcpContent, P::Log, false),
            Reads::Backend => PhaseSet::span(P::BeTcpContent, P::Log, true),
            Reads::ServerBytes => PhaseSet::span(P::BeUseServer, P::Log, false),
            Reads::Server => PhaseSet::span(P::BeServerSource, P::Log, true),
            Reads::Server4 | Reads::Server5 | Reads::ResponseMeta => {
                PhaseSet::span(P::BeTcpResponse, P::Log, true)
            }
            Reads::ResponseBuffer | Reads::ResponseHead => {
                PhaseSet::span(P::BeTcpResponse, P::FeHttpResponseBody, true)
            }
        }
    }

    /// HAProxy's words for the source, as in `extracts information from 'HTTP response', none of which ...`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reads::Constant | Reads::Internal => "internal state",
            Reads::Frontend => "frontend",
            Reads::Client4 => "client address",
            Reads::Client5 => "client-side connection",
            Reads::AnyBuffer => "request buffer,response buffer",
            Reads::AnyHead => "HTTP request headers,HTTP response headers",
            Reads::RequestBuffer => "request buffer",
            Reads::RequestHead => "HTTP request headers",
            Reads::RequestMeta => "HTTP request",
            Reads::Backend => "backend",
            Reads::Server => "server",
            Reads::ServerBytes => "server",
            Reads::Server4 => "server address",
            Reads::Server5 => "server-side connection",
            Reads::ResponseMeta => "HTTP response",
            Reads::ResponseBuffer => "response buffer",
            Reads::ResponseHead => "HTTP response headers",
        }
    }

    /// Whether the information comes from an HTTP message, so that the proxy must be in HTTP mode.
    pub const fn needs_http(self) -> bool {
        matches!(
            self,
            Reads::AnyHead
                | Reads::RequestHead
                | Reads::RequestMeta
                | Reads::ResponseHead
                | Reads::ResponseMeta
        )
    }
}
