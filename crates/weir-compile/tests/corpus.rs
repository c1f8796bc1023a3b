//! Every configuration of the corpus: is the verdict HAProxy 3.4's? A keyword that weir knows and does not serve yet
//! counts as a miss. Misses are listed in `tests/data/corpus.misses` with weir's first alert; a file that is not listed
//! there must not be missed. `WEIR_BLESS=1` writes the list anew, to be done whenever it has become shorter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use weir_compile::{InOrder, compile};
use weir_config::files::SystemFiles;
use weir_config::{ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Diagnostics, Level, Sources};

fn shared() -> PathBuf {
    std::env::var_os("WEIR_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from)
}

/// The file's verdict and its first alert, asked in the corpus' own directory as the recorded ones were.
fn ask(directory: &Path, name: &str) -> (bool, String) {
    let mut sources = Sources::default();
    let text = std::fs::read(directory.join(name)).expect("the corpus file is there");
    sources.add(name, text);
    let capabilities = Capabilities::default();
    let mut environment = Environment::from_process(std::env::vars_os());
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &SystemFiles, hostname: "vm".into() };
    let (config, mut diagnostics) = parse(&mut reader, &mut environment, &options);
    diagnostics.list.extend(compile(&config, &sources, &mut InOrder::default()).diagnostics.list);
    (diagnostics.has_alert(), first_alert(&diagnostics, &sources))
}

fn first_alert(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let alert = diagnostics.list.iter().find(|one| one.level == Level::Alert);
    let text = alert.map(|one| one.message(sources)).unwrap_or_default();
    text.lines().next().unwrap_or("").to_owned()
}

#[test]
fn verdicts() {
    let shared = shared();
    let Ok(table) = std::fs::read_to_string(shared.join("corpus/VERDICTS.tsv")) else {
        println!("skipped: no shared data");
        return;
    };
    let directory = shared.join("corpus/runnable");
    std::env::set_current_dir(&directory).expect("the corpus directory is there");
    let mut missed = BTreeMap::new();
    let mut agreed = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, refused) = (columns[0], columns[3] == "1");
        if !directory.join(name).exists() {
            continue;
        }
        let (weir_refuses, alert) = ask(&directory, name);
        if weir_refuses == refused {
            agreed += 1;
        } else if refused {
            missed.insert(name.to_owned(), format!("accepted; 3.4: {}", columns.get(4).unwrap_or(&"")));
        } else {
            missed.insert(name.to_owned(), alert);
        }
    }
    println!("corpus: {agreed} of {} verdicts", agreed + missed.len());
    judge(&missed);
}

fn judge(missed: &BTreeMap<String, String>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/corpus.misses");
    if std::env::var_os("WEIR_BLESS").is_some() {
        let list: String = missed.iter().map(|(name, why)| format!("{name}\t{why}\n")).collect();
        std::fs::write(path, list).expect("the list can be written");
        return;
    }
    let known = std::fs::read_to_string(path).expect("the list of known misses is there");
    let known: Vec<&str> = known.lines().filter_map(|line| line.split('\t').next()).collect();
    let new: Vec<_> = missed.iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
    assert!(new.is_empty(), "missed and not listed: {new:#?}");
}
