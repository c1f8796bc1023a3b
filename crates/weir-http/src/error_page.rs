//! HAProxy's built-in messages, byte for byte, for proxies without `errorfile`.
