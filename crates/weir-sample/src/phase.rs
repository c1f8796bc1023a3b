//! Where in a stream's life an expression stands: the columns of `-dKsmp` (manual 7.3, "sample fetch validity").

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
}
