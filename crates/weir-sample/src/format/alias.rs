//! The aliases of manual 8.2.6.

/// One alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// `%o`: carries flags for what follows, writes nothing.
    Flags,
    AcceptDateUtc,
    AcceptDateLocal,
    AcceptTimestamp,
    AcceptDate,
    AcceptMilliseconds,
    RequestDate,
    RequestDateUtc,
    RequestDateLocal,
    TimeActive,
    TimeConnect,
    TimeData,
    TimeHandshake,
    TimeIdle,
    TimeTq,
    TimeRequest,
    TimeResponse,
    TimeTotal,
    TimeUser,
    TimeQueue,
    BytesRead,
    RequestCookie,
    ResponseCookie,
    Hostname,
    Method,
    PathOfUri,
    PathOnly,
    QueryString,
    Uri,
    Version,
    UniqueId,
    Status,
    BytesUploaded,
    ProcessConnections,
    BackendName,
    BackendConnections,
    BackendSourceIp,
    BackendSourcePort,
    BackendQueue,
    ClientIp,
    ClientPort,
    FrontendName,
    FrontendConnections,
    FrontendIp,
    FrontendPort,
    FrontendTransport,
    LogCounter,
    RequestHeaders,
    RequestHeadersClf,
    ResponseHeaders,
    ResponseHeadersClf,
    LogOrigin,
    Pid,
    RequestLine,
    Retries,
    RequestCounter,
    ServerName,
    ServerConnections,
    ServerIp,
    ServerPort,
    ServerQueue,
    TlsCipher,
    TlsVersion,
    Termination,
    TerminationCookie,
}

/// An alias's name and restriction.
#[derive(Clone, Copy, Debug)]
pub struct AliasRow {
    pub name: &'static str,
    pub alias: Alias,
    /// Only HTTP proxies can fill it.
    pub http: bool,
}

const fn row(name: &'static str, alias: Alias) -> AliasRow {
    AliasRow { name, alias, http: false }
}

const fn http(name: &'static str, alias: Alias) -> AliasRow {
    AliasRow { name, alias, http: true }
}

/// Every alias, in the order of [`Alias`].
pub const ALIASES: [AliasRow; 65] = [
    row("o", Alias::Flags),
    row("T", Alias::AcceptDateUtc),
    row("Tl", Alias::AcceptDateLocal),
    row("Ts", Alias::AcceptTimestamp),
    row("t", Alias::AcceptDate),
    row("ms", Alias::AcceptMilliseconds),
    http("tr", Alias::RequestDate),
    http("trg", Alias::RequestDateUtc),
    http("trl", Alias::RequestDateLocal),
    http("Ta", Alias::TimeActive),
    row("Tc", Alias::TimeConnect),
    row("Td", Alias::TimeData),
    row("Th", Alias::TimeHandshake),
    http("Ti", Alias::TimeIdle),
    http("Tq", Alias::TimeTq),
    http("TR", Alias::TimeRequest),
    http("Tr", Alias::TimeResponse),
    row("Tt", Alias::TimeTotal),
    row("Tu", Alias::TimeUser),
    row("Tw", Alias::TimeQueue),
    row("B", Alias::BytesRead),
    http("CC", Alias::RequestCookie),
    http("CS", Alias::ResponseCookie),
    row("H", Alias::Hostname),
    http("HM", Alias::Method),
    http("HP", Alias::PathOfUri),
    http("HPO", Alias::PathOnly),
    http("HQ", Alias::QueryString),
    http("HU", Alias::Uri),
    http("HV", Alias::Version),
    row("ID", Alias::UniqueId),
    row("ST", Alias::Status),
    row("U", Alias::BytesUploaded),
    row("ac", Alias::ProcessConnections),
    row("b", Alias::BackendName),
    row("bc", Alias::BackendConnections),
    row("bi", Alias::BackendSourceIp),
    row("bp", Alias::BackendSourcePort),
    row("bq", Alias::BackendQueue),
    row("ci", Alias::ClientIp),
    row("cp", Alias::ClientPort),
    row("f", Alias::FrontendName),
    row("fc", Alias::FrontendConnections),
    row("fi", Alias::FrontendIp),
    row("fp", Alias::FrontendPort),
    row("ft", Alias::FrontendTransport),
    row("lc", Alias::LogCounter),
    row("hr", Alias::RequestHeaders),
    row("hrl", Alias::RequestHeadersClf),
    row("hs", Alias::ResponseHeaders),
    row("hsl", Alias::ResponseHeadersClf),
    row("OG", Alias::LogOrigin),
    row("pid", Alias::Pid),
    http("r", Alias::RequestLine),
    row("rc", Alias::Retries),
    row("rt", Alias::RequestCounter),
    row("s", Alias::ServerName),
    row("sc", Alias::ServerConnections),
    row("si", Alias::ServerIp),
    row("sp", Alias::ServerPort),
    row("sq", Alias::ServerQueue),
    row("sslc", Alias::TlsCipher),
    row("sslv", Alias::TlsVersion),
    row("ts", Alias::Termination),
    http("tsc", Alias::TerminationCookie),
];

impl Alias {
    pub(super) fn find(name: &str) -> Option<Alias> {
        ALIASES.iter().find(|row| row.name == name).map(|row| row.alias)
    }

    pub fn row(self) -> &'static AliasRow {
        &ALIASES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enumeration() {
        for row in ALIASES {
            assert_eq!(row.alias.row().name, row.name);
        }
    }
}
