//! Reads, parses and compiles one configuration and prints what was found and how long each step took.
//! Usage: `check FILE`.

use std::time::Instant;

use weir_compile::{InOrder, compile};
use weir_config::files::SystemFiles;
use weir_config::{ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::Sources;

fn main() {
    let name = std::env::args().nth(1).expect("usage: check FILE");
    let mut sources = Sources::default();
    sources.add(name.as_str(), std::fs::read(&name).expect("the file can be read"));
    let capabilities = Capabilities::default();
    let mut environment = Environment::from_process(std::env::vars_os());
    let mut reader = Reader::new(&sources, &capabilities);
    let options =
        ParseOptions { sources: &sources, files: &SystemFiles, hostname: "localhost".into(), checked: false };
    let start = Instant::now();
    let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
    let parsed = start.elapsed();
    let compiled = compile(&config, &sources, &SystemFiles, &mut InOrder::default());
    let done = start.elapsed();
    for one in diagnostics.list.iter().chain(&compiled.diagnostics.list) {
        println!("[{}] {}", one.level.label(), one.message(&sources));
    }
    println!("parse {parsed:?}, compile {:?}, {} servers", done - parsed, compiled.plan.servers.len());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS")) {
        println!("{line}");
    }
}
