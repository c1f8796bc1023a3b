//! Calls to OpenSSL that the `openssl` crate does not have, or has as unsafe because it cannot know what is true here.

use std::ffi::{CString, c_char, c_int, c_long, c_uint, c_void};
use std::sync::{Arc, OnceLock};

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::nid::Nid;
use openssl::ssl::{SslContext, SslContextBuilder, SslRef, SslSession};
use openssl::x509::store::X509StoreBuilderRef;
use openssl::x509::{X509Crl, X509CrlRef};

// SAFETY: as declared in openssl/x509_vfy.h and openssl/ssl.h of OpenSSL 3.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn X509_STORE_add_crl(store: *mut openssl_sys::X509_STORE, list: *mut openssl_sys::X509_CRL) -> c_int;
    fn SSL_group_to_name(ssl: *mut openssl_sys::SSL, group: c_int) -> *const c_char;
    fn SSL_CIPHER_find(ssl: *mut openssl_sys::SSL, number: *const u8) -> *const openssl_sys::SSL_CIPHER;
    fn SSL_CTX_set_timeout(context: *mut openssl_sys::SSL_CTX, seconds: c_long) -> c_long;
    fn X509_CRL_get_version(list: *const openssl_sys::X509_CRL) -> c_long;
    fn X509_CRL_get_signature_nid(list: *const openssl_sys::X509_CRL) -> c_int;
    fn SSL_CTX_set_tlsext_ticket_key_evp_cb(
        context: *mut openssl_sys::SSL_CTX,
        callback: TicketCallback,
    ) -> c_int;
    fn EVP_MAC_CTX_set_params(context: *mut c_void, parameters: *const Parameter) -> c_int;
}

type TicketCallback = unsafe extern "C" fn(
    *mut openssl_sys::SSL,
    *mut u8,
    *mut u8,
    *mut openssl_sys::EVP_CIPHER_CTX,
    *mut c_void,
    c_int,
) -> c_int;

/// `OSSL_PARAM` (openssl/core.h): an array of them ends with one whose key is null.
#[repr(C)]
struct Parameter {
    key: *const c_char,
    kind: c_uint,
    data: *const c_void,
    size: usize,
    returned: usize,
}

const UTF8_STRING: c_uint = 4;
const OCTET_STRING: c_uint = 5;

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

/// As texts count versions, from 1.
pub fn crl_version(list: &X509CrlRef) -> i64 {
    // SAFETY: the list is valid; the call only reads a number.
    #[allow(unsafe_code)]
    let version = unsafe { X509_CRL_get_version(list.as_ptr()) };
    version + 1
}

pub fn crl_signature_algorithm(list: &X509CrlRef) -> Option<&'static str> {
    // SAFETY: the list is valid; the call only reads a number.
    #[allow(unsafe_code)]
    let number = unsafe { X509_CRL_get_signature_nid(list.as_ptr()) };
    Nid::from_raw(number).long_name().ok()
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

/// What one session ticket is sealed with. The length of `cipher` tells AES-128 from AES-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketKey {
    pub name: [u8; 16],
    pub cipher: Box<[u8]>,
    pub mac: Box<[u8]>,
}

/// Keys of session tickets that change while connections come.
pub trait TicketRing: Send + Sync {
    fn sealing(&self) -> TicketKey;
    /// The key with this name, and whether the ticket is to be replaced by one under [`TicketRing::sealing`].
    fn opening(&self, name: &[u8; 16]) -> Option<(TicketKey, bool)>;
}

fn ring_index() -> Option<Index<SslContext, Arc<dyn TicketRing>>> {
    static INDEX: OnceLock<Option<Index<SslContext, Arc<dyn TicketRing>>>> = OnceLock::new();
    *INDEX.get_or_init(|| SslContext::new_ex_index().ok())
}

/// Lets tickets be sealed with the keys of a ring.
pub fn set_ticket_ring(builder: &mut SslContextBuilder, ring: Arc<dyn TicketRing>) -> Result<(), ErrorStack> {
    let Some(index) = ring_index() else { return Err(ErrorStack::get()) };
    builder.set_ex_data(index, ring);
    // SAFETY: the context is valid; the callback has the type that OpenSSL 3 declares.
    #[allow(unsafe_code)]
    let done = unsafe { SSL_CTX_set_tlsext_ticket_key_evp_cb(builder.as_ptr(), ticket_key) };
    if done == 1 { Ok(()) } else { Err(ErrorStack::get()) }
}

/// What OpenSSL is answered about a ticket.
const TICKET_FAILED: c_int = -1;
const TICKET_UNKNOWN: c_int = 0;
const TICKET_GOOD: c_int = 1;
const TICKET_TO_RENEW: c_int = 2;

const IV_BYTES: usize = 16;

/// Called by OpenSSL to seal (`seal` is 1) or open one ticket.
// SAFETY: OpenSSL calls it with pointers that are valid for the call: a name of 16 bytes, room for an initialisation
// vector of 16 (EVP_MAX_IV_LENGTH), and two contexts that it made.
#[allow(unsafe_code)]
unsafe extern "C" fn ticket_key(
    ssl: *mut openssl_sys::SSL,
    name: *mut u8,
    iv: *mut u8,
    cipher: *mut openssl_sys::EVP_CIPHER_CTX,
    mac: *mut c_void,
    seal: c_int,
) -> c_int {
    // SAFETY: see above; `name` and `iv` do not overlap.
    let (ssl, name, iv) = unsafe {
        let name = &mut *name.cast::<[u8; 16]>();
        (SslRef::from_ptr(ssl), name, &mut *iv.cast::<[u8; IV_BYTES]>())
    };
    let Some(ring) = ring_index().and_then(|index| ssl.ssl_context().ex_data(index)) else {
        return TICKET_FAILED;
    };
    let (key, answer) = if seal == 1 {
        let key = ring.sealing();
        *name = key.name;
        if openssl::rand::rand_bytes(iv).is_err() {
            return TICKET_FAILED;
        }
        (key, TICKET_GOOD)
    } else {
        match ring.opening(name) {
            None => return TICKET_UNKNOWN,
            Some((key, renew)) => (key, if renew { TICKET_TO_RENEW } else { TICKET_GOOD }),
        }
    };
    // The name of the hash is written with its end, which the size does not count.
    let digest = c"SHA256";
    let parameters = [
        Parameter {
            key: c"key".as_ptr(),
            kind: OCTET_STRING,
            data: key.mac.as_ptr().cast(),
            size: key.mac.len(),
            returned: usize::MAX,
        },
        Parameter {
            key: c"digest".as_ptr(),
            kind: UTF8_STRING,
            data: digest.as_ptr().cast(),
            size: digest.count_bytes(),
            returned: usize::MAX,
        },
        Parameter { key: std::ptr::null(), kind: 0, data: std::ptr::null(), size: 0, returned: 0 },
    ];
    // SAFETY: both contexts are valid; keys and vector have the lengths of the cipher; OpenSSL copies what it needs.
    let done = unsafe {
        let method = match key.cipher.len() {
            16 => openssl_sys::EVP_aes_128_cbc(),
            32 => openssl_sys::EVP_aes_256_cbc(),
            _ => return TICKET_FAILED,
        };
        EVP_MAC_CTX_set_params(mac, parameters.as_ptr()) == 1
            && openssl_sys::EVP_CipherInit_ex(
                cipher,
                method,
                std::ptr::null_mut(),
                key.cipher.as_ptr(),
                iv.as_ptr(),
                seal,
            ) == 1
    };
    if done { answer } else { TICKET_FAILED }
}
