//! `-dK` and `-dL`: what this program knows and what it is made of.

/// Prints the keywords of these classes.
pub fn print(classes: &[String]) {
    for class in classes {
        match class.as_str() {
            "" => {}
            "help" => println!(
                "# List of supported keyword classes:\nall: list all keywords\nacl: ACL keywords\ncnv: sample converter keywords\nsmp: sample fetch keywords"
            ),
            "all" => ["acl", "cnv", "smp"].iter().for_each(|class| one(class)),
            class => one(class),
        }
    }
}

fn one(class: &str) {
    match class {
        "acl" => print!("{}", weir_sample::listing::acls(false)),
        "cnv" => print!("{}", weir_sample::listing::converters(false)),
        "smp" => print!("{}", weir_sample::listing::fetches(false)),
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
