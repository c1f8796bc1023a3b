//! OCSP responses (RFC 6960): which certificate one is about, whether it may be served, and how another is asked for.

use openssl::ocsp::{OcspFlag, OcspResponse, OcspResponseStatus};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Ref, X509VerifyResult};

use crate::certificate::Parts;
use crate::pem;

const UNKNOWN: i32 = 2;

/// So long after its time a response is still taken, for clocks that differ. It is served until its time.
const SKEW_S: i64 = 300;

/// Why a response is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Unreadable,
    Unsuccessful,
    NoBasic,
    Several(usize),
    UnknownStatus,
    NoNextUpdate,
    Mismatch,
    /// At run time, where it might be about any.
    NoCertificate,
    Expired,
    Signature,
}

impl Fault {
    /// HAProxy's text, without its full stop.
    pub fn worded(self) -> String {
        let text = match self {
            Self::Unreadable => "Unable to parse OCSP response",
            Self::Unsuccessful => "OCSP response status not successful",
            Self::NoBasic => "Failed to get basic response from OCSP Response",
            Self::Several(count) => {
                return format!("OCSP response ignored because contains multiple single responses ({count})");
            }
            Self::UnknownStatus => "OCSP single response: certificate status is unknown",
            Self::NoNextUpdate => "OCSP single response: missing nextupdate",
            Self::Mismatch => "OCSP single response: Certificate ID does not match certificate and issuer",
            Self::NoCertificate => {
                "OCSP single response: Certificate ID does not match any certificate or issuer"
            }
            Self::Expired => "OCSP single response: no longer valid.",
            Self::Signature => "OCSP response signature verification failed",
        };
        text.to_owned()
    }
}

/// Seconds since 1970.
pub fn now_s() -> i64 {
    (weir_sys::clock::realtime_us() / 1_000_000) as i64
}

/// A response that may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Of the certificate, as DER.
    pub id: Vec<u8>,
    /// Until then it may be served, seconds since 1970.
    pub expires_s: i64,
}

/// Reads a response and checks what it says of itself.
pub fn read(der: &[u8], now_s: i64) -> Result<Response, Fault> {
    let response = OcspResponse::from_der(der).map_err(|_| Fault::Unreadable)?;
    if response.status() != OcspResponseStatus::SUCCESSFUL {
        return Err(Fault::Unsuccessful);
    }
    let basic = response.basic().map_err(|_| Fault::NoBasic)?;
    let mut singles = weir_sys::ocsp::singles(&basic);
    let (Some(single), true) = (singles.pop(), singles.is_empty()) else {
        return Err(Fault::Several(weir_sys::ocsp::singles(&basic).len()));
    };
    if single.status == UNKNOWN {
        return Err(Fault::UnknownStatus);
    }
    let expires_s = single.next_update_s.ok_or(Fault::NoNextUpdate)?;
    if expires_s <= now_s.saturating_sub(SKEW_S) {
        return Err(Fault::Expired);
    }
    Ok(Response { id: single.id, expires_s })
}

/// The same for a response that must be about one certificate.
pub fn read_for(der: &[u8], id: &[u8], now_s: i64) -> Result<Response, Fault> {
    // What it is about is looked at before its time.
    if read(der, i64::MIN)?.id != id {
        return Err(Fault::Mismatch);
    }
    read(der, now_s)
}

/// Whether the issuer, or who it named for that, signed a response.
pub fn verify(der: &[u8], issuer: &X509) -> Result<(), Fault> {
    let check = || {
        let basic = OcspResponse::from_der(der)?.basic()?;
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(issuer.clone())?;
        // The issuer itself is trusted, whoever issued it.
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        let mut beside = Stack::new()?;
        beside.push(issuer.clone())?;
        basic.verify(&beside, &store.build(), OcspFlag::empty())
    };
    check().map_err(|_: openssl::error::ErrorStack| Fault::Signature)
}

/// As `openssl ocsp -text` shows a response.
pub fn text(der: &[u8]) -> Option<String> {
    weir_sys::ocsp::text(&*OcspResponse::from_der(der).ok()?)
}

