//! Writes one test function per scenario and program, so that each failure has a name of its own.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let home = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = home.join("scenarios");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut out = String::new();
    families(&root, &mut out);
    let target = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    std::fs::write(target.join("scenarios.rs"), out).expect("the output directory is writable");
    let files = varnishtest_files(&home.join("vtc"));
    std::fs::write(target.join("varnishtest.rs"), files).expect("the output directory is writable");
}

fn varnishtest_files(dir: &Path) -> String {
    let mut out = String::new();
    for file in sorted(dir).into_iter().filter(|p| p.extension().is_some_and(|e| e == "vtc")) {
        let name = name_of(&file);
        let _ = writeln!(out, "mod {} {{", identifier(&name));
        for variant in ["haproxy_2_8", "haproxy_2_6", "weir_1"] {
            let _ = writeln!(
                out,
                "#[test] fn {variant}() {{ conformance_tests::varnishtest::check({name:?}, {variant:?}) }}"
            );
        }
        out.push_str("}\n");
    }
    out
}

fn sorted(dir: &Path) -> Vec<PathBuf> {
    println!("cargo:rerun-if-changed={}", dir.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

fn families(root: &Path, out: &mut String) {
    for family in sorted(root).into_iter().filter(|p| p.is_dir()) {
        let family_name = name_of(&family);
        let _ = writeln!(out, "mod {} {{", identifier(&family_name));
        for file in sorted(&family).into_iter().filter(|p| p.extension().is_some_and(|e| e == "scn")) {
            let name = name_of(&file);
            let _ = writeln!(out, "mod {} {{", identifier(&name));
            for variant in ["haproxy_2_8", "haproxy_2_6", "weir_1", "weir_4"] {
                let _ = writeln!(
                    out,
                    "#[test] fn {variant}() {{ conformance_tests::verdict::check({:?}, {variant:?}) }}",
                    format!("{family_name}/{name}")
                );
            }
            out.push_str("}\n");
        }
        out.push_str("}\n");
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

fn identifier(name: &str) -> String {
    let word: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) { format!("n{word}") } else { word }
}
