//! HTTP messages and the HTTP/1 codec. Owns no socket.
