//! TLS on either side (manual 7.3.4).

use super::row::*;
use crate::arg::Arg;
use crate::stage::Resolved;
use crate::stream::{CertificatePart, NameOf, NamePart, Side, Stream, TlsFact, Whose};
use crate::value::{Got, Value};

pub(super) const ROWS: &[Fetch] = &[
    Fetch::new("ssl_bc", NONE, Bool, Reads::Server5, "server's connection: whether it is encrypted (7.3.4)")
        .runs(ssl_bc),
    Fetch::new(
        "ssl_bc_alg_keysize",
        NONE,
        Sint,
        Reads::Server5,
        "server's connection: key size of the cipher (7.3.4)",
    )
    .runs(ssl_bc_alg_keysize),
    Fetch::new("ssl_bc_alpn", NONE, Str, Reads::Server5, "server's connection: negotiated ALPN (7.3.4)")
        .runs(ssl_bc_alpn),
    Fetch::new("ssl_bc_cipher", NONE, Str, Reads::Server5, "server's connection: name of the cipher (7.3.4)")
        .runs(ssl_bc_cipher),
    Fetch::new(
        "ssl_bc_client_early_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: client early traffic secret (7.3.4)",
    )
    .runs(ssl_bc_client_early_traffic_secret),
    Fetch::new(
        "ssl_bc_client_handshake_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: client handshake traffic secret (7.3.4)",
    )
    .runs(ssl_bc_client_handshake_traffic_secret),
    Fetch::new(
        "ssl_bc_client_random",
        NONE,
        Bin,
        Reads::Server5,
        "server's connection: client random (7.3.4)",
    )
    .runs(ssl_bc_client_random),
    Fetch::new(
        "ssl_bc_client_traffic_secret_0",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: client traffic secret (7.3.4)",
    )
    .runs(ssl_bc_client_traffic_secret_0),
    Fetch::new("ssl_bc_curve", NONE, Str, Reads::Server5, "server's connection: name of the curve (7.3.4)")
        .runs(ssl_bc_curve),
    Fetch::new(
        "ssl_bc_early_exporter_secret",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: early exporter secret (7.3.4)",
    )
    .runs(ssl_bc_early_exporter_secret),
    Fetch::new(
        "ssl_bc_err",
        NONE,
        Sint,
        Reads::Server5,
        "server's connection: error of the verification (7.3.4)",
    )
    .runs(ssl_bc_err),
    Fetch::new(
        "ssl_bc_err_str",
        NONE,
        Str,
        Reads::Server5,
        "server's connection: text of the last error (7.3.4)",
    )
    .runs(ssl_bc_err_str),
    Fetch::new(
        "ssl_bc_exporter_secret",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: exporter secret (7.3.4)",
    )
    .runs(ssl_bc_exporter_secret),
    Fetch::new(
        "ssl_bc_is_resumed",
        NONE,
        Bool,
        Reads::Server5,
        "server's connection: whether the session was resumed (7.3.4)",
    )
    .runs(ssl_bc_is_resumed),
    Fetch::new("ssl_bc_npn", NONE, Str, Reads::Server5, "server's connection: negotiated NPN (7.3.4)")
        .runs(ssl_bc_npn),
    Fetch::new(
        "ssl_bc_protocol",
        NONE,
        Str,
        Reads::Server5,
        "server's connection: name of the protocol version (7.3.4)",
    )
    .runs(ssl_bc_protocol),
    Fetch::new(
        "ssl_bc_server_handshake_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: server handshake traffic secret (7.3.4)",
    )
    .runs(ssl_bc_server_handshake_traffic_secret),
    Fetch::new(
        "ssl_bc_server_random",
        NONE,
        Bin,
        Reads::Server5,
        "server's connection: server random (7.3.4)",
    )
    .runs(ssl_bc_server_random),
    Fetch::new(
        "ssl_bc_server_traffic_secret_0",
        NONE,
        Str,
        Reads::Client5,
        "server's connection: server traffic secret (7.3.4)",
    )
    .runs(ssl_bc_server_traffic_secret_0),
    Fetch::new("ssl_bc_session_id", NONE, Bin, Reads::Server5, "server's connection: session id (7.3.4)")
        .runs(ssl_bc_session_id),
    Fetch::new("ssl_bc_session_key", NONE, Bin, Reads::Server5, "server's connection: session key (7.3.4)")
        .runs(ssl_bc_session_key),
    Fetch::new("ssl_bc_sni", NONE, Str, Reads::Server5, "server's connection: server name (7.3.4)")
        .runs(ssl_bc_sni),
    Fetch::new("ssl_bc_unique_id", NONE, Bin, Reads::Server5, "server's connection: TLS unique id (7.3.4)")
        .runs(ssl_bc_unique_id),
    Fetch::new(
        "ssl_bc_use_keysize",
        NONE,
        Sint,
        Reads::Server5,
        "server's connection: key size in use (7.3.4)",
    )
    .runs(ssl_bc_use_keysize),
    Fetch::new(
        "ssl_c_ca_err",
        NONE,
        Sint,
        Reads::Client5,
        "client's certificate: CA error of the verification (7.3.4)",
    )
    .runs(ssl_c_ca_err),
    Fetch::new(
        "ssl_c_ca_err_depth",
        NONE,
        Sint,
        Reads::Client5,
        "client's certificate: depth of the CA error (7.3.4)",
    )
    .runs(ssl_c_ca_err_depth),
    Fetch::new(
        "ssl_c_chain_der",
        NONE,
        Bin,
        Reads::Client5,
        "client's certificate: certificate chain in DER (7.3.4)",
    )
    .runs(ssl_c_chain_der),
    Fetch::new("ssl_c_der", NONE, Bin, Reads::Client5, "client's certificate: certificate in DER (7.3.4)")
        .runs(ssl_c_der),
    Fetch::new(
        "ssl_c_err",
        NONE,
        Sint,
        Reads::Client5,
        "client's certificate: error of the verification (7.3.4)",
    )
    .runs(ssl_c_err),
    Fetch::new(
        "ssl_c_i_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "client's certificate: issuer's distinguished name (7.3.4)",
    )
    .runs(ssl_c_i_dn),
    Fetch::new(
        "ssl_c_key_alg",
        NONE,
        Str,
        Reads::Client5,
        "client's certificate: name of the key algorithm (7.3.4)",
    )
    .runs(ssl_c_key_alg),
    Fetch::new("ssl_c_notafter", NONE, Str, Reads::Client5, "client's certificate: end of validity (7.3.4)")
        .runs(ssl_c_notafter),
    Fetch::new(
        "ssl_c_notbefore",
        NONE,
        Str,
        Reads::Client5,
        "client's certificate: start of validity (7.3.4)",
    )
    .runs(ssl_c_notbefore),
    Fetch::new(
        "ssl_c_r_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "client's certificate: root's distinguished name (7.3.4)",
    )
    .runs(ssl_c_r_dn),
    Fetch::new(
        "ssl_c_s_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "client's certificate: subject's distinguished name (7.3.4)",
    )
    .runs(ssl_c_s_dn),
    Fetch::new(
        "ssl_c_san",
        NONE,
        Str,
        Reads::Client5,
        "client's certificate: subject alternative names (7.3.4)",
    )
    .runs(ssl_c_san),
    Fetch::new("ssl_c_serial", NONE, Bin, Reads::Client5, "client's certificate: serial number (7.3.4)")
        .runs(ssl_c_serial),
    Fetch::new("ssl_c_sha1", NONE, Bin, Reads::Client5, "client's certificate: SHA-1 fingerprint (7.3.4)")
        .runs(ssl_c_sha1),
    Fetch::new(
        "ssl_c_sig_alg",
        NONE,
        Str,
        Reads::Client5,
        "client's certificate: name of the signature algorithm (7.3.4)",
    )
    .runs(ssl_c_sig_alg),
    Fetch::new(
        "ssl_c_used",
        NONE,
        Bool,
        Reads::Client5,
        "client's certificate: whether a certificate was presented (7.3.4)",
    )
    .runs(ssl_c_used),
    Fetch::new(
        "ssl_c_verify",
        NONE,
        Sint,
        Reads::Client5,
        "client's certificate: result of the verification (7.3.4)",
    )
    .runs(ssl_c_verify),
    Fetch::new("ssl_c_version", NONE, Sint, Reads::Client5, "client's certificate: version (7.3.4)")
        .runs(ssl_c_version),
    Fetch::new("ssl_f_der", NONE, Bin, Reads::Client5, "certificate served: certificate in DER (7.3.4)")
        .runs(ssl_f_der),
    Fetch::new(
        "ssl_f_i_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "certificate served: issuer's distinguished name (7.3.4)",
    )
    .runs(ssl_f_i_dn),
    Fetch::new(
        "ssl_f_key_alg",
        NONE,
        Str,
        Reads::Client5,
        "certificate served: name of the key algorithm (7.3.4)",
    )
    .runs(ssl_f_key_alg),
    Fetch::new("ssl_f_notafter", NONE, Str, Reads::Client5, "certificate served: end of validity (7.3.4)")
        .runs(ssl_f_notafter),
    Fetch::new("ssl_f_notbefore", NONE, Str, Reads::Client5, "certificate served: start of validity (7.3.4)")
        .runs(ssl_f_notbefore),
    Fetch::new(
        "ssl_f_s_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "certificate served: subject's distinguished name (7.3.4)",
    )
    .runs(ssl_f_s_dn),
    Fetch::new("ssl_f_serial", NONE, Bin, Reads::Client5, "certificate served: serial number (7.3.4)")
        .runs(ssl_f_serial),
    Fetch::new("ssl_f_sha1", NONE, Bin, Reads::Client5, "certificate served: SHA-1 fingerprint (7.3.4)")
        .runs(ssl_f_sha1),
    Fetch::new(
        "ssl_f_sig_alg",
        NONE,
        Str,
        Reads::Client5,
        "certificate served: name of the signature algorithm (7.3.4)",
    )
    .runs(ssl_f_sig_alg),
    Fetch::new("ssl_f_version", NONE, Sint, Reads::Client5, "certificate served: version (7.3.4)")
        .runs(ssl_f_version),
    Fetch::new("ssl_fc", NONE, Bool, Reads::Client5, "client's connection: whether it is encrypted (7.3.4)")
        .runs(ssl_fc),
    Fetch::new(
        "ssl_fc_alg_keysize",
        NONE,
        Sint,
        Reads::Client5,
        "client's connection: key size of the cipher (7.3.4)",
    )
    .runs(ssl_fc_alg_keysize),
    Fetch::new("ssl_fc_alpn", NONE, Str, Reads::Client5, "client's connection: negotiated ALPN (7.3.4)")
        .runs(ssl_fc_alpn),
    Fetch::new("ssl_fc_cipher", NONE, Str, Reads::Client5, "client's connection: name of the cipher (7.3.4)")
        .runs(ssl_fc_cipher),
    Fetch::new(
        "ssl_fc_cipherlist_bin",
        sig(0, &[Int]),
        Str,
        Reads::Client5,
        "client's connection: ciphers of the client hello, binary (7.3.4)",
    )
    .runs(ssl_fc_cipherlist_bin),
    Fetch::new(
        "ssl_fc_cipherlist_hex",
        sig(0, &[Int]),
        Bin,
        Reads::Client5,
        "client's connection: ciphers of the client hello, hexadecimal (7.3.4)",
    )
    .runs(ssl_fc_cipherlist_hex),
    Fetch::new(
        "ssl_fc_cipherlist_str",
        sig(0, &[Int]),
        Str,
        Reads::Client5,
        "client's connection: ciphers of the client hello, by name (7.3.4)",
    )
    .runs(ssl_fc_cipherlist_str),
    Fetch::new(
        "ssl_fc_cipherlist_xxh",
        NONE,
        Sint,
        Reads::Client5,
        "client's connection: hash of the ciphers of the client hello (7.3.4)",
    )
    .runs(ssl_fc_cipherlist_xxh),
    Fetch::new(
        "ssl_fc_client_early_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: client early traffic secret (7.3.4)",
    )
    .runs(ssl_fc_client_early_traffic_secret),
    Fetch::new(
        "ssl_fc_client_handshake_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: client handshake traffic secret (7.3.4)",
    )
    .runs(ssl_fc_client_handshake_traffic_secret),
    Fetch::new(
        "ssl_fc_client_random",
        NONE,
        Bin,
        Reads::Client5,
        "client's connection: client random (7.3.4)",
    )
    .runs(ssl_fc_client_random),
    Fetch::new(
        "ssl_fc_client_traffic_secret_0",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: client traffic secret (7.3.4)",
    )
    .runs(ssl_fc_client_traffic_secret_0),
    Fetch::new(
        "ssl_fc_crtname",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: name of the certificate served (7.3.4)",
    )
    .runs(ssl_fc_crtname),
    Fetch::new("ssl_fc_curve", NONE, Str, Reads::Client5, "client's connection: name of the curve (7.3.4)")
        .runs(ssl_fc_curve),
    Fetch::new(
        "ssl_fc_early_exporter_secret",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: early exporter secret (7.3.4)",
    )
    .runs(ssl_fc_early_exporter_secret),
    Fetch::new(
        "ssl_fc_early_rcvd",
        NONE,
        Bool,
        Reads::Client5,
        "client's connection: whether early data were received (7.3.4)",
    )
    .runs(ssl_fc_early_rcvd),
    Fetch::new(
        "ssl_fc_ecformats_bin",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: point formats of the client hello (7.3.4)",
    )
    .runs(ssl_fc_ecformats_bin),
    Fetch::new(
        "ssl_fc_eclist_bin",
        sig(0, &[Int]),
        Str,
        Reads::Client5,
        "client's connection: curves of the client hello (7.3.4)",
    )
    .runs(ssl_fc_eclist_bin),
    Fetch::new(
        "ssl_fc_err",
        NONE,
        Sint,
        Reads::Client5,
        "client's connection: error of the verification (7.3.4)",
    )
    .runs(ssl_fc_err),
    Fetch::new(
        "ssl_fc_err_str",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: text of the last error (7.3.4)",
    )
    .runs(ssl_fc_err_str),
    Fetch::new(
        "ssl_fc_exporter_secret",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: exporter secret (7.3.4)",
    )
    .runs(ssl_fc_exporter_secret),
    Fetch::new(
        "ssl_fc_extlist_bin",
        sig(0, &[Int]),
        Str,
        Reads::Client5,
        "client's connection: extensions of the client hello (7.3.4)",
    )
    .runs(ssl_fc_extlist_bin),
    Fetch::new(
        "ssl_fc_has_crt",
        NONE,
        Bool,
        Reads::Client5,
        "client's connection: whether a certificate was presented (7.3.4)",
    )
    .runs(ssl_fc_has_crt),
    Fetch::new(
        "ssl_fc_has_early",
        NONE,
        Bool,
        Reads::Client5,
        "client's connection: whether early data are being received (7.3.4)",
    )
    .runs(ssl_fc_has_early),
    Fetch::new(
        "ssl_fc_has_sni",
        NONE,
        Bool,
        Reads::Client5,
        "client's connection: whether a server name was sent (7.3.4)",
    )
    .runs(ssl_fc_has_sni),
    Fetch::new(
        "ssl_fc_is_resumed",
        NONE,
        Bool,
        Reads::Client5,
        "client's connection: whether the session was resumed (7.3.4)",
    )
    .runs(ssl_fc_is_resumed),
    Fetch::new("ssl_fc_npn", NONE, Str, Reads::Client5, "client's connection: negotiated NPN (7.3.4)")
        .runs(ssl_fc_npn),
    Fetch::new(
        "ssl_fc_protocol",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: name of the protocol version (7.3.4)",
    )
    .runs(ssl_fc_protocol),
    Fetch::new(
        "ssl_fc_protocol_hello_id",
        NONE,
        Sint,
        Reads::Client5,
        "client's connection: version of the client hello (7.3.4)",
    )
    .runs(ssl_fc_protocol_hello_id),
    Fetch::new(
        "ssl_fc_server_handshake_traffic_secret",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: server handshake traffic secret (7.3.4)",
    )
    .runs(ssl_fc_server_handshake_traffic_secret),
    Fetch::new(
        "ssl_fc_server_random",
        NONE,
        Bin,
        Reads::Client5,
        "client's connection: server random (7.3.4)",
    )
    .runs(ssl_fc_server_random),
    Fetch::new(
        "ssl_fc_server_traffic_secret_0",
        NONE,
        Str,
        Reads::Client5,
        "client's connection: server traffic secret (7.3.4)",
    )
    .runs(ssl_fc_server_traffic_secret_0),
    Fetch::new("ssl_fc_session_id", NONE, Bin, Reads::Client5, "client's connection: session id (7.3.4)")
        .runs(ssl_fc_session_id),
    Fetch::new("ssl_fc_session_key", NONE, Bin, Reads::Client5, "client's connection: session key (7.3.4)")
        .runs(ssl_fc_session_key),
    Fetch::new(
        "ssl_fc_sigalgs_bin",
        sig(0, &[Int]),
        Bin,
        Reads::Client5,
        "client's connection: signature algorithms of the client hello (7.3.4)",
    )
    .runs(ssl_fc_sigalgs_bin),
    Fetch::new("ssl_fc_sni", NONE, Str, Reads::Client5, "client's connection: server name (7.3.4)")
        .runs(ssl_fc_sni),
    Fetch::new(
        "ssl_fc_supported_versions_bin",
        sig(0, &[Int]),
        Bin,
        Reads::Client5,
        "client's connection: versions of the client hello (7.3.4)",
    )
    .runs(ssl_fc_supported_versions_bin),
    Fetch::new("ssl_fc_unique_id", NONE, Bin, Reads::Client5, "client's connection: TLS unique id (7.3.4)")
        .runs(ssl_fc_unique_id),
    Fetch::new(
        "ssl_fc_use_keysize",
        NONE,
        Sint,
        Reads::Client5,
        "client's connection: key size in use (7.3.4)",
    )
    .runs(ssl_fc_use_keysize),
    Fetch::new(
        "ssl_s_chain_der",
        NONE,
        Bin,
        Reads::Client5,
        "server's certificate: certificate chain in DER (7.3.4)",
    )
    .runs(ssl_s_chain_der),
    Fetch::new("ssl_s_der", NONE, Bin, Reads::Client5, "server's certificate: certificate in DER (7.3.4)")
        .runs(ssl_s_der),
    Fetch::new(
        "ssl_s_i_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "server's certificate: issuer's distinguished name (7.3.4)",
    )
    .runs(ssl_s_i_dn),
    Fetch::new(
        "ssl_s_key_alg",
        NONE,
        Str,
        Reads::Client5,
        "server's certificate: name of the key algorithm (7.3.4)",
    )
    .runs(ssl_s_key_alg),
    Fetch::new("ssl_s_notafter", NONE, Str, Reads::Client5, "server's certificate: end of validity (7.3.4)")
        .runs(ssl_s_notafter),
    Fetch::new(
        "ssl_s_notbefore",
        NONE,
        Str,
        Reads::Client5,
        "server's certificate: start of validity (7.3.4)",
    )
    .runs(ssl_s_notbefore),
    Fetch::new(
        "ssl_s_s_dn",
        sig(0, &[Text, Int, Text]),
        Str,
        Reads::Client5,
        "server's certificate: subject's distinguished name (7.3.4)",
    )
    .runs(ssl_s_s_dn),
    Fetch::new("ssl_s_serial", NONE, Bin, Reads::Client5, "server's certificate: serial number (7.3.4)")
        .runs(ssl_s_serial),
    Fetch::new("ssl_s_sha1", NONE, Bin, Reads::Client5, "server's certificate: SHA-1 fingerprint (7.3.4)")
        .runs(ssl_s_sha1),
    Fetch::new(
        "ssl_s_sig_alg",
        NONE,
        Str,
        Reads::Client5,
        "server's certificate: name of the signature algorithm (7.3.4)",
    )
    .runs(ssl_s_sig_alg),
    Fetch::new("ssl_s_version", NONE, Sint, Reads::Client5, "server's certificate: version (7.3.4)")
        .runs(ssl_s_version),
];

