//! The page against rows that HAProxy sent, and the answers around it.

use std::cell::RefCell;

use weir_engine::{StatsAnswer, StatsRequest};
use weir_plan::settings::StatsPage;
use weir_types::ProxyId;

use super::respond;
use crate::cli::Control;
use crate::cli::lab::Lab;

fn page() -> StatsPage {
    StatsPage {
        uri: "/stats".into(),
        realm: "HAProxy Statistics".into(),
        auth: Vec::new(),
        hide_version: false,
        refresh_s: 5,
        scope: Vec::new(),
        show_desc: None,
        show_legends: true,
        show_modules: false,
        show_node: None,
        admin_always: true,
    }
}

struct Asked<'a> {
    method: &'a str,
    rest: &'a str,
    body: &'a str,
    admin: bool,
}

fn ask(lab: &Lab, page: &StatsPage, asked: Asked<'_>) -> (StatsAnswer, Vec<String>) {
    let target = format!("/stats{}", asked.rest);
    let request = StatsRequest {
        plan: &lab.plan,
        proxy: ProxyId(0),
        page,
        method: asked.method.as_bytes(),
        rest: asked.rest.as_bytes(),
        target: target.as_bytes(),
        admin: asked.admin,
        body: asked.body.as_bytes(),
        client: None,
    };
    let lines = RefCell::new(Vec::new());
    let answer = respond(&lab.view(), &request, &|_, line| lines.borrow_mut().push(line.text));
    (answer, lines.into_inner())
}

fn get(lab: &Lab, rest: &str) -> StatsAnswer {
    ask(lab, &page(), Asked { method: "GET", rest, body: "", admin: true }).0
}

fn text(answer: &StatsAnswer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

/// The tags from the row with this anchor to the end of that row, without those that set thousands apart.
fn tags(html: &str, anchor: &str) -> Vec<String> {
    let anchor = html.find(&format!("<a name=\"{anchor}\">")).expect("the anchor");
    let start = html[..anchor].rfind("<tr class=").expect("a row");
    let mut tags = Vec::new();
    let mut depth = 0;
    for part in html[start..].split('<').skip(1) {
        let inside = part.split('>').next().unwrap_or("");
        let name = inside.split_whitespace().next().unwrap_or("").to_owned();
        match name.as_str() {
            "span" | "/span" => continue,
            "table" => depth += 1,
            "/table" => depth -= 1,
            _ => {}
        }
        let ends = name == "/tr" && depth == 0;
        tags.push(name);
        if ends {
            break;
        }
    }
    tags
}

#[test]
fn rows_are_laid_out_as_haproxy_lays_them_out() {
    let lab = Lab::new();
    let html = text(&get(&lab, ""));
    for line in include_str!("data/rows.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (anchor, expected) = line.split_once('\t').expect("two columns");
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(tags(&html, anchor), expected, "{anchor}");
    }
}

#[test]
fn other_forms_have_their_types() {
    let lab = Lab::new();
    let kind = |rest: &str| {
        let answer = get(&lab, rest);
        let header = |wanted: &str| {
            answer.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
        };
        (header("content-type").unwrap_or_default(), header("refresh"))
    };
    let refresh = Some("5".to_owned());
    assert_eq!(kind(""), ("text/html".into(), refresh.clone()));
    assert_eq!(kind(";csv"), ("text/plain".into(), refresh.clone()));
    assert_eq!(kind("/;csv;norefresh"), ("text/plain".into(), None));
    assert_eq!(kind(";typed"), ("text/plain".into(), refresh.clone()));
    assert_eq!(kind(";json"), ("application/json".into(), refresh.clone()));
    assert_eq!(kind(";json-schema"), ("application/json".into(), refresh));
    assert!(text(&get(&lab, ";csv")).starts_with("# pxname,svname,"));
}

#[test]
fn links_as_observed() {
    let lab = Lab::new();
    let html = text(&get(&lab, ";up;norefresh?scope=be"));
    for link in [
        "<li><a href=\"/stats;norefresh?scope=be\">Show all servers</a><br>",
        "<li><a href=\"/stats;up?scope=be\">Enable refresh</a><br>",
        "<li><a href=\"/stats;up;norefresh?scope=be\">Refresh now</a><br>",
        "<li><a href=\"/stats;csv;norefresh?scope=be\">CSV export</a><br>",
        "<li><a href=\"/stats;json;norefresh?scope=be\">JSON export</a> (<a href=\"/stats;json-schema\">schema</a>)<br>",
    ] {
        assert!(html.contains(link), "{link}");
    }
    assert!(!html.contains("name=\"fe\"") && html.contains("name=\"be2\""));
}

#[test]
fn the_version_can_be_hidden() {
    let lab = Lab::new();
    let hidden = StatsPage { hide_version: true, ..page() };
    let (answer, _) = ask(&lab, &hidden, Asked { method: "GET", rest: "", body: "", admin: false });
    assert!(!text(&answer).contains("3.4.0"));
    assert!(text(&get(&lab, "")).contains("HAProxy version 3.4.0, released 2026/06/03"));
}

/// Where HAProxy redirects to after these forms.
#[test]
fn forms_as_observed() {
    let cases = [
        ("s=s1&action=drain&b=be", "DONE"),
        ("s=s1&s=s2&action=maint&b=%233", "DONE"),
        ("s=s1&action=zz&b=be", "ERRP"),
        ("s=nope&action=ready&b=be", "ERRP"),
        ("action=ready&b=be", "NONE"),
        ("s=s1&action=ready&b=nope", "ERRP"),
        ("s=s1&b=be", "NONE"),
        ("", "NONE"),
        ("s=s1&s=nope&action=ready&b=be", "PART"),
    ];
    let lab = Lab::new();
    for (body, word) in cases {
        let (answer, _) = ask(&lab, &page(), Asked { method: "POST", rest: "", body, admin: true });
        assert_eq!(answer.status, 303);
        let location = answer.headers.iter().find(|(name, _)| *name == "location").expect("a location");
        assert_eq!(location.1, format!("/stats;st={word}"), "{body}");
    }
}

#[test]
fn a_form_changes_servers_and_tells_the_logs() {
    let lab = Lab::new();
    let body = "s=s1&action=maint&b=be";
    let (_, lines) = ask(&lab, &page(), Asked { method: "POST", rest: "", body, admin: true });
    assert_eq!(
        lines,
        [
            "Server be/s1 is going DOWN for maintenance. 2 active and 0 backup servers left. 0 sessions active, \
             0 requeued, 0 remaining in queue.",
            "Server be/s4 is going DOWN for maintenance via be/s1. 1 active and 0 backup servers left. \
             0 sessions active, 0 requeued, 0 remaining in queue.",
        ]
    );
    assert_eq!(crate::stats::status(&lab.view(), lab.server("be/s4")), "MAINT (via be/s1)");
    let (answer, lines) = ask(&lab, &page(), Asked { method: "POST", rest: "", body, admin: false });
    assert!(answer.headers.iter().any(|(_, value)| value == "/stats;st=DENY"));
    assert!(lines.is_empty());
}
