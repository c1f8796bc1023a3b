//! `-dK` and `-dL`: what this program knows and what it is made of.

/// Prints the keywords of these classes.
pub fn print(classes: &[String]) {
    for class in classes {
        match class.as_str() {
            "" => {}
            "help" => println!(
                "# List of supported keyword classes:\nall: list all keywords\nacl: ACL keywords\ncfg: configuration keywords\ncli: CLI keywords\ncnv: sample converter keywords\nflt: filter names\nsmp: sample fetch keywords\nsvc: service names"
            ),
            "all" => ["acl", "cfg", "cli", "cnv", "flt", "smp", "svc"].iter().for_each(|class| one(class)),
            class => one(class),
        }
    }
}

fn one(class: &str) {
    match class {
        "acl" => print!("{}", weir_sample::listing::acls(false)),
        "cfg" => print!("{}", weir_config::listing::keywords(false)),
        "cli" => print!("{}", weir_admin::cli::listing(false)),
        "cnv" => print!("{}", weir_sample::listing::converters(false)),
        // None works yet.
        "flt" => println!("# List of registered filter names:"),
        "smp" => print!("{}", weir_sample::listing::fetches(false)),
        "svc" => println!("# List of registered service names:\nprometheus-exporter"),
        other => eprintln!("ignoring unknown/unhandled keyword class '{other}'"),
    }
}

/// The program and the shared objects that are mapped.
pub fn print_objects() {
    println!("List of loaded object files:");
    if let Ok(path) = std::env::current_exe() {
        println!("{}", path.display());
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut seen = std::collections::HashSet::new();
    for path in maps.lines().filter_map(|line| line.split_whitespace().nth(5)) {
        if path.contains(".so") && seen.insert(path) {
            println!("{path}");
        }
    }
}
