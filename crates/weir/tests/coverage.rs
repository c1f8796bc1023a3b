//! `docs/coverage.md` is what the keyword tables say. `WEIR_BLESS=1` writes it anew.

use weir_config::parser::sections;
use weir_config::{bind, proxy, server};
use weir_registry::coverage::{Row, family};
use weir_registry::{Entry, Status};

const HEAD: &str = "# Coverage\n\nMade from the keyword tables of the program. A keyword that is not there yet is refused \
                    with its place when a configuration uses it; its arguments are checked all the same.\n";

fn rows<'e, E: Entry + 'static>(entries: impl IntoIterator<Item = &'e E>) -> Vec<Row> {
    entries.into_iter().map(|entry| (entry.name().to_owned(), entry.status(), entry.doc())).collect()
}

fn coverage() -> String {
    let mut out = HEAD.to_owned();
    let mut add = |title: &str, rows: Vec<Row>| {
        out.push('\n');
        out.push_str(&family(title, rows));
    };
    let global =
        sections().iter().find(|section| section.keyword == "global").expect("there is a global section");
    add("Keywords of `global`", rows((global.index)().rows()));
    add("Keywords of `defaults`, `frontend`, `listen`, `backend`", rows(proxy::index().rows()));
    let options = proxy::OPTIONS.iter().map(|row| (row.name.to_owned(), row.status, ""));
    add("`option` switches", options.collect());
    add("Options of `bind`", rows(bind::OPTIONS.iter().copied()));
    add("Options of `server`", rows(server::OPTIONS.iter().copied()));
    let others = sections().iter().filter(|section| !is_shared(section.keyword));
    let others = others.flat_map(|section| {
        let named = move |row: &weir_config::keyword::Keyword| {
            (format!("{} / {}", section.keyword, row.name), row.status, row.doc)
        };
        (section.index)().rows().map(named)
    });
    add("Keywords of other sections", others.collect());
    add("Actions", rows(weir_rules::parse::rows()));
    add("Sample fetches", rows(weir_sample::fetch::all()));
    add("Converters", rows(weir_sample::convert::all()));
    add("Runtime commands", rows(weir_admin::cli::COMMANDS));
    out
}

/// Sections whose keywords have a family of their own.
fn is_shared(section: &str) -> bool {
    ["global", "defaults", "frontend", "listen", "backend"].contains(&section)
}

#[test]
fn the_document_is_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md");
    let made = coverage();
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(path, &made).expect("the document can be written");
    }
    let kept = std::fs::read_to_string(path).expect("the document is there");
    assert!(kept == made, "docs/coverage.md is out of date: run this test with WEIR_BLESS=1");
}

#[test]
fn no_keyword_is_without_effect_and_without_reason() {
    for section in sections() {
        for row in (section.index)().rows() {
            if let Status::NoEffect(reason) = row.status {
                assert!(!reason.is_empty(), "{} in {}", row.name, section.keyword);
            }
        }
    }
}

/// `-dKcli` over all commands is HAProxy's own listing.
#[test]
fn commands_are_listed_as_by_haproxy() {
    let shared = std::env::var("WEIR_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let Ok(recorded) = std::fs::read_to_string(format!("{shared}/reference/keywords-3.4/cli.txt")) else {
        println!("skipped: no shared data");
        return;
    };
    let made = weir_admin::cli::listing(true);
    let (mut made, mut recorded): (Vec<&str>, Vec<&str>) =
        (made.lines().collect(), recorded.lines().collect());
    made.sort_unstable();
    recorded.sort_unstable();
    assert_eq!(made, recorded);
}
