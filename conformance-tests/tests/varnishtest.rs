//! Every `.vtc` file on every program; the functions are written by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/varnishtest.rs"));
