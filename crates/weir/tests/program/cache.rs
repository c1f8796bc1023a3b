//! One cache of several workers: it stays over a reload, another size begins empty, and what has expired is asked anew.

use crate::running::{Place, Running, get, until};
use crate::tables::reload;

/// The origin's answers are all different.
fn configuration(port: u16, size: u32, age: u32) -> String {
    format!(
        "global\n nbthread 4\ndefaults\n mode http\n timeout client 20s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n http-request cache-use c\n \
         http-response cache-store c\n server s 127.0.0.1:{}\nfrontend origin\n bind 127.0.0.1:{}\n http-request return \
         status 200 content-type text/plain hdr cache-control max-age={age} lf-string %[uuid]\ncache c\n \
         total-max-size {size}\n max-age 60\n",
        port + 1,
        port + 1
    )
}

/// The answer that comes twice, since it is stored.
fn stored(port: u16) -> String {
    until("a stored answer", || get(port).filter(|first| get(port).as_ref() == Some(first)))
}

#[test]
fn a_reload_keeps_what_is_stored() {
    let place = Place::new("cache");
    let text = configuration(22560, 4, 60);
    let file = place.write("a.cfg", &text);
    let running = Running::start(&place, &["-W", "-f", &file]);
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    let kept = stored(22560);
    reload(&place, &running, &format!("{text}backend other\n"), 1);
    assert_eq!(get(22560), Some(kept.clone()));
    reload(&place, &running, &configuration(22560, 8, 60), 2);
    assert_ne!(stored(22560), kept);
}

#[test]
fn what_has_expired_is_asked_anew() {
    let place = Place::new("cache-age");
    let file = place.write("a.cfg", &configuration(22562, 4, 1));
    let _running = Running::start(&place, &["-W", "-f", &file]);
    until("start", || place.read("errors").contains("Loading success.").then_some(()));
    let first = stored(22562);
    until("expiry", || get(22562).filter(|body| *body != first));
    // The new answer has taken the old one's place.
    assert_ne!(stored(22562), first);
}
