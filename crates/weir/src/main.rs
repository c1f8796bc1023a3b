//! The `weir` program: arguments and exit status; everything else lives in the rooms below.

mod arguments;
mod condition;
mod listing;
mod usage;
mod version;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use arguments::{Action, parse};
use weir_master::Haproxy;
use weir_syntax::{Capabilities, SslLibrary, Version};

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let path = words.next().unwrap_or_default();
    let name =
        Path::new(&path).file_name().map_or("haproxy".into(), |name| name.to_string_lossy().into_owned());
    status(run(name, words.collect()))
}

fn run(name: String, words: Vec<std::ffi::OsString>) -> i32 {
    let action = parse(words).unwrap_or_else(Action::Refuse);
    log_to_terminal(&action);
    let (mut options, switches) = match action {
        Action::Run(options, switches) => (*options, switches),
        Action::Version => return show(&version::short()),
        Action::BuildOptions => return show(&version::long()),
        Action::Usage => return usage::refuse(&name),
        Action::Refuse(reason) => return usage::alert(&reason),
        Action::Condition(text) => return condition::evaluate(&text, &capabilities(false)),
    };
    if options.debug {
        weir_engine::debug::enable();
    }
    options.name = name.clone();
    options.version = version::FULL.to_string();
    let mut capabilities = capabilities(options.diagnose);
    capabilities.enabled.retain(|option| !switches.disabled.contains(option));
    let program = Arc::new(Haproxy {
        configurations: options.configurations.clone(),
        capabilities,
        master_socket: options.master_socket.clone(),
        version: text_of(Version::HAPROXY),
        echo: switches.echo,
    });
    if let Some(status) = weir_master::run_if_child(program.clone(), &name) {
        return status;
    }
    let checked = options.check.then(|| weir_master::check(&*program, &options));
    listing::print(&options.list_keywords);
    if switches.list_objects {
        listing::print_objects();
    }
    if switches.show_cpus {
        listing::print_cpus();
    }
    if let Some(file) = &switches.archive
        && let Err(reason) = listing::archive_objects(file)
    {
        return usage::alert(&reason);
    }
    if let Some(status) = checked {
        return status;
    }
    weir_master::run(program, options)
}

/// What goes wrong inside, and what `-dt` asks for. Children have the same arguments.
fn log_to_terminal(action: &Action) {
    let mut logger = env_logger::Builder::from_default_env();
    if let Action::Run(_, switches) = action {
        for (source, level) in &switches.traces {
            logger.filter_module(source, *level);
        }
        if !switches.traces.is_empty() && std::env::var_os("RUST_LOG").is_none() {
            logger.filter_level(log::LevelFilter::Error);
        }
    }
    logger.init();
}

fn capabilities(diagnostics: bool) -> Capabilities {
    // What `openssl_version_atleast()` and its kin compare with.
    let name = weir_tls::library();
    let version = name.split(' ').nth(1).unwrap_or_default().to_string();
    let ssl = Some(SslLibrary { name: name.to_string(), version, awslc_api: None });
    Capabilities { diagnostics, ssl, ..Capabilities::default() }
}

fn show(text: &str) -> i32 {
    weir_types::terminal::print(text);
    0
}

fn text_of(version: Version) -> String {
    format!("{}.{}.{}", version.major, version.minor, version.patch)
}

/// Exit statuses are bytes; what is larger has no meaning to a parent.
fn status(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}
