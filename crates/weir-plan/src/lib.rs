//! The immutable Plan that the engine runs.
