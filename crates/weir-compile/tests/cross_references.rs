//! References between sections: what HAProxy says when the other end is missing or does not fit. The messages are
//! those of HAProxy 2.8 asked with the same text; where 3.4 words one otherwise, the 3.4 form stands (it leaves out
//! `config : ` before findings made after the files were read).

use weir_compile::{Compiled, InOrder, compile};
use weir_config::files::NoFiles;
use weir_config::{Config, ParseOptions, parse};
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Diagnostics, Level, Sources};

const DEFAULTS: &str = "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n";

/// What reading and compiling a text come to: the sources, what was read with its diagnostics, and the plan.
fn read(body: &str) -> (Sources, Config, Diagnostics, Compiled) {
    let mut sources = Sources::default();
    sources.add("f.cfg", format!("{DEFAULTS}{body}\n").into_bytes());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &NoFiles, hostname: "vm".into(), checked: false };
    let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
    let compiled = compile(&config, &sources, &NoFiles, &mut InOrder::default());
    (sources, config, diagnostics, compiled)
}

fn run(body: &str) -> (Compiled, Vec<String>) {
    let (sources, _, diagnostics, compiled) = read(body);
    let messages = diagnostics
        .list
        .iter()
        .chain(&compiled.diagnostics.list)
        .filter(|one| one.level >= Level::Warning)
        .map(|one| one.message(&sources).lines().next().unwrap_or("").to_owned())
        .collect();
    (compiled, messages)
}

#[track_caller]
fn says(body: &str, expected: &[&str]) {
    let (_, messages) = run(body);
    assert_eq!(messages, expected, "for:\n{body}");
}

#[test]
fn missing_backends() {
    says(
        "frontend f\n bind :9901\n default_backend nope",
        &["Proxy 'f': unable to find required default_backend: 'nope'."],
    );
    says(
        "frontend f\n bind :9901\n use_backend nope if TRUE",
        &["Proxy 'f': unable to find required use_backend: 'nope'."],
    );
}

#[test]
fn a_frontend_is_no_backend() {
    says(
        "frontend f\n bind :9901\n default_backend f\n use_backend f",
        &[
            "Proxy 'f': unable to find required default_backend: 'f'.",
            "Proxy 'f': unable to find required use_backend: 'f'.",
        ],
    );
}

#[test]
fn incompatible_modes() {
    says(
        "frontend f\n bind :9901\n default_backend b\nbackend b\n mode tcp",
        &["http frontend 'f' (f.cfg:6) tries to use incompatible tcp backend 'b' (f.cfg:9) as its default \
           backend (see 'mode')."],
    );
    says(
        "frontend f\n bind :9901\n use_backend b\nbackend b\n mode tcp",
        &[
            "http frontend 'f' (f.cfg:6) tries to use incompatible tcp backend 'b' (f.cfg:9) in a 'use_backend' \
           rule (see 'mode').",
        ],
    );
    says("frontend f\n mode tcp\n bind :9901\n default_backend b\nbackend b", &[]);
}

#[test]
fn servers_called_by_name() {
    says(
        "backend b\n use-server x if TRUE\n server s 127.0.0.1:1",
        &["backend 'b' : unable to find server 'x' referenced in a 'use-server' rule."],
    );
    says(
        "backend b\n server s 127.0.0.1:1 track x/y\n server s2 127.0.0.1:1 track b/y",
        &[
            "config : [f.cfg:7] : 'server b/s' : unable to find required proxy 'x' for tracking.",
            "config : [f.cfg:8] : 'server b/s2' : unable to find required server 'y' for tracking.",
        ],
    );
    says(
        "backend b\n server x 127.0.0.1:1\n server y 127.0.0.1:1 track b/x",
        &[
            "config : [f.cfg:8] : 'server b/y' : unable to use b/x for tracking as it does not have any check nor \
           agent enabled.",
        ],
    );
    says(
        "backend b\n server s 127.0.0.1:1\n server s 127.0.0.1:2",
        &[
            "config : parsing [f.cfg:8] : backend 'b', another server named 's' was already defined at line 7, \
           please use distinct names.",
        ],
    );
}

#[test]
fn names_in_arguments() {
    says(
        "frontend f\n bind :9901\n http-request deny if { http_auth(nope) }\n http-request deny if { nbsrv(nope) \
         ge 1 }\n http-request deny if { srv_is_up(nope/x) }",
        &[
            "config : parsing [f.cfg:8]: unable to find userlist 'nope' referenced in arg 1 of ACL keyword \
             'http_auth' in proxy 'f'.",
            "config : parsing [f.cfg:9]: unable to find backend 'nope' referenced in arg 1 of ACL keyword 'nbsrv' \
             in proxy 'f'.",
            "config : parsing [f.cfg:10]: unable to find proxy 'nope' referenced in arg 1 of ACL keyword \
             'srv_is_up' in proxy 'f'.",
        ],
    );
}

