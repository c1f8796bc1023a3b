//! `option forwarded`: the `Forwarded` header of RFC 7239, as HAProxy 2.8 was seen to write it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use weir_plan::Plan;
use weir_plan::settings::{Forwarded, ForwardedPart as Part};
use weir_sample::{Expr, Resolved, Type, Value};

use crate::turn::Turn;

const NAME: &[u8] = b"forwarded";

impl Turn<'_, '_> {
    /// Adds to the last line that is there, or makes one.
    pub fn add_forwarded(&mut self, plan: &Plan) {
        let settings = plan.proxy(self.stream.backend).settings.clone();
        let Some(option) = settings.forwarded.as_deref() else { return };
        let element = self.forwarded_element(option);
        let headers = &mut self.stream.request.headers;
        let last = headers.iter().rposition(|line| line.name == NAME);
        // A head without room goes on as it is.
        let _ = match last {
            Some(at) => {
                let known = headers.at(at).value.to_vec();
                headers.replace_at(at, &[&known, &b","[..], element.as_bytes()].concat())
            }
            None => headers.add(NAME, element.as_bytes()),
        };
    }

    fn forwarded_element(&self, option: &Forwarded<Expr<Resolved>>) -> String {
        let mut pairs = Vec::new();
        if option.proto {
            let encrypted = self.client.socket.tls().is_some();
            pairs.push(format!("proto={}", if encrypted { "https" } else { "http" }));
        }
        let host = match &option.host {
            Part::None => None,
            Part::Own => Some(self.stream.request.headers.find(b"host").map(<[u8]>::to_vec)),
            Part::Expr(expr) => Some(self.value_of(expr).and_then(text_of).map(String::into_bytes)),
        };
        if let Some(host) = host {
            let host = host.filter(|host| is_host(host)).unwrap_or_default();
            pairs.push(format!("host=\"{}\"", String::from_utf8_lossy(&host)));
        }
        let (to, from) = (self.client.destination(), self.client.session.source);
        pairs.extend(self.node("by", &option.by, &option.by_port, to));
        pairs.extend(self.node("for", &option.source, &option.source_port, from));
        pairs.join(";")
    }

    fn value_of(&self, expr: &Expr<Resolved>) -> Option<weir_sample::OwnedValue> {
        expr.eval(&self.view(true)).value().map(Value::into_owned)
    }

    /// `by=NAME`, `for="NAME:PORT"`.
    fn node(
        &self,
        parameter: &str,
        name: &Part<Expr<Resolved>>,
        port: &Part<Expr<Resolved>>,
        address: Option<SocketAddr>,
    ) -> Option<String> {
        let name = match name {
            Part::None => return None,
            Part::Own => address.map(|address| ip_text(address.ip().to_canonical())),
            Part::Expr(expr) => self.value_of(expr).and_then(node_name),
        };
        let name = name.unwrap_or_else(|| "unknown".into());
        let quoted = !port.is_none() || name.starts_with('[');
        let port = match port {
            Part::None => None,
            Part::Own => address.map(|address| address.port().to_string()),
            Part::Expr(expr) => self.value_of(expr).and_then(node_port),
        };
        let node = match port {
            Some(port) => format!("{name}:{port}"),
            None => name,
        };
        Some(if quoted { format!("{parameter}=\"{node}\"") } else { format!("{parameter}={node}") })
    }
}

fn ip_text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// RFC 7239 section 6: an address, `unknown`, or an identifier, which begins with an underscore.
fn node_name(value: weir_sample::OwnedValue) -> Option<String> {
    let text = match value {
        Value::Ip4(ip) => return Some(ip_text(ip.into())),
        Value::Ip6(ip) => return Some(ip_text(ip.into())),
        other => text_of(other)?,
    };
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let literal = text.parse::<Ipv4Addr>().is_ok() || inside.is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    if literal || text == "unknown" { Some(text) } else { identifier(text) }
}

fn node_port(value: weir_sample::OwnedValue) -> Option<String> {
    let text = text_of(value)?;
    if text.parse::<u16>().is_ok() { Some(text) } else { identifier(text) }
}

fn text_of(value: weir_sample::OwnedValue) -> Option<String> {
    String::from_utf8(value.cast(Type::Str)?.into_bytes().into_owned()).ok()
}

fn identifier(text: String) -> Option<String> {
    let fits =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let named = text.starts_with('_') && text.len() > 1;
    fits.then(|| if named { text } else { format!("_{text}") })
}

/// What may stand in `Host`: a name or an address in brackets, and a port.
fn is_host(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (host, rest) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ip, rest)) if ip.parse::<Ipv6Addr>().is_ok() => ("v6", rest),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    let port = rest.strip_prefix(':').map_or(rest.is_empty(), |port| port.parse::<u16>().is_ok());
    !host.is_empty() && host.bytes().all(allowed) && port
}