type ArgsOf<'a> = &'a [Arg<Resolved>];

fn ssl_fc<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.is_tls(Side::Client)))
}

fn ssl_bc<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(Value::Bool(stream.is_tls(Side::Server)))
}

macro_rules! texts {
    ($($name:ident $method:ident $side:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.$method(Side::$side).map(|text| Value::text(text.as_bytes())).into()
        }
    )*};
}

texts! {
    ssl_fc_cipher tls_cipher Client;
    ssl_bc_cipher tls_cipher Server;
    ssl_fc_protocol tls_protocol Client;
    ssl_bc_protocol tls_protocol Server;
}

macro_rules! facts {
    ($($name:ident $side:ident $fact:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.tls_fact(Side::$side, TlsFact::$fact).into()
        }
    )*};
}

facts! {
    ssl_fc_alpn Client Alpn;
    ssl_fc_sni Client ServerName;
    ssl_fc_err Client Error;
    ssl_fc_err_str Client ErrorText;
    ssl_fc_has_crt Client HasCertificate;
    ssl_fc_session_id Client SessionId;
    ssl_fc_alg_keysize Client AlgorithmKeySize;
    ssl_fc_use_keysize Client UsedKeySize;
    ssl_c_used Client UsedCertificate;
    ssl_c_verify Client VerifyResult;
    ssl_c_err Client CertificateError;
    ssl_c_ca_err Client AuthorityError;
    ssl_c_ca_err_depth Client AuthorityErrorDepth;
    ssl_bc_alpn Server Alpn;
    ssl_bc_sni Server ServerName;
    ssl_bc_err Server Error;
    ssl_bc_err_str Server ErrorText;
    ssl_bc_session_id Server SessionId;
    ssl_bc_alg_keysize Server AlgorithmKeySize;
    ssl_bc_use_keysize Server UsedKeySize;
}

