//! Random numbers that nobody can guess.

/// From the kernel, by way of OpenSSL.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    openssl::rand::rand_bytes(&mut bytes).expect("the kernel gives random bytes");
    u64::from_ne_bytes(bytes)
}
