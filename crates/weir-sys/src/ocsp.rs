//! OCSP (RFC 6960) as far as the `openssl` crate does not reach: identifiers, what a response says, its text.

use std::ffi::{c_char, c_int, c_ulong, c_void};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::hash::MessageDigest;
use openssl::ocsp::{OcspBasicResponseRef, OcspCertId, OcspResponseRef};
use openssl::x509::X509Ref;

// SAFETY: as declared in openssl/ocsp.h of OpenSSL 3.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn i2d_OCSP_CERTID(id: *const openssl_sys::OCSP_CERTID, out: *mut *mut u8) -> c_int;
    fn OCSP_resp_count(response: *mut openssl_sys::OCSP_BASICRESP) -> c_int;
    fn OCSP_resp_get0(response: *mut openssl_sys::OCSP_BASICRESP, at: c_int) -> *mut c_void;
    fn OCSP_SINGLERESP_get0_id(single: *const c_void) -> *const openssl_sys::OCSP_CERTID;
    fn OCSP_single_get0_status(
        single: *mut c_void,
        reason: *mut c_int,
        revoked: *mut *mut openssl_sys::ASN1_TIME,
        this_update: *mut *mut openssl_sys::ASN1_TIME,
        next_update: *mut *mut openssl_sys::ASN1_TIME,
    ) -> c_int;
    fn OCSP_RESPONSE_print(
        out: *mut openssl_sys::BIO,
        response: *mut openssl_sys::OCSP_RESPONSE,
        flags: c_ulong,
    ) -> c_int;
}

/// What a response says of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// The identifier as DER.
    pub id: Vec<u8>,
    /// `V_OCSP_CERTSTATUS_*`: 0 good, 1 revoked, 2 unknown.
    pub status: i32,
    /// Seconds since 1970.
    pub next_update_s: Option<i64>,
}

/// The identifier of a certificate, with SHA-1, as DER. `None`: it has none of this issuer.
pub fn id(certificate: &X509Ref, issuer: &X509Ref) -> Option<Vec<u8>> {
    let id = OcspCertId::from_cert(MessageDigest::sha1(), certificate, issuer).ok()?;
    // SAFETY: the identifier lives for the call.
    #[allow(unsafe_code)]
    unsafe {
        id_der(id.as_ptr())
    }
}

// SAFETY: `id` must be valid for the call.
#[allow(unsafe_code)]
unsafe fn id_der(id: *const openssl_sys::OCSP_CERTID) -> Option<Vec<u8>> {
    // SAFETY: without room the call tells the length; with it, it writes so many bytes.
    unsafe {
        let length = usize::try_from(i2d_OCSP_CERTID(id, std::ptr::null_mut())).ok()?;
        let mut der = vec![0; length];
        let mut out = der.as_mut_ptr();
        (i2d_OCSP_CERTID(id, &raw mut out) as usize == length).then_some(der)
    }
}

/// Everything that a response says.
pub fn singles(response: &OcspBasicResponseRef) -> Vec<Single> {
    // SAFETY: the response is valid; what is returned lives in it and is copied at once.
    #[allow(unsafe_code)]
    unsafe {
        let count = OCSP_resp_count(response.as_ptr());
        (0..count).filter_map(|at| single(OCSP_resp_get0(response.as_ptr(), at))).collect()
    }
}

// SAFETY: `single` must be valid for the call, or null.
#[allow(unsafe_code)]
unsafe fn single(single: *mut c_void) -> Option<Single> {
    if single.is_null() {
        return None;
    }
    let mut next_update = std::ptr::null_mut();
    let nothing = std::ptr::null_mut;
    // SAFETY: places that are null are not written to; the time that is written lives in the response.
    unsafe {
        let status =
            OCSP_single_get0_status(single, std::ptr::null_mut(), nothing(), nothing(), &raw mut next_update);
        let next_update_s =
            if next_update.is_null() { None } else { seconds(Asn1TimeRef::from_ptr(next_update)) };
        Some(Single { id: id_der(OCSP_SINGLERESP_get0_id(single))?, status, next_update_s })
    }
}

/// Seconds since 1970.
fn seconds(time: &Asn1TimeRef) -> Option<i64> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(since.days) * 86400 + i64::from(since.secs))
}

/// A response as OpenSSL's own command shows it.
pub fn text(response: &OcspResponseRef) -> Option<String> {
    // SAFETY: the memory of the BIO is copied before it is freed.
    #[allow(unsafe_code)]
    unsafe {
        let out = openssl_sys::BIO_new(openssl_sys::BIO_s_mem());
        if out.is_null() {
            return None;
        }
        let printed = OCSP_RESPONSE_print(out, response.as_ptr(), 0) == 1;
        let mut data: *mut c_char = std::ptr::null_mut();
        let length = usize::try_from(openssl_sys::BIO_get_mem_data(out, &raw mut data)).unwrap_or(0);
        let bytes = if data.is_null() { &[] } else { std::slice::from_raw_parts(data.cast::<u8>(), length) };
        let text = printed.then(|| String::from_utf8_lossy(bytes).into_owned());
        openssl_sys::BIO_free_all(out);
        text
    }
}
