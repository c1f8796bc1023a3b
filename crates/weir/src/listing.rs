//! `-dK` and `-dL`: what this program knows and what it is made of.

use std::path::{Path, PathBuf};

use weir_types::terminal;

/// Prints the keywords of these classes.
pub fn print(classes: &[String]) {
    for class in classes {
        match class.as_str() {
            "" => {}
            "help" => terminal::print(
                "# List of supported keyword classes:\nall: list all keywords\nacl: ACL keywords\ncfg: configuration keywords\ncli: CLI keywords\ncnv: sample converter keywords\nflt: filter names\nsmp: sample fetch keywords\nsvc: service names\n",
            ),
            "all" => ["acl", "cfg", "cli", "cnv", "flt", "smp", "svc"].iter().for_each(|class| one(class)),
            class => one(class),
        }
    }
}

fn one(class: &str) {
    match class {
        "acl" => terminal::print(weir_sample::listing::acls(false)),
        "cfg" => terminal::print(weir_config::listing::keywords(false)),
        "cli" => terminal::print(weir_admin::cli::listing(false)),
        "cnv" => terminal::print(weir_sample::listing::converters(false)),
        "flt" => terminal::print(weir_config::listing::filters(false)),
        "smp" => terminal::print(weir_sample::listing::fetches(false)),
        "svc" => terminal::print("# List of registered service names:\nprometheus-exporter\n"),
        other => {
            terminal::report(format_args!("ignoring unknown/unhandled keyword class '{other}'\n"));
        }
    }
}

/// `-dc`: the CPUs that workers may run on; `cpu-map` chooses among them.
pub fn print_cpus() {
    match std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(allowed_cpus) {
        Some(cpus) => terminal::report(format_args!("CPUs that may be used: {cpus}\n")),
        None => terminal::report("The CPUs that may be used are not known.\n"),
    }
}

fn allowed_cpus(status: &str) -> Option<&str> {
    Some(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim())
}

/// `-dL`
pub fn print_objects() {
    terminal::print("List of loaded object files:\n");
    for path in objects() {
        terminal::print(format_args!("{}\n", path.display()));
    }
}

/// `-dA`: a tar archive of what `-dL` lists, for whoever reads a core dump of this program elsewhere. Links are
/// followed, so that each file stands there under the name it was loaded by.
pub fn archive_objects(file: &Path) -> Result<(), String> {
    let failed = |what: &Path, error| format!("cannot archive '{}': {error}", what.display());
    let created = std::fs::File::create(file).map_err(|error| failed(file, error))?;
    let mut archive = tar::Builder::new(created);
    archive.follow_symlinks(true);
    for path in objects() {
        let name = path.strip_prefix("/").unwrap_or(&path);
        archive.append_path_with_name(&path, name).map_err(|error| failed(&path, error))?;
    }
    archive.finish().map_err(|error| failed(file, error))
}

/// The program and the shared objects that are mapped.
fn objects() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mapped = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let mut all: Vec<PathBuf> = std::env::current_exe().into_iter().collect();
    for path in mapped.filter(|path| path.contains(".so")).map(PathBuf::from) {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    all
}
