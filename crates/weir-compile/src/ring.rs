//! `ring` sections, those that are always there, and `log` lines that write to them.

use weir_config::model::{Config, LogLine, LogWhere, Ring as Written};
use weir_plan::settings::{LogFormatName, LogTarget, LogTransport};
use weir_plan::{Ring, RingServer};
use weir_types::{AddressFamily, PortSpec};

/// `BUFSIZE`.
const SMALLEST: u64 = 16_384;

/// Rings that nobody declares; `dpapi` is what events of the data plane go to.
const BUFFERS: [(&str, &str); 2] = [("buf0", "in-memory ring buffer"), ("dpapi", "DPAPI ring buffer")];

/// What `ring` sections have unless they say otherwise.
const LONGEST_LINE: u32 = 1024;

/// `in_expression`: some expression writes to a ring that nobody declares.
pub fn compile(config: &Config, in_expression: bool) -> Vec<Ring> {
    let own = BUFFERS.iter().map(|(name, description)| Ring {
        name: (*name).into(),
        description: (*description).into(),
        bytes: 1 << 20,
        format: LogFormatName::Timed,
        longest_line: LONGEST_LINE,
        servers: Vec::new(),
        timeout_connect: None,
        timeout_server: None,
    });
    // Without a line or a section about rings nothing is kept in memory for them.
    let wanted = in_expression || !config.rings.is_empty() || uses_ring(config);
    own.filter(|_| wanted).chain(config.rings.iter().map(ring)).collect()
}

fn uses_ring(config: &Config) -> bool {
    let to_ring = |line: &LogLine| match &line.to {
        LogWhere::Address(address) => matches!(address.family, AddressFamily::Ring(_)),
        LogWhere::Global => false,
    };
    config.global.logs.iter().any(|target| matches!(target.transport, LogTransport::Ring(_)))
        || config.proxies.iter().any(|proxy| proxy.settings.log.targets.iter().any(to_ring))
        || config.log_forwards.iter().any(|section| section.logs.iter().any(to_ring))
}

fn ring(written: &Written) -> Ring {
    Ring {
        name: written.name.clone(),
        description: written.description.clone().unwrap_or_else(|| (&*written.name).into()),
        bytes: written.size.unwrap_or(SMALLEST).max(SMALLEST),
        format: format(written),
        longest_line: longest_line(written),
        servers: written
            .servers
            .iter()
            .filter_map(|server| {
                let (AddressFamily::Ip(ip), PortSpec::Fixed(port)) =
                    (&server.address.family, server.address.port)
                else {
                    return None;
                };
                let address = (*ip, port).into();
                Some(RingServer { name: server.name.clone(), address, octet_count: server.octet_count })
            })
            .collect(),
        timeout_connect: written.timeout_connect,
        timeout_server: written.timeout_server,
    }
}

fn format(written: &Written) -> LogFormatName {
    written.format.unwrap_or(LogFormatName::Raw)
}

fn longest_line(written: &Written) -> u32 {
    written.maxlen.unwrap_or(LONGEST_LINE)
}

/// Lines in a ring have the ring's form and length, whatever the `log` line says.
pub fn shape(config: &Config, mut target: LogTarget) -> LogTarget {
    if let LogTransport::Ring(name) = &target.transport {
        match config.rings.iter().find(|ring| *ring.name == **name) {
            Some(ring) => {
                target.format = format(ring);
                target.as_received &= ring.format.is_none();
                target.len = longest_line(ring);
            }
            None => target.format = LogFormatName::Raw,
        }
    }
    target
}

/// Rings that are there without a section.
pub fn is_buffer(name: &str) -> bool {
    BUFFERS.iter().any(|(known, _)| *known == name)
}

/// Whether `log ring@NAME` has somewhere to go.
pub fn is_known(config: &Config, name: &str) -> bool {
    is_buffer(name)
        || matches!(name, "stdout" | "stderr")
        || config.rings.iter().any(|ring| &*ring.name == name)
}
