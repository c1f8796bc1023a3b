//! State shared by the processes of one weir: counters, server state, balancing positions.
