//! `-v` and `-vv`. The first line is what drivers' version gates match.

use std::fmt::Write;

use weir_master::RELEASE_DATE;
use weir_syntax::Capabilities;

/// HAProxy's version whose place is taken, and whose it is.
pub const FULL: &str = concat!("3.4.0-weir", env!("CARGO_PKG_VERSION"));

pub fn short() -> String {
    let mut text =
        format!("HAProxy version {FULL} {RELEASE_DATE} - weir, a drop-in replacement for HAProxy\n");
    text.push_str("Status: under development; not affiliated with the HAProxy project.\n");
    if let Some(kernel) = kernel() {
        let _ = writeln!(text, "Running on: {kernel}");
    }
    text
}

pub fn long() -> String {
    let capabilities = Capabilities::default();
    let mut text = short();
    text.push_str("Build options :\n");
    let _ = writeln!(text, "  TARGET  = {}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let on = capabilities.features.iter().filter(|feature| feature.present);
    let names: Vec<String> = on.map(|feature| format!("USE_{}=1", feature.name)).collect();
    let _ = writeln!(text, "  OPTIONS = {}\n", names.join(" "));
    let list: Vec<String> = capabilities
        .features
        .iter()
        .map(|feature| format!("{}{}", if feature.present { '+' } else { '-' }, feature.name))
        .collect();
    let _ = writeln!(text, "Feature list : {}\n", list.join(" "));
    text.push_str("Default settings :\n  bufsize = 16384, maxrewrite = 1024\n\n");
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let _ = writeln!(text, "Built with multi-process support (workers by 'nbthread', default={workers}).");
    text.push_str(
        "Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n\n",
    );
    text.push_str("Available polling systems :\n      epoll : pref=300,  test result OK\n");
    text.push_str("Total: 1 (1 usable), will use epoll.\n");
    text
}

fn kernel() -> Option<String> {
    let part = |name: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?;
        Some(text.trim().to_string())
    };
    Some(format!(
        "{} {} {} {}",
        part("ostype")?,
        part("osrelease")?,
        part("version")?,
        std::env::consts::ARCH
    ))
}
