//! Where a check or an agent is reached: what its own options say, else the server's address and port.

use std::net::{IpAddr, SocketAddr};

use weir_check::Opening;
use weir_plan::Server;
use weir_plan::settings::SendProxy;
use weir_shm::{AddressOverride, CheckState, Shm};

use super::queue::CheckOf;
use crate::server::{Target, target};

/// The place, and the PROXY header that goes there first.
pub fn of(server: &Server, shm: Shm, of: CheckOf, opening: &Opening) -> (Option<Target>, Option<SendProxy>) {
    let settings = &server.settings;
    let state = shm.server(server.slot).state;
    let (address, port) = match of {
        CheckOf::Health => (
            opening.address.or(set_address(&state.check_address)).or(settings.check.address),
            opening.port.or(set_port(&state.check)).or(settings.check.port),
        ),
        CheckOf::Agent => (
            set_address(&state.agent_address).or(settings.agent.address),
            set_port(&state.agent).or(settings.agent.port),
        ),
    };
    let redirected = address.is_some() || port.is_some();
    let own = target(server, shm, || None);
    let place = match (&own, redirected) {
        (_, false) => own,
        (Some(Target::Ip(own)), true) => {
            Some(Target::Ip(SocketAddr::new(address.unwrap_or(own.ip()), port.unwrap_or(own.port()))))
        }
        (_, true) => address.zip(port).map(|(address, port)| Target::Ip(SocketAddr::new(address, port))),
    };
    let header = match settings.send_proxy.version() {
        Some(_) => settings.send_proxy,
        None => settings.send_proxy.or(SendProxy::V1),
    };
    let sends_proxy = of == CheckOf::Health
        && (opening.send_proxy
            || (opening.as_server
                && (settings.check.send_proxy || (!redirected && settings.send_proxy.version().is_some()))));
    (place, sends_proxy.then_some(header))
}

fn set_address(cell: &AddressOverride) -> Option<IpAddr> {
    match cell.version() {
        0 => None,
        _ => cell.value().0,
    }
}

fn set_port(check: &CheckState) -> Option<u16> {
    u16::try_from(check.port.value()).ok().filter(|port| *port > 0)
}
