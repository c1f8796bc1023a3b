//! Arguments and exit status; everything else lives in the rooms below.

fn main() {}
