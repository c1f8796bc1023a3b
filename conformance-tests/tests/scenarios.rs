//! Every scenario on every program; the functions are written by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