/// False, not nothing, on a side that is not encrypted.
fn ssl_fc_is_resumed<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(stream.tls_fact(Side::Client, TlsFact::IsResumed).unwrap_or(Value::Bool(false)))
}

fn ssl_bc_is_resumed<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(stream.tls_fact(Side::Server, TlsFact::IsResumed).unwrap_or(Value::Bool(false)))
}

fn ssl_fc_has_sni<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    Got::Value(stream.tls_fact(Side::Client, TlsFact::HasServerName).unwrap_or(Value::Bool(false)))
}

facts! {
    ssl_fc_curve Client Curve;
    ssl_fc_client_random Client ClientRandom;
    ssl_fc_server_random Client ServerRandom;
    ssl_fc_session_key Client SessionKey;
    ssl_fc_unique_id Client UniqueId;
    ssl_fc_npn Client Npn;
    ssl_bc_curve Server Curve;
    ssl_bc_client_random Server ClientRandom;
    ssl_bc_server_random Server ServerRandom;
    ssl_bc_session_key Server SessionKey;
    ssl_bc_unique_id Server UniqueId;
    ssl_bc_npn Server Npn;
    ssl_fc_crtname Client ServedName;
    ssl_fc_has_early Client HasEarlyData;
    ssl_fc_early_rcvd Client ReceivedEarlyData;
    ssl_fc_protocol_hello_id Client HelloVersion;
    ssl_fc_ecformats_bin Client HelloPointFormats;
}

