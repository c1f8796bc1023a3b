//! System calls: processes, descriptors, sockets, signals, limits. No policy.
