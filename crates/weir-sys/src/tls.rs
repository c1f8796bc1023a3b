//! Calls to OpenSSL that the `openssl` crate does not have, or has as unsafe because it cannot know what is true here.

use std::ffi::{CString, c_char, c_int, c_long, c_void};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslRef, SslSession};
use openssl::x509::X509Crl;
use openssl::x509::store::X509StoreBuilderRef;

// SAFETY: as declared in openssl/x509_vfy.h and openssl/ssl.h of OpenSSL 3.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn X509_STORE_add_crl(store: *mut openssl_sys::X509_STORE, list: *mut openssl_sys::X509_CRL) -> c_int;
    fn SSL_group_to_name(ssl: *mut openssl_sys::SSL, group: c_int) -> *const c_char;
    fn SSL_CIPHER_find(ssl: *mut openssl_sys::SSL, number: *const u8) -> *const openssl_sys::SSL_CIPHER;
    fn SSL_CTX_set_timeout(context: *mut openssl_sys::SSL_CTX, seconds: c_long) -> c_long;
}

// Command numbers of SSL_CTX_ctrl, fixed by OpenSSL's ABI (openssl/ssl.h, openssl/tls1.h).
const SET_TLSEXT_TICKET_KEYS: c_int = 59;
const SET_CLIENT_SIGALGS_LIST: c_int = 102;
const SET_DH_AUTO: c_int = 118;
const GET_NEGOTIATED_GROUP: c_int = 134;

/// OpenSSL's own ticket keys are these many bytes: a name, an HMAC key and an AES key.
pub const TICKET_KEYS: usize = 80;

/// Lets a store know of revoked certificates.
pub fn add_revocations(store: &mut X509StoreBuilderRef, list: &X509Crl) -> Result<(), ErrorStack> {
    // SAFETY: both pointers are valid for the call; the store takes a reference of its own on the list.
    #[allow(unsafe_code)]
    let done = unsafe { X509_STORE_add_crl(store.as_ptr(), list.as_ptr()) };
    if done == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Signature algorithms that a client's certificate may be used with.
pub fn set_client_sigalgs(builder: &mut SslContextBuilder, list: &str) -> Result<(), ErrorStack> {
    let Ok(list) = CString::new(list) else { return Err(ErrorStack::get()) };
    // SAFETY: the command reads a string that ends with a zero byte and keeps nothing of it.
    #[allow(unsafe_code)]
    let done = unsafe {
        let text = list.as_ptr().cast_mut().cast::<c_void>();
        openssl_sys::SSL_CTX_ctrl(builder.as_ptr(), SET_CLIENT_SIGALGS_LIST, 0, text)
    };
    if done == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// The keys that session tickets are sealed with.
pub fn set_ticket_keys(builder: &mut SslContextBuilder, keys: &[u8; TICKET_KEYS]) -> Result<(), ErrorStack> {
    // SAFETY: the command copies exactly `TICKET_KEYS` bytes and refuses any other length.
    #[allow(unsafe_code)]
    let done = unsafe {
        let bytes = keys.as_ptr().cast_mut().cast::<c_void>();
        openssl_sys::SSL_CTX_ctrl(builder.as_ptr(), SET_TLSEXT_TICKET_KEYS, TICKET_KEYS as c_long, bytes)
    };
    if done == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// Lets OpenSSL choose a Diffie-Hellman group that fits the certificate's key.
pub fn choose_dh(builder: &mut SslContextBuilder) {
    // SAFETY: the command only stores a flag.
    #[allow(unsafe_code)]
    unsafe {
        openssl_sys::SSL_CTX_ctrl(builder.as_ptr(), SET_DH_AUTO, 1, std::ptr::null_mut());
    }
}

/// How long a session may be resumed, seconds.
pub fn set_session_lifetime(builder: &mut SslContextBuilder, seconds: u32) {
    // SAFETY: the context is valid; the call only stores a number.
    #[allow(unsafe_code)]
    unsafe {
        SSL_CTX_set_timeout(builder.as_ptr(), c_long::from(seconds));
    }
}

/// Finds sessions of clients by id: `find` returns them as DER.
pub fn set_session_lookup<F>(builder: &mut SslContextBuilder, find: F)
where
    F: Fn(&[u8]) -> Option<Vec<u8>> + 'static + Sync + Send,
{
    let lookup = move |_: &mut SslRef, id: &[u8]| SslSession::from_der(&find(id)?).ok();
    // SAFETY: the session was just made from bytes and belongs to no context yet.
    #[allow(unsafe_code)]
    unsafe {
        builder.set_get_session_callback(lookup);
    }
}

/// Offers a server the session with this DER. False: the bytes are none.
pub fn offer_session(ssl: &mut SslRef, der: &[u8]) -> bool {
    let Ok(session) = SslSession::from_der(der) else { return false };
    // SAFETY: the session was just made from bytes and belongs to no context yet.
    #[allow(unsafe_code)]
    unsafe {
        ssl.set_session(&session).is_ok()
    }
}

/// The name of the group that the keys were agreed in.
pub fn group_name(ssl: &SslRef) -> Option<&'static str> {
    // SAFETY: the connection is valid; the name is a constant of OpenSSL's that ends with a zero byte.
    #[allow(unsafe_code)]
    let name = unsafe {
        let group = openssl_sys::SSL_ctrl(ssl.as_ptr(), GET_NEGOTIATED_GROUP, 0, std::ptr::null_mut());
        let name = SSL_group_to_name(ssl.as_ptr(), group as c_int);
        if name.is_null() { None } else { Some(std::ffi::CStr::from_ptr(name)) }
    };
    name?.to_str().ok()
}

/// The name of a cipher suite by its number in messages; `None` for one that OpenSSL does not know.
pub fn suite_name(ssl: &SslRef, number: [u8; 2]) -> Option<&'static str> {
    // SAFETY: two bytes are read; the cipher and its name are constants of OpenSSL's.
    #[allow(unsafe_code)]
    let name = unsafe {
        let cipher = SSL_CIPHER_find(ssl.as_ptr(), number.as_ptr());
        if cipher.is_null() {
            None
        } else {
            Some(std::ffi::CStr::from_ptr(openssl_sys::SSL_CIPHER_get_name(cipher)))
        }
    };
    name?.to_str().ok()
}
