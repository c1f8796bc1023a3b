//! Password hashes of crypt(3): whichever the system's library knows.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};

#[link(name = "crypt")]
unsafe extern "C" {
    fn crypt_r(phrase: *const c_char, setting: *const c_char, data: *mut c_void) -> *mut c_char;
}

/// Room for the library's working state, more than any version of `struct crypt_data` takes, in words of 8 bytes.
const STATE_WORDS: usize = 256 * 1024 / 8;

/// Whether `hash` is that of `password`. Takes as long as the hash's method wants it to, milliseconds perhaps. A hash
/// of an unknown method fits no password.
pub fn password_fits(password: &[u8], hash: &str) -> bool {
    let (Ok(phrase), Ok(setting)) = (CString::new(password), CString::new(hash)) else { return false };
    let mut state = vec![0_u64; STATE_WORDS];
    // SAFETY: both strings end with NUL and outlive the call; the state is zeroed, as the library wants it at first
    // use, and larger than it needs. What comes back points into the state, or at a constant, or nowhere.
    let found = unsafe { crypt_r(phrase.as_ptr(), setting.as_ptr(), state.as_mut_ptr().cast()) };
    if found.is_null() || hash.is_empty() {
        return false;
    }
    // SAFETY: not null, so a string that ends with NUL; the state it may lie in is still there.
    let found = unsafe { CStr::from_ptr(found) };
    // A failure is told by a text that begins with an asterisk, which is no hash.
    found.to_bytes() == hash.as_bytes() && !hash.starts_with('*')
}

#[cfg(test)]
mod tests {
    use super::password_fits;

    /// `openssl passwd -6`, `-5`, `-1` and perl's `crypt` for the traditional method.
    #[test]
    fn hashes_of_every_common_method() {
        for hash in [
            "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.",
            "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.",
            "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
            "abNANd1rDfiNc",
        ] {
            assert!(password_fits(b"secret", hash), "{hash}");
            assert!(!password_fits(b"Secret", hash), "{hash}");
            assert!(!password_fits(b"", hash), "{hash}");
        }
    }

    #[test]
    fn what_is_no_hash_fits_nothing() {
        for hash in ["", "*0", "*1", "secret", "$99$x$y"] {
            assert!(!password_fits(b"secret", hash), "{hash}");
            assert!(!password_fits(b"", hash), "{hash}");
        }
        assert!(!password_fits(b"sec\0ret", "abNANd1rDfiNc"));
    }
}
