//! PROXY protocol headers sent to a server.

use weir_plan::settings::ProxyProtocolVersion;

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::outcome::Outcome;
use crate::parser::Parser;

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::switch("send-proxy", "A version 1 header (5.2).", |_, _, draft| {
        draft.options.settings.send_proxy = Some(ProxyProtocolVersion::V1);
        Ok(0)
    }),
    ServerOption::switch("send-proxy-v2", "A version 2 header (5.2).", |_, _, draft| {
        draft.options.settings.send_proxy = Some(ProxyProtocolVersion::V2);
        Ok(0)
    }),
    ServerOption::switch("send-proxy-v2-ssl", "The same with TLS facts (5.2).", |_, _, draft| {
        draft.options.settings.send_proxy = Some(ProxyProtocolVersion::V2);
        Ok(0)
    })
    .not_yet(),
    ServerOption::switch(
        "send-proxy-v2-ssl-cn",
        "The same with the certificate's name (5.2).",
        |_, _, draft| {
            draft.options.settings.send_proxy = Some(ProxyProtocolVersion::V2);
            Ok(0)
        },
    )
    .not_yet(),
    ServerOption::switch("no-send-proxy", "No header (5.2).", none),
    ServerOption::switch("no-send-proxy-v2", "No header (5.2).", none),
    ServerOption::switch("no-send-proxy-v2-ssl", "No header (5.2).", none),
    ServerOption::switch("no-send-proxy-v2-ssl-cn", "No header (5.2).", none),
    ServerOption::valued("proxy-v2-options", "What a version 2 header tells (5.2).", options).not_yet(),
    ServerOption::switch("set-proxy-v2-tlv-fmt", "A field of a version 2 header (5.2).", |_, place, _| {
        let _ = place.value();
        Ok(1)
    })
    .prefix()
    .not_yet(),
];

fn none(_: &mut Parser<'_>, _: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    draft.options.settings.send_proxy = None;
    Ok(0)
}

const KNOWN: &[&str] =
    &["ssl", "cert-cn", "cert-key", "cert-sig", "ssl-cipher", "authority", "crc32c", "unique-id"];

fn options(_: &mut Parser<'_>, place: &Place<'_, '_>, _: &mut Draft) -> Outcome<usize> {
    match place.value().split(',').find(|name| !KNOWN.contains(name)) {
        Some(name) => place.fail(&format!("'{name}' : proxy v2 option not implemented")),
        None => Ok(1),
    }
}
