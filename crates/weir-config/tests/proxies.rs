//! Facts about proxy sections that need more than one line. Expected texts were printed by HAProxy 2.8.25; where 3.4
//! is known to differ, by 3.4.

use weir_config::files::NoFiles;
use weir_config::{Config, ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Level, Sources};

const DEFAULTS: &str = "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n";

/// The configuration behind [`DEFAULTS`], and every alert and warning.
fn read(text: &str) -> (Config, Vec<String>) {
    let mut sources = Sources::default();
    sources.add("FILE", format!("{DEFAULTS}{text}").into_bytes());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &NoFiles, hostname: "vm".into(), checked: false };
    let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
    let list = diagnostics.list.iter().filter(|one| one.level >= Level::Warning);
    let messages = list.map(|one| one.message(&sources)).filter(|text| !text.contains("Error(s) found"));
    (config, messages.collect())
}

fn says(text: &str, expected: &[&str]) {
    assert_eq!(read(text).1, expected, "for:\n{text}");
}

#[test]
fn names_and_headers() {
    says("listen\n", &["config : parsing [FILE:6] : 'listen' expects an <id> argument"]);
    says(
        "frontend a/b\n",
        &["config : parsing [FILE:6] : character '/' is not permitted in 'frontend' name 'a/b'."],
    );
    says("frontend a:b\n bind 127.0.0.1:9901\n", &[]);
    says("backend a b\nbackend c d e f\n", &[]);
    let listening = "config : parsing [FILE:6] : please use the 'bind' keyword for listening addresses.";
    says("frontend f :99\n", &[listening]);
    says("foo bar\n", &["config : parsing [FILE:6] : unknown keyword 'foo' in 'defaults' section"]);
}

#[test]
fn names_are_given_once() {
    says(
        "frontend a\n bind 127.0.0.1:9901\nfrontend a\n bind 127.0.0.1:9902\n",
        &["config : Parsing [FILE:8]: frontend 'a' has the same name as frontend 'a' declared at FILE:6."],
    );
    let suffix = "This is no longer supported as of 3.3. Please rename one or the other.";
    let text = format!(
        "config : Parsing [FILE:8]: backend 'a' has the same name as frontend 'a' declared at FILE:6. {suffix}"
    );
    says("frontend a\n bind 127.0.0.1:9901\nbackend a\n", &[&text]);
    says(
        "backend a\n id 3\nbackend b\n id 3\n",
        &["config : parsing [FILE:9]: backend b reuses same custom id as backend a (declared at FILE:6)."],
    );
}

#[test]
fn defaults_are_chosen_by_place_or_name() {
    says(
        "backend q from nope\n",
        &["config : parsing [FILE:6] : defaults section 'nope' not found for backend 'q'."],
    );
    says(
        "defaults d from zz\n",
        &["config : parsing [FILE:6] : defaults section 'zz' not found for defaults 'd'."],
    );
    says(
        "defaults x\ndefaults x\nbackend b1 from x\n",
        &[
            "config : parsing [FILE:8] : ambiguous defaults section name 'x' referenced by backend 'b1' exists at least \
           at FILE:6 and FILE:7.",
        ],
    );
    let mixed = "is explicitly referenced by another proxy and implicitly used here. To avoid any ambiguity don't mix \
                 both usage. Add a last defaults section not explicitly used or always use explicit references.";
    let text = format!("config : parsing [FILE:8] : defaults section 'x' (declared at FILE:6) {mixed}");
    says("defaults x\nbackend b from x\nbackend c\n", &[&text]);
}

#[test]
fn settings_are_inherited_and_shared_until_changed() {
    let (config, messages) = read(
        "defaults x\n retries 5\ndefaults y from x\n maxconn 7\nbackend a from y\nbackend b from y\n retries 2\nbackend c from y\n",
    );
    assert_eq!(messages, [""; 0]);
    let [a, b, c] = [0, 1, 2].map(|index| &config.proxies[index].settings);
    assert_eq!((a.retries, a.maxconn), (Some(5), Some(7)));
    assert_eq!((b.retries, b.maxconn), (Some(2), Some(7)));
    assert!(std::sync::Arc::ptr_eq(a, c) && !std::sync::Arc::ptr_eq(a, b));
}

#[test]
fn rules_of_defaults_fit_one_kind_of_section() {
    says(
        "defaults d\n http-request deny\nlisten q from d\n",
        &[
            "config : parsing [FILE:8]: a listen section cannot inherit from a defaults section defining TCP/HTTP rules.",
        ],
    );
    says(
        "defaults d\n tcp-request session accept\nbackend q from d\n",
        &[
            "config : parsing [FILE:8]: a backend section cannot inherit from a defaults section defining 'tcp-request \
           connection' or 'tcp-request session' rules (defaults section at FILE:6).",
        ],
    );
    says(
        "defaults d\n tcp-request content accept\nfrontend q from d\n bind 127.0.0.1:9901\nbackend c from d\n",
        &[
            "config : parsing [FILE:10]: frontends and backends cannot inherit from the same defaults section if it \
           defines TCP/HTTP rules (defaults section at FILE:6).",
        ],
    );
    says("defaults d\n tcp-request inspect-delay 5s\nlisten q from d\n bind 127.0.0.1:9901\n", &[]);
}

#[test]
fn order_of_rules() {
    let after = |line: u32, kind: &str, other: &str| {
        format!(
            "config : parsing [FILE:{line}] : a '{kind}' rule placed after {other} rule will still be processed before."
        )
    };
    says(
        "frontend f\n bind 127.0.0.1:9901\n use_backend b if TRUE\n http-request allow if TRUE\n monitor fail if TRUE\n",
        &[&after(9, "http-request", "a 'use_backend'"), &after(10, "monitor fail", "an 'http-request'")],
    );
    says(
        "backend b\n use-server s if TRUE\n redirect location /\n",
        &[&after(8, "redirect", "a 'use-server'")],
    );
}

#[test]
fn lines_that_say_the_same_share_their_options() {
    let (config, messages) = read(
        "backend b\n default-server check inter 3s\n server a 127.0.0.1:1 weight 5\n server b 127.0.0.1:2 weight 5\n server c 127.0.0.1:3\n",
    );
    assert_eq!(messages, [""; 0]);
    let servers = &config.proxies[0].backend.as_ref().expect("a backend").servers;
    assert!(std::sync::Arc::ptr_eq(&servers[0].options, &servers[1].options));
    assert_eq!(servers[0].options.settings.weight, 5);
    let plain = &servers[2].options.settings;
    assert_eq!((plain.weight, plain.check.enabled, plain.check.inter), (1, true, 3000));
}

#[test]
fn refusals_of_weir_follow_the_faults() {
    let (_, messages) = read("backend b\n hash-type consistent wt6\n foo\n");
    assert_eq!(
        messages,
        [
            "config : parsing [FILE:8] : unknown keyword 'foo' in 'backend' section",
            "config : parsing [FILE:7] : 'hash-type ... wt6' is not supported by weir yet",
        ]
    );
}
