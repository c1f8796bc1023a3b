//! Health-check state machines. Owns no socket.