/// Parts of the client's first message; with the argument 1 without the values that stand for nothing (RFC 8701).
macro_rules! lists {
    ($($name:ident $fact:ident $of:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            let list = stream.tls_fact(Side::Client, TlsFact::$fact).map(|list| list.into_bytes().to_vec());
            list.map(|list| $of(without_grease(args, list), stream)).into()
        }
    )*};
}

lists! {
    ssl_fc_cipherlist_bin HelloCiphers binary;
    ssl_fc_cipherlist_hex HelloCiphers hexadecimal;
    ssl_fc_extlist_bin HelloExtensions binary;
    ssl_fc_eclist_bin HelloGroups binary;
    ssl_fc_sigalgs_bin HelloSignatures binary;
    ssl_fc_supported_versions_bin HelloVersions binary;
}

fn without_grease(args: ArgsOf<'_>, mut list: Vec<u8>) -> Vec<u8> {
    if matches!(args.first(), Some(Arg::Int(1))) {
        let real = |pair: &&[u8]| !(pair[0] == pair[1] && pair[0] & 0x0f == 0x0a);
        list = list.chunks_exact(2).filter(real).flatten().copied().collect();
    }
    list
}

fn binary(list: Vec<u8>, _: &dyn Stream) -> Value<'static> {
    Value::Bin(list.into())
}

