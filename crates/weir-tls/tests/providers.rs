//! What a process's one choice of algorithms does: each test runs in a process of its own.

use weir_tls::providers::{Unfit, load, loaded, look_in, prefer};

#[test]
fn the_default_provider_comes_by_itself() {
    assert_eq!(loaded(), ["default"]);
}

#[test]
fn what_is_named_takes_its_place_in_order() {
    assert!(load("null"));
    assert!(load("default"));
    assert!(load("null"));
    assert_eq!(loaded(), ["null", "default"]);
}

#[test]
fn what_is_not_there_is_not_loaded() {
    assert!(look_in("/nowhere"));
    assert!(!load("nosuch"));
    assert_eq!(loaded(), ["default"]);
}

#[test]
fn a_query_that_leaves_nothing_is_not_taken() {
    assert_eq!(prefer("provider=nosuch"), Err(Unfit::NoTls));
    assert_eq!(prefer("10"), Err(Unfit::Malformed));
    assert_eq!(prefer("?provider=nosuch"), Ok(()));
    assert_eq!(prefer("provider=default"), Ok(()));
    assert_eq!(prefer(""), Ok(()));
}
