//! Providers of OpenSSL's algorithms, as far as the `openssl` crate does not know of them.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// `OSSL_PROVIDER`, which only OpenSSL looks into.
#[repr(C)]
struct Provider {
    _opaque: [u8; 0],
}

// SAFETY: as declared in openssl/provider.h and openssl/evp.h of OpenSSL 3; a null library is the default one.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn OSSL_PROVIDER_do_all(
        library: *mut c_void,
        each: unsafe extern "C" fn(*mut Provider, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn OSSL_PROVIDER_get0_name(provider: *const Provider) -> *const c_char;
    fn EVP_set_default_properties(library: *mut c_void, query: *const c_char) -> c_int;
}

// SAFETY: called by `loaded` alone, with a provider that is valid for the call and the list of names.
#[allow(unsafe_code)]
unsafe extern "C" fn note(provider: *mut Provider, names: *mut c_void) -> c_int {
    // SAFETY: `names` is the list that `loaded` handed in; a provider's name ends with a zero byte.
    unsafe {
        let names = &mut *names.cast::<Vec<String>>();
        let name = OSSL_PROVIDER_get0_name(provider);
        if !name.is_null() {
            names.push(CStr::from_ptr(name).to_string_lossy().into_owned());
        }
    }
    1
}

/// The providers that are loaded, by name.
pub fn loaded() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // SAFETY: the list outlives the call, which hands it to `note` alone.
    #[allow(unsafe_code)]
    unsafe {
        OSSL_PROVIDER_do_all(std::ptr::null_mut(), note, std::ptr::from_mut(&mut names).cast());
    }
    names
}

/// Which implementations are taken from now on where nothing else is asked for. False: it is no property query.
pub fn prefer(query: &str) -> bool {
    let Ok(query) = CString::new(query) else { return false };
    // SAFETY: the text ends with a zero byte and is copied.
    #[allow(unsafe_code)]
    let done = unsafe { EVP_set_default_properties(std::ptr::null_mut(), query.as_ptr()) };
    done == 1
}