/// The parts of an identifier: hashes of the issuer's name and key, and the serial number.
pub fn id_parts(id: &[u8]) -> Option<[&[u8]; 3]> {
    // SEQUENCE { SEQUENCE { algorithm }, OCTET STRING, OCTET STRING, INTEGER }, all of them short.
    let whole = element(id, 0x30)?.0;
    let (_, rest) = element(whole, 0x30)?;
    let (name, rest) = element(rest, 0x04)?;
    let (key, rest) = element(rest, 0x04)?;
    let (serial, _) = element(rest, 0x02)?;
    Some([name, key, serial])
}

/// The content of a DER element of less than 128 bytes, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [first, length, rest @ ..] = bytes else { return None };
    (*first == tag && *length < 128).then(|| rest.split_at_checked((*length).into()))?
}

impl Parts {
    /// The certificate of the issuer: of its own file, or of the chain.
    pub fn issuer_certificate(&self, leaf: &X509Ref) -> Option<X509> {
        if let Some(file) = &self.issuer {
            return pem::leaf(file).ok();
        }
        let mut chain = pem::chain(&self.pem).unwrap_or_default();
        if let (1, Some(more)) = (chain.len(), &self.chain) {
            chain.extend(pem::chain(more).unwrap_or_default());
        }
        chain.into_iter().skip(1).find(|link| is_issuer(link, leaf))
    }

    /// The identifier that responses about the certificate have.
    pub fn ocsp_id(&self) -> Option<Vec<u8>> {
        let leaf = pem::leaf(&self.pem).ok()?;
        let issuer = self.issuer_certificate(&leaf)?;
        weir_sys::ocsp::id(&leaf, &issuer)
    }

    /// Where another response is to be had.
    pub fn ocsp_responder(&self) -> Option<String> {
        let uris = pem::leaf(&self.pem).ok()?.ocsp_responders().ok()?;
        uris.iter().next().map(|uri| uri.to_string())
    }
}

pub fn is_issuer(issuer: &X509Ref, of: &X509Ref) -> bool {
    issuer.issued(of) == X509VerifyResult::OK
}

/// The request for one certificate, DER.
pub fn request(id: &[u8]) -> Vec<u8> {
    // OCSPRequest { TBSRequest { requestList { Request { CertID } } } }: no part of it is optional here.
    (0..4).fold(id.to_vec(), |inner, _| {
        let mut outer = vec![0x30];
        match inner.len() {
            short @ ..128 => outer.push(short as u8),
            long @ ..256 => outer.extend([0x81, long as u8]),
            long => outer.extend([0x82, (long >> 8) as u8, long as u8]),
        }
        outer.extend(inner);
        outer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_openssl_reads() {
        // The request of HAProxy 2.8 for such an identifier.
        let id = "304d300906052b0e03021a05000414979659dc38d8614c5ea7d3b5bea9538f389c1f3204141438fac40c1c1a5419845d30\
                  d5426122b0a4595e021413afa113c236479e704080ba0f87279bf7173fd6";
        let id: Vec<u8> =
            (0..id.len() / 2).map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap()).collect();
        assert_eq!(
            openssl::base64::encode_block(&request(&id)),
            "MFUwUzBRME8wTTAJBgUrDgMCGgUABBSXllncONhhTF6n07W+qVOPOJwfMgQUFDj6xAwcGlQZhF0w1UJhIrCkWV4CFBOvoRPCNkeecECA\
             ug+HJ5v3Fz/W"
        );
        let [name, key, serial] = id_parts(&id).unwrap();
        assert_eq!((name[0], key[0], serial), (0x97, 0x14, &id[id.len() - 20..]));
    }

    #[test]
    fn what_is_no_response() {
        assert_eq!(read(b"garbage", 0), Err(Fault::Unreadable));
        assert_eq!(read(&[0x30, 3, 0x0a, 1, 3], 0), Err(Fault::Unsuccessful));
        assert_eq!(read(&[0x30, 3, 0x0a, 1, 0], 0), Err(Fault::NoBasic));
    }
}
