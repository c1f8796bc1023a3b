//! Digests, ciphers and signed tokens (manual 7.3.1).

use super::row::*;

pub(super) const ROWS: &[Converter] = &[
    Converter::new(
        "aes_cbc_dec",
        sig(3, &[Int, Text, Text, Text]),
        Bin,
        Bin,
        "decrypts AES in CBC mode (7.3.1)",
    ),
    Converter::new(
        "aes_cbc_enc",
        sig(3, &[Int, Text, Text, Text]),
        Bin,
        Bin,
        "encrypts AES in CBC mode (7.3.1)",
    ),
    Converter::new(
        "aes_gcm_dec",
        sig(4, &[Int, Text, Text, Text, Text]),
        Bin,
        Bin,
        "decrypts AES in GCM mode (7.3.1)",
    ),
    Converter::new(
        "aes_gcm_enc",
        sig(4, &[Int, Text, Text, Text, Text]),
        Bin,
        Bin,
        "encrypts AES in GCM mode (7.3.1)",
    ),
    Converter::new("digest", sig(1, &[Text]), Bin, Bin, "message digest by name (7.3.1)"),
    Converter::new("hmac", sig(2, &[Text, Text]), Bin, Bin, "keyed message digest by name (7.3.1)"),
    Converter::new(
        "jwt_decrypt_cert",
        sig(1, &[Text]),
        Bin,
        Bin,
        "decrypts a token with a certificate (7.3.1)",
    ),
    Converter::new("jwt_decrypt_jwk", sig(1, &[Text]), Bin, Bin, "decrypts a token with a JWK (7.3.1)"),
    Converter::new("jwt_decrypt_secret", sig(1, &[Text]), Bin, Bin, "decrypts a token with a secret (7.3.1)"),
    Converter::new("jwt_header_query", sig(0, &[Text, Text]), Bin, Any, "value in a token's header (7.3.1)"),
    Converter::new(
        "jwt_payload_query",
        sig(0, &[Text, Text]),
        Bin,
        Any,
        "value in a token's payload (7.3.1)",
    ),
    Converter::new("jwt_verify", sig(2, &[Text, Text]), Bin, Sint, "verifies a token's signature (7.3.1)"),
    Converter::new(
        "jwt_verify_cert",
        sig(2, &[Text, Text]),
        Bin,
        Sint,
        "verifies a token's signature with a certificate (7.3.1)",
    ),
    Converter::new("sha1", NONE, Bin, Bin, "SHA-1 digest (7.3.1)"),
    Converter::new("sha2", sig(0, &[Int]), Bin, Bin, "SHA-2 digest (7.3.1)"),
];
