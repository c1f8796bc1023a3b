//! Runtime commands, statistics, metrics.
