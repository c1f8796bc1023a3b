//! PROXY protocol headers sent to a server.

use std::sync::Arc;

use weir_plan::settings::SendProxy;
use weir_sample::FormatMode;

use super::option::ServerOption;
use super::place::{Draft, Place};
use crate::expression;
use crate::model::ProxyField;
use crate::outcome::Outcome;
use crate::parser::Parser;

const V2_SSL: SendProxy = SendProxy::V2.or(SendProxy::SSL);
const V2_SSL_CN: SendProxy = V2_SSL.or(SendProxy::CERT_CN);

pub const OPTIONS: &[ServerOption] = &[
    ServerOption::switch("send-proxy", "A version 1 header (5.2).", |_, _, draft| add(draft, SendProxy::V1)),
    ServerOption::switch("send-proxy-v2", "A version 2 header (5.2).", |_, _, draft| {
        add(draft, SendProxy::V2)
    }),
    ServerOption::switch("send-proxy-v2-ssl", "The same with TLS facts (5.2).", |_, _, draft| {
        add(draft, V2_SSL)
    }),
    ServerOption::switch(
        "send-proxy-v2-ssl-cn",
        "The same with the certificate's name (5.2).",
        |_, _, draft| add(draft, V2_SSL_CN),
    ),
    ServerOption::switch("no-send-proxy", "No header (5.2).", |_, _, draft| take(draft, SendProxy::V1)),
    ServerOption::switch("no-send-proxy-v2", "No header (5.2).", |_, _, draft| take(draft, SendProxy::V2)),
    ServerOption::switch("no-send-proxy-v2-ssl", "No header (5.2).", |_, _, draft| take(draft, V2_SSL)),
    ServerOption::switch("no-send-proxy-v2-ssl-cn", "No header (5.2).", |_, _, draft| take(draft, V2_SSL_CN)),
    ServerOption::valued("proxy-v2-options", "What a version 2 header tells (5.2).", options),
    ServerOption::switch("set-proxy-v2-tlv-fmt", "A field of a version 2 header (5.2).", field).prefix(),
];

fn add(draft: &mut Draft, bits: SendProxy) -> Outcome<usize> {
    let bits = draft.options.settings.send_proxy.or(bits);
    draft.options.settings.send_proxy = bits;
    Ok(0)
}

/// Takes away what its opposite sets: the header goes, what it was to tell stays where another option asked for it.
fn take(draft: &mut Draft, bits: SendProxy) -> Outcome<usize> {
    let bits = draft.options.settings.send_proxy.without(bits);
    draft.options.settings.send_proxy = bits;
    Ok(0)
}

const KNOWN: &[(&str, SendProxy)] = &[
    ("ssl", SendProxy::SSL),
    ("cert-cn", SendProxy::SSL.or(SendProxy::CERT_CN)),
    ("cert-key", SendProxy::CERT_KEY),
    ("cert-sig", SendProxy::CERT_SIG),
    ("ssl-cipher", SendProxy::CIPHER),
    ("authority", SendProxy::AUTHORITY),
    ("crc32c", SendProxy::CRC32C),
    ("unique-id", SendProxy::UNIQUE_ID),
];

fn options(_: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    for name in place.value().split(',') {
        let Some((_, bits)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            return place.fail(&format!("'{name}' : proxy v2 option not implemented"));
        };
        add(draft, *bits)?;
    }
    Ok(1)
}

/// `set-proxy-v2-tlv-fmt(<id>) <fmt>`
fn field(parser: &mut Parser<'_>, place: &Place<'_, '_>, draft: &mut Draft) -> Outcome<usize> {
    let name = place.name();
    let id = name.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    // Without a number, as 3.4 accepts it, the type is 0.
    let Some(kind) = weir_sample::tlv_number(if id.is_empty() { "0" } else { id }) else {
        return place.fail(&format!("'{name}' : TLV id must be between 0 and 255"));
    };
    let text = place.value();
    let format = expression::format(parser, place.line, place.at + 1, FormatMode::Tcp)
        .or_else(|fault| place.fail(&format!("'{name}' : failed to parse format string : {fault}")))?;
    draft.options.proxy_fields.push(ProxyField { kind, text: text.into(), format: Arc::new(format) });
    Ok(1)
}