fn hexadecimal(list: Vec<u8>, _: &dyn Stream) -> Value<'static> {
    let text: String = list.iter().map(|byte| format!("{byte:02X}")).collect();
    Value::Str(text.into_bytes().into())
}

fn ssl_fc_cipherlist_str<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    stream.tls_fact(Side::Client, TlsFact::HelloCipherNames).into()
}

fn ssl_fc_cipherlist_xxh<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
    let list = stream.tls_fact(Side::Client, TlsFact::HelloCiphers);
    list.map(|list| Value::Int(xxhash_rust::xxh64::xxh64(&list.into_bytes(), 0) as i64)).into()
}

macro_rules! key_log {
    ($($name:ident $side:ident $label:literal;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.tls_fact(Side::$side, TlsFact::KeyLog($label)).into()
        }
    )*};
}

key_log! {
    ssl_fc_client_early_traffic_secret Client "CLIENT_EARLY_TRAFFIC_SECRET";
    ssl_fc_client_handshake_traffic_secret Client "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    ssl_fc_client_traffic_secret_0 Client "CLIENT_TRAFFIC_SECRET_0";
    ssl_fc_early_exporter_secret Client "EARLY_EXPORTER_SECRET";
    ssl_fc_exporter_secret Client "EXPORTER_SECRET";
    ssl_fc_server_handshake_traffic_secret Client "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    ssl_fc_server_traffic_secret_0 Client "SERVER_TRAFFIC_SECRET_0";
    ssl_bc_client_early_traffic_secret Server "CLIENT_EARLY_TRAFFIC_SECRET";
    ssl_bc_client_handshake_traffic_secret Server "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    ssl_bc_client_traffic_secret_0 Server "CLIENT_TRAFFIC_SECRET_0";
    ssl_bc_early_exporter_secret Server "EARLY_EXPORTER_SECRET";
    ssl_bc_exporter_secret Server "EXPORTER_SECRET";
    ssl_bc_server_handshake_traffic_secret Server "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    ssl_bc_server_traffic_secret_0 Server "SERVER_TRAFFIC_SECRET_0";
}

