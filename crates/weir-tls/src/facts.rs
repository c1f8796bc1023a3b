//! What certificates and connections say of themselves, in the forms of manual 7.3.4.

use std::fmt::Write;

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ssl::SslRef;
use openssl::x509::{X509CrlRef, X509NameRef, X509Ref};

/// `YYMMDDhhmmss[Z]`: as the certificate has it.
pub fn time(of: &openssl::asn1::Asn1TimeRef) -> Option<String> {
    // Only printed forms are to be had: `Nov 27 07:23:12 2026 GMT`.
    let text = of.to_string();
    let mut words = text.split_ascii_whitespace();
    let (month, day, clock, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    let (day, year): (u32, u32) = (day.parse().ok()?, year.parse().ok()?);
    let clock: String = clock.split(':').collect();
    // Years from 2050 on are written with four digits (RFC 5280 4.1.2.5).
    let year = if (1950..2050).contains(&year) { format!("{:02}", year % 100) } else { year.to_string() };
    Some(format!("{year}{month:02}{day:02}{clock}Z"))
}

pub fn serial(certificate: &X509Ref) -> Option<Vec<u8>> {
    let number = certificate.serial_number().to_bn().ok()?;
    let bytes = number.to_vec();
    Some(if bytes.is_empty() { vec![0] } else { bytes })
}

pub fn sha1(certificate: &X509Ref) -> Option<Vec<u8>> {
    certificate.digest(MessageDigest::sha1()).ok().map(|digest| digest.to_vec())
}

/// `RSA-SHA256` and its like.
pub fn signature_algorithm(certificate: &X509Ref) -> Option<&'static str> {
    certificate.signature_algorithm().object().nid().short_name().ok()
}

/// `rsaEncryption`, `id-ecPublicKey`.
pub fn key_algorithm(certificate: &X509Ref) -> Option<&'static str> {
    let key = certificate.public_key().ok()?;
    Nid::from_raw(key.id().as_raw()).short_name().ok()
}

/// `RSA2048`, `EC256`: the kind of key and its bits.
pub fn key_name(certificate: &X509Ref) -> Option<String> {
    use openssl::pkey::Id;
    let key = certificate.public_key().ok()?;
    let kind = match key.id() {
        Id::RSA => "RSA",
        Id::EC => "EC",
        Id::DSA => "DSA",
        _ => return None,
    };
    Some(format!("{kind}{}", key.bits()))
}

pub fn alternative_names(certificate: &X509Ref) -> Option<String> {
    let names = certificate.subject_alt_names()?;
    let mut parts = Vec::new();
    for name in &names {
        if let Some(host) = name.dnsname() {
            parts.push(format!("DNS:{host}"));
        } else if let Some(uri) = name.uri() {
            parts.push(format!("URI:{uri}"));
        } else if let Some(address) = name.email() {
            parts.push(format!("email:{address}"));
        } else if let Some(bytes) = name.ipaddress() {
            let text = match bytes {
                [a, b, c, d] => format!("{a}.{b}.{c}.{d}"),
                long => {
                    let groups = long.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                    groups.map(|group| format!("{group:X}")).collect::<Vec<_>>().join(":")
                }
            };
            parts.push(format!("IP Address:{text}"));
        }
    }
    Some(parts.join(", "))
}

/// A name as a whole, `/C=FR/CN=host`, or for LDAP (RFC 2253) with the last part first.
pub fn whole_name(name: &X509NameRef, rfc2253: bool) -> String {
    let parts = name.entries().map(|entry| {
        let kind = entry.object().nid().short_name().unwrap_or("UNDEF");
        (kind, entry.data().to_string().map(|text| text.to_string()).unwrap_or_default())
    });
    if !rfc2253 {
        return parts.map(|(kind, value)| format!("/{kind}={value}")).collect();
    }
    let mut parts: Vec<String> = parts.map(|(kind, value)| format!("{kind}={}", escaped(&value))).collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 2253 2.4.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for (at, character) in value.char_indices() {
        let ends = at == 0 && matches!(character, '#' | ' ') || at + 1 == value.len() && character == ' ';
        if ends || matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// The part of a name with this kind (`CN`): the `occurrence`th from the beginning, or from the end if negative.
pub fn name_part(name: &X509NameRef, kind: &str, occurrence: i64) -> Option<String> {
    let mut values: Vec<String> = name
        .entries()
        .filter(|entry| entry.object().nid().short_name().is_ok_and(|known| known.eq_ignore_ascii_case(kind)))
        .filter_map(|entry| entry.data().to_string().ok().map(|text| text.to_string()))
        .collect();
    let at = match occurrence {
        0 => 0,
        1.. => usize::try_from(occurrence - 1).ok()?,
        _ => values.len().checked_sub(usize::try_from(occurrence.unsigned_abs()).ok()?)?,
    };
    (at < values.len()).then(|| values.swap_remove(at))
}

/// RFC 5929 3: the first Finished message of the handshake.
pub fn unique_id(ssl: &SslRef) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    // A full handshake is finished first by the client, a resumed one by the server.
    let own = ssl.is_server() == ssl.session_reused();
    let length = if own { ssl.finished(&mut bytes) } else { ssl.peer_finished(&mut bytes) };
    bytes.truncate(length.min(64));
    bytes
}

pub fn client_random(ssl: &SslRef) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    let length = ssl.client_random(&mut bytes);
    bytes.truncate(length);
    bytes
}

pub fn server_random(ssl: &SslRef) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    let length = ssl.server_random(&mut bytes);
    bytes.truncate(length);
    bytes
}

pub fn session_key(ssl: &SslRef) -> Option<Vec<u8>> {
    let session = ssl.session()?;
    let mut bytes = vec![0; 64];
    let length = session.master_key(&mut bytes);
    bytes.truncate(length);
    Some(bytes)
}

/// A revocation list as `show ssl crl-file` shows it.
pub fn revocations(list: &X509CrlRef) -> String {
    let mut text = format!("Version {}\n", weir_sys::tls::crl_version(list));
    let algorithm = weir_sys::tls::crl_signature_algorithm(list).unwrap_or_default();
    let _ = writeln!(text, "Signature Algorithm: {algorithm}");
    let _ = writeln!(text, "Issuer: {}", whole_name(list.issuer_name(), false));
    let _ = writeln!(text, "Last Update: {}", list.last_update());
    let next = list.next_update().map_or("NONE".into(), |time| time.to_string());
    let _ = writeln!(text, "Next Update: {next}");
    let Some(revoked) = list.get_revoked().filter(|revoked| !revoked.is_empty()) else {
        return text + "No Revoked Certificates.\n";
    };
    text.push_str("Revoked Certificates:\n");
    for one in revoked {
        let serial = one.serial_number().to_bn().and_then(|number| number.to_hex_str());
        let serial = serial.map(|hex| hex.to_string()).unwrap_or_default();
        let _ =
            writeln!(text, "    Serial Number: {serial}\n        Revocation Date: {}", one.revocation_date());
    }
    text
}
