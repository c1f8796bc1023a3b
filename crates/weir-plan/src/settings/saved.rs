//! A server's state as a state file tells it (management manual 9.3, `show servers state`).

use std::net::IpAddr;

/// Values as in the file's columns; the numbers are those of shared memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedServer {
    pub address: Option<IpAddr>,
    pub operational: u32,
    pub admin: u32,
    pub user_weight: u32,
    pub initial_weight: u32,
    /// Seconds.
    pub since_change: u32,
    pub check_status: u32,
    pub check_result: u32,
    pub check_health: u32,
    pub check_state: u32,
    pub agent_state: u32,
    pub fqdn: Option<Box<str>>,
    pub port: Option<u16>,
    pub check_port: Option<u16>,
    pub check_address: Option<IpAddr>,
    pub agent_address: Option<IpAddr>,
    pub agent_port: Option<u16>,
}