macro_rules! certificates {
    ($($name:ident $side:ident $whose:ident $part:ident;)*) => {$(
        fn $name<'a>(_: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.tls_fact(Side::$side, TlsFact::Certificate(Whose::$whose, CertificatePart::$part)).into()
        }
    )*};
}

certificates! {
    ssl_c_der Client Peer Der;
    ssl_c_chain_der Client Peer ChainDer;
    ssl_c_key_alg Client Peer KeyAlgorithm;
    ssl_c_sig_alg Client Peer SignatureAlgorithm;
    ssl_c_notafter Client Peer NotAfter;
    ssl_c_notbefore Client Peer NotBefore;
    ssl_c_san Client Peer AlternativeNames;
    ssl_c_serial Client Peer Serial;
    ssl_c_sha1 Client Peer Sha1;
    ssl_c_version Client Peer Version;
    ssl_f_der Client Own Der;
    ssl_f_key_alg Client Own KeyAlgorithm;
    ssl_f_sig_alg Client Own SignatureAlgorithm;
    ssl_f_notafter Client Own NotAfter;
    ssl_f_notbefore Client Own NotBefore;
    ssl_f_serial Client Own Serial;
    ssl_f_sha1 Client Own Sha1;
    ssl_f_version Client Own Version;
    ssl_s_der Server Peer Der;
    ssl_s_chain_der Server Peer ChainDer;
    ssl_s_key_alg Server Peer KeyAlgorithm;
    ssl_s_sig_alg Server Peer SignatureAlgorithm;
    ssl_s_notafter Server Peer NotAfter;
    ssl_s_notbefore Server Peer NotBefore;
    ssl_s_serial Server Peer Serial;
    ssl_s_sha1 Server Peer Sha1;
    ssl_s_version Server Peer Version;
}

macro_rules! names {
    ($($name:ident $side:ident $whose:ident $of:ident;)*) => {$(
        fn $name<'a>(args: ArgsOf<'a>, stream: &'a dyn Stream) -> Got<'a> {
            stream.tls_name(Side::$side, Whose::$whose, NameOf::$of, &name_part(args)).into()
        }
    )*};
}

names! {
    ssl_c_i_dn Client Peer Issuer;
    ssl_c_s_dn Client Peer Subject;
    ssl_c_r_dn Client Peer Root;
    ssl_f_i_dn Client Own Issuer;
    ssl_f_s_dn Client Own Subject;
    ssl_s_i_dn Server Peer Issuer;
    ssl_s_s_dn Server Peer Subject;
}

fn name_part<'a>(args: ArgsOf<'a>) -> NamePart<'a> {
    let text = |at: usize| match args.get(at) {
        Some(Arg::Str(text)) => text,
        _ => "",
    };
    let occurrence = match args.get(1) {
        Some(Arg::Int(number)) => *number,
        _ => 0,
    };
    NamePart { entry: text(0), occurrence, rfc2253: text(2) == "rfc2253" }
}