#[test]
fn warnings_about_what_will_not_work() {
    says(
        "backend b\n mode tcp\n cookie X insert\n server s 127.0.0.1:1 cookie a",
        &[
            "backend 'b' : ignoring cookie for server 's' as HTTP mode is disabled.",
            "cookie will be ignored for backend 'b' (needs 'mode http').",
        ],
    );
    says(
        "frontend f\n option httplog\n bind :9901",
        &["log format ignored for frontend 'f' since it has no log address."],
    );
    says(
        "frontend f",
        &["frontend 'f' has no 'bind' directive. Please declare it as a backend if this was intended."],
    );
}

#[test]
fn missing_timeouts() {
    says(
        "defaults\n mode tcp\nfrontend f\n bind :9901\n default_backend b\nbackend b\n server s 127.0.0.1:1\n\
         backend without-servers",
        &["missing timeouts for frontend 'f'.", "missing timeouts for backend 'b'."],
    );
}

/// Ids as `show stat` of HAProxy 2.8 gives them for the same text.
#[test]
fn ids_are_counted_around_the_written_ones() {
    let text = "frontend p0\n id 50\n bind 127.0.0.1:9901 id 9\n bind 127.0.0.1:9903\n bind 127.0.0.1:9904 id 1\n \
                bind 127.0.0.1:9905\nlisten b\n bind 127.0.0.1:9902\n server x 127.0.0.1:1 id 7\n server y \
                127.0.0.1:2\nlisten st\n bind 127.0.0.1:29911\nbackend bb\n id 1";
    let (compiled, messages) = run(text);
    assert!(messages.is_empty(), "{messages:?}");
    let plan = &compiled.plan;
    assert_eq!(plan.proxies.iter().map(|proxy| proxy.id).collect::<Vec<_>>(), [50, 2, 3, 1]);
    assert_eq!(plan.servers.iter().map(|server| server.id).collect::<Vec<_>>(), [7, 2]);
    assert_eq!(plan.listeners.iter().map(|listener| listener.id).collect::<Vec<_>>(), [9, 10, 1, 2, 1, 1]);
    let (compiled, _) = run(&format!("global\n stats socket /tmp/cli.sock\n{DEFAULTS}{text}"));
    assert_eq!(compiled.plan.proxies.iter().map(|proxy| proxy.id).collect::<Vec<_>>(), [50, 3, 4, 1]);
}

#[test]
fn proxies_that_inherit_alike_share_their_settings() {
    let (compiled, _) = run("backend a\nbackend b\nbackend c\n timeout server 9s");
    let settings: Vec<_> = compiled.plan.proxies.iter().map(|proxy| &proxy.settings).collect();
    assert!(std::sync::Arc::ptr_eq(settings[0], settings[1]));
    assert!(!std::sync::Arc::ptr_eq(settings[0], settings[2]));
    assert_eq!(settings[2].timeouts.server, Some(9000));
}

/// What one run over a text with faults finds, with the places.
fn findings(body: &str) -> Vec<String> {
    let (sources, config, diagnostics, mut compiled) = read(body);
    let found = compiled.findings(diagnostics, &config.lost);
    found.list.iter().map(|one| one.located(&sources)).collect()
}

#[test]
fn references_are_reported_beside_faults_of_lines() {
    let found = findings(
        "frontend f\n bind :9901 nonsense\n http-request cache-use none\n log ring@nowhere daemon\n \
         default_backend nope\n use_backend b\nbackend b\n server s 127.0.0.1:1 track b/x\n server bad 127.0.0.1:1 chek\n \
         use-server bad if TRUE\n use-server s4 if TRUE",
    );
    let expected = [
        "config : parsing [f.cfg:7] : 'bind :9901' in section 'frontend': unknown keyword 'nonsense'.",
        "config : [f.cfg:14] : 'server b/bad' : unknown keyword 'chek'; did you mean 'check' maybe ?",
        "[f.cfg:8] : config: frontend 'f': unable to find the cache 'none' referenced by the filter 'cache'.",
        "[f.cfg:9] : Proxy 'f': log server uses unknown ring named 'nowhere'.",
        "[f.cfg:10] : Proxy 'f': unable to find required default_backend: 'nope'.",
        "config : [f.cfg:13] : 'server b/s' : unable to find required server 'x' for tracking.",
        "[f.cfg:16] : backend 'b' : unable to find server 's4' referenced in a 'use-server' rule.",
        "config : Error(s) found in configuration file : f.cfg",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_a_refused_section_would_bring_is_not_missed() {
    let found = findings(
        "frontend f\n bind :9901\n default_backend b1\nbackend b1 from nowhere\n server s 127.0.0.1:1\nbackend b2\n \
         server t 127.0.0.1:1 track b1/s",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[1].starts_with("config : Error(s) found"), "{found:#?}");
    // Nobody knows what a block would have brought whose condition could not be read.
    let found = findings("frontend f\n bind :9901\n default_backend b1\n.if nonsense()\nbackend b1\n.endif");
    assert!(found.iter().all(|one| !one.contains("default_backend")), "{found:#?}");
}
