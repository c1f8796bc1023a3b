//! `peers` sections.

use std::sync::Arc;

use weir_config::model::{Config, Peer as WrittenPeer, Peers as Written};
use weir_plan::{Listener, ListenerOwner, Peer, Peers, StickTable};
use weir_types::{Address, AddressFamily, Diagnostic, Diagnostics, Form, Level, TableId};

use crate::names::Names;
use crate::slots::Slots;
use crate::{frontend, tls};

/// All sections, with their listeners.
pub fn compile(
    config: &Config,
    names: &Names<'_>,
    tables: &[StickTable],
    listeners: &mut Vec<Listener>,
    slots: &mut dyn Slots,
    diagnostics: &mut Diagnostics,
) -> Vec<Peers> {
    config
        .peers
        .iter()
        .map(|written| {
            let listener = listen(written, names, listeners, slots, diagnostics);
            Peers {
                name: written.name.clone(),
                disabled: written.disabled,
                peers: written
                    .peers
                    .iter()
                    .map(|peer| self::peer(written, peer, names, diagnostics))
                    .collect(),
                tables: members(&written.name, tables),
                shards: written.shards.unwrap_or(0),
                listener,
                span: written.span,
            }
        })
        .collect()
}

/// The section's own tables first.
fn members(section: &str, tables: &[StickTable]) -> Vec<TableId> {
    let of = |table: &StickTable| table.peers.as_deref() == Some(section);
    let ids = || tables.iter().enumerate().filter(|(_, table)| of(table));
    let (own, named): (Vec<_>, Vec<_>) = ids().partition(|(_, table)| table.of_peers);
    own.into_iter().chain(named).map(|(index, _)| TableId(index as u32)).collect()
}

fn listen(
    written: &Written,
    names: &Names<'_>,
    listeners: &mut Vec<Listener>,
    slots: &mut dyn Slots,
    diagnostics: &mut Diagnostics,
) -> Option<weir_types::Slot> {
    let bind = written.bind.as_ref().filter(|_| !written.disabled)?;
    let local = written.local.as_ref()?;
    let scope = format!("peers {}", written.name);
    let tls = tls::listener(bind, local, weir_types::Mode::Tcp, &scope, names, diagnostics);
    let encrypts = bind.options.tls.as_ref().is_some_and(|tls| tls.enabled);
    let peer = written.peers.iter().find(|peer| peer.name == *local);
    let connects = peer.is_some_and(|peer| peer.options.tls.as_ref().is_some_and(|tls| tls.enabled));
    if encrypts != connects && !names.config.checked {
        let (listens, connects) = if encrypts { ("SSL", "non-SSL") } else { ("non-SSL", "SSL") };
        let text = format!(
            "Peers section '{local}': local peer have a {listens} listener and a {connects} server configured at line {}.",
            names.place(bind.span)
        );
        diagnostics.push(Diagnostic::new(Level::Warning, Form::Config, Some(bind.span), text));
    }
    if bind.options.settings.accept_proxy || bind.options.settings.accept_netscaler_cip.is_some() {
        let text = "'peers ... bind ... accept-proxy' is not supported by weir yet";
        diagnostics.push(Diagnostic::alert(bind.span, text).as_unsupported());
    }
    let first = listeners.len();
    frontend::listen(ListenerOwner::Peers, &scope, first, bind, tls, listeners, slots);
    listeners.get(first).map(|listener| listener.slot)
}

fn peer(section: &Written, written: &WrittenPeer, names: &Names<'_>, diagnostics: &mut Diagnostics) -> Peer {
    let local = section.local.as_ref() == Some(&written.name);
    let owner = section.local.as_deref().unwrap_or_default();
    let path = format!("{owner}/{}", written.name);
    let bound = section.bind.as_ref().filter(|_| local).and_then(|bind| bind.addresses.first());
    let mut address = written.address.clone().or_else(|| bound.cloned());
    if let Some(Address { family, only, .. }) = &mut address
        && let AddressFamily::Name(host) = family
        && let Some(ip) = names.host(host, *only)
    {
        *family = AddressFamily::Ip(ip);
    }
    Peer {
        name: written.name.clone(),
        local,
        address,
        settings: Arc::new(written.options.settings.clone()),
        tls: tls::peer(&written.options, &path, written.span, names, diagnostics),
        shard: written.shard,
        span: written.span,
    }
}
