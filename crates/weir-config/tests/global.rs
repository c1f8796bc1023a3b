//! The `global` section beyond the recorded lines: messages as HAProxy 2.8.25 gave them, and the values that lines set.

use std::collections::BTreeSet;
use std::path::PathBuf;

use weir_config::{Config, ParseOptions, parse};
use weir_sample::Files;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Diagnostics, Sources};

/// The accounts of a small system.
struct Accounts;

impl Files for Accounts {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "/etc/passwd" => {
                Some(b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n".to_vec())
            }
            "/etc/group" => Some(b"root:x:0:\nnogroup:x:65534:\n".to_vec()),
            _ => None,
        }
    }
}

fn read(lines: &str, environment: &mut Environment) -> (Config, Diagnostics, Sources) {
    let mut sources = Sources::default();
    sources.add("F", format!("global\n{lines}\n").into_bytes());
    let capabilities = Capabilities::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &Accounts, hostname: "vm".into(), checked: false };
    let (config, diagnostics) = parse(&mut reader, environment, &options);
    (config, diagnostics, sources)
}

/// The messages without what stands before their text, the last one first in a pair with the configuration.
fn said(lines: &str) -> (Config, Vec<String>) {
    let (config, diagnostics, sources) = read(lines, &mut Environment::default());
    let messages = diagnostics.list.iter().map(|one| one.message(&sources)).collect();
    (config, messages)
}

fn first(lines: &str) -> String {
    let (_, messages) = said(lines);
    let message = messages.first().cloned().unwrap_or_default();
    message.lines().next().unwrap_or("").trim_start_matches("config : ").to_owned()
}

#[test]
fn counts_and_bounds() {
    let groups = "cpu-map expects a thread group number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  \
                  followed by a list of CPU ranges with numbers from 0 to 63.";
    for (line, message) in [
        ("maxconn", "'maxconn' expects an integer argument."),
        ("maxconn x", "cannot parse 'maxconn' value 'x', an integer is expected."),
        ("maxconn 10 x", "'maxconn' cannot handle unexpected argument 'x'."),
        ("ulimit-n", "'ulimit-n' expects an integer argument."),
        ("ulimit-n 10 y", "'ulimit-n' cannot handle unexpected argument 'y'."),
        ("fd-hard-limit", "'fd-hard-limit' expects an integer argument."),
        ("cpu-map 1", groups),
        ("cpu-map 1 x", "cpu-map : 'x' is not a CPU range."),
        ("cpu-map 1/0 0", "cpu-map : '0' is not a valid number/range. It supports numbers from 1 to 64."),
        (
            "cpu-map 99999 0",
            "cpu-map : '99999' is not a valid number/range. It supports numbers from 1 to 64.",
        ),
        ("cpu-map 1/x 0", "cpu-map : 'x' is not a valid number/range."),
        ("cpu-map 1 99999", "cpu-map : supports CPU numbers from 0 to 1023."),
        (
            "cpu-map auto:1/1-4 0-1",
            "cpu-map : TGROUP/THREAD range and CPU sets must have the same size to be automatically bound",
        ),
        (
            "hard-stop-after 25d",
            "timer overflow in argument '25d' to 'hard-stop-after' (maximum value is 2147483647 ms or ~24.8 days)",
        ),
        ("tune.bufsize 0", "'tune.bufsize' expects a positive integer argument."),
        ("tune.bufsize -1", "'tune.bufsize' expects a positive integer argument."),
        ("tune.http.maxhdr 40000", "'tune.http.maxhdr' expects a numeric value between 1 and 32767"),
        ("tune.idletimer 70000", "'tune.idletimer' expects a timer value between 0 and 65535 ms."),
        (
            "tune.pool-high-fd-ratio 101",
            "'tune.pool-high-fd-ratio' expects an integer argument between 0 and 100.",
        ),
        ("tune.h2.initial-window-size -1", "'tune.h2.initial-window-size' expects a positive numeric value."),
        ("tune.ssl.cachesize -1", "'tune.ssl.cachesize' expects a positive numeric value."),
        ("tune.zlib.memlevel 0", "'tune.zlib.memlevel' expects a numeric value between 1 and 9."),
        ("maxsslconn -1", "'maxsslconn' expects a positive numeric value."),
    ] {
        assert_eq!(first(line), format!("parsing [F:2] : {message}"), "{line}");
    }
}

#[test]
fn names_and_places() {
    for (line, message) in [
        ("user", " : cannot find user id for '' (0:Success)"),
        ("user nosuch", " : cannot find user id for 'nosuch' (0:Success)"),
        ("user nobody x", " : 'user' cannot handle unexpected argument 'x'."),
        ("group nosuch", " : cannot find group id for 'nosuch' (0:Success)"),
        ("uid", " : 'uid' expects an integer argument."),
        ("uid 10x", " :  uid: string '10x' is not a number."),
        ("description", ": 'description' expects a string argument."),
        ("spread-checks", ": 'spread-checks' expects an integer argument (0..50)."),
        ("spread-checks 51", ": 'spread-checks' needs a positive value in range 0..50."),
        (
            "max-spread-checks -1",
            ": unsupported character '-' in 'max-spread-checks' (wants an integer delay).",
        ),
        (
            "max-spread-checks 25d",
            ": timer overflow in argument <25d> to <max-spread-checks>, maximum value is 2147483647 ms (~24.8 days).",
        ),
        ("external-check x", " : 'external-check' only supports 'preserve-env' as an argument, found 'x'."),
        ("server-state-base", " : 'server-state-base' expects one argument: a directory path."),
        ("anonkey", ": a key is expected after 'anonkey'."),
        ("log stdout", " : log : expects <address> and <facility>  as arguments"),
        ("log 127.0.0.1 local0 info x y", " : log : unknown optional minimum log level 'x'"),
        ("default-path origin", " : 'default-path origin' expects a directory as an argument."),
        ("h1-case-adjust ab AB x", " : 'h1-case-adjust' cannot handle unexpected argument 'x'."),
        (
            "unix-bind x",
            " : 'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.",
        ),
        ("unix-bind user nosuch", " : 'unix-bind' : 'nosuch' unknown user."),
        ("stats socket", " : 'stats socket' in global section expects an address or a path to a UNIX socket"),
        ("stats socket x", " : parsing [F:2] : 'stats socket' : missing port specification in 'x'"),
        ("stats socket /s x", " : 'stats socket' : unknown keyword 'x'."),
        ("stats socket /s level", " : 'stats socket' : ''level' : missing level'"),
        (
            "stats socket /s level x",
            " : 'stats socket' : ''level' only supports 'user', 'operator', and 'admin' (got 'x')'",
        ),
        ("stats timeout x", " : 'stats timeout' : unexpected character 'x'"),
        ("stats timeout 0", " : 'stats timeout' expects a positive value"),
        ("stats maxconn x", " : 'stats maxconn' expects a positive value"),
        (
            "ssl-default-bind-options ssl-min-ver x",
            " : 'x' : unknown ssl/tls version on global statement 'ssl-default-bind-options'.",
        ),
        ("set-var proc.x nofetch", " : unknown fetch method 'nofetch'"),
        (
            "set-var txn.x int(3)",
            " : 'set-var': cannot set variable 'txn.x', only scope 'proc' is permitted in the global section.",
        ),
        ("lua-load x", " : error in Lua file 'x': cannot open x: No such file or directory"),
    ] {
        assert_eq!(first(line), format!("parsing [F:2]{message}"), "{line}");
    }
}

/// HAProxy says `already specified` and goes on with the first value.
#[test]
fn the_first_value_stays() {
    let (config, messages) = said("maxconn 10\nmaxconn 20\npidfile a\npidfile b\nuid 1\nuser root");
    assert_eq!(
        messages,
        [
            "config : parsing [F:3] : 'maxconn' already specified. Continuing.",
            "config : parsing [F:5] : 'pidfile' already specified. Continuing.",
            "config : parsing [F:7] : user/uid already specified. Continuing.",
        ]
    );
    let global = &config.global;
    assert_eq!((global.maxconn, global.pidfile.as_deref(), global.uid), (10, Some("a"), Some(1)));
    assert_eq!(global.user, None);
}

#[test]
fn values_arrive() {
    let (config, messages) = said(
        "daemon\nnbthread 4\nchroot /var/empty\nhard-stop-after 30s\ngrace 2s\nno strict-limits\nlog-send-hostname\n\
         log 10.0.0.1 len 2048 format rfc5424 local3 notice err\nspread-checks 5\nset-var proc.answer int(42)\n\
         set-var-fmt proc.text \"is %[int(42)]\"\ntune.bufsize 2000\ntune.maxrewrite 1500",
    );
    assert_eq!(messages, [""; 0]);
    let global = &config.global;
    assert!(global.daemon && !global.strict_limits);
    assert_eq!((global.nbthread, global.chroot.as_deref()), (4, Some("/var/empty")));
    assert_eq!((global.hard_stop_after, global.grace, global.spread_checks), (Some(30_000), 2000, 5));
    assert_eq!(global.log_send_hostname, Some(Some("vm".into())));
    let log = &global.logs[0];
    assert_eq!((log.len, log.facility, log.level, log.min_level), (2048, 19, 5, 3));
    assert_eq!(format!("{:?}", log.transport), "Udp(10.0.0.1:514)");
    let values: Vec<String> =
        global.variables.iter().map(|(name, value, _)| format!("{name} {value:?}")).collect();
    assert_eq!(values[0], "proc.answer Int(42)");
    assert!(values[1].starts_with("proc.text Str("), "{}", values[1]);
    // Manual 3.2: the reserve is at most half of a buffer.
    assert_eq!((global.tune.bufsize, global.tune.maxrewrite), (2000, 1000));
}

#[test]
fn cpus_of_workers() {
    let maps = |line: &str| {
        let (config, messages) = said(line);
        assert_eq!(messages, [""; 0], "{line}");
        config.global.cpu_map.into_iter().map(|map| (map.threads, map.cpus)).collect::<Vec<_>>()
    };
    assert_eq!(maps("cpu-map 1/1 0"), [((1, 1), vec![0])]);
    assert_eq!(maps("cpu-map 1/1-4 0-3"), [((1, 4), vec![0, 1, 2, 3])]);
    assert_eq!(maps("cpu-map auto:1/1-3 0 2,4"), [((1, 1), vec![0]), ((2, 2), vec![2]), ((3, 3), vec![4])]);
    assert_eq!(maps("cpu-map 1 5"), [((1, 64), vec![5])]);
    assert_eq!(maps("cpu-map 1/odd 0").len(), 32);
    assert_eq!(maps("cpu-map 1/2-1 0"), [((1, 2), vec![0])]);
}

/// Manual 3.1 and 2.3: later lines see what these lines set.
#[test]
fn the_environment_changes() {
    let mut environment = Environment::default();
    environment.set("OLD", "1");
    environment.set("HOME", "/root");
    read(
        "presetenv OLD 2\nsetenv NAME vm\nresetenv NAME OLD\nunsetenv OLD\nnode \"${NAME}\"",
        &mut environment,
    );
    assert_eq!(environment.iter().collect::<Vec<_>>(), [("NAME", "vm")]);
    read("localpeer p1", &mut environment);
    assert_eq!(environment.value("HAPROXY_LOCALPEER"), Some("p1"));
    let (config, ..) = read("setenv NAME vm2\nnode \"${NAME}\"", &mut environment);
    assert_eq!(config.global.node.as_deref(), Some("vm2"));
}

#[test]
fn runtime_sockets_begin_as_unix_bind_says() {
    let (config, messages) = said(
        "unix-bind prefix /run mode 660 user nobody group nogroup\nstats socket /a.sock level admin\n\
         stats socket /b.sock,127.0.0.1:9000 mode 600 expose-fd listeners",
    );
    assert_eq!(messages, [""; 0]);
    let [first, second] = &config.stats_sockets[..] else { panic!("two sockets") };
    assert_eq!(format!("{:?}", first.addresses[0].family), "Unix(\"/run/a.sock\")");
    let settings = &first.options.settings;
    assert_eq!((settings.mode, settings.uid, settings.gid), (Some(0o660), Some(65534), Some(65534)));
    assert_eq!(second.addresses.len(), 2);
    assert_eq!(second.options.settings.mode, Some(0o600));
    assert!(second.options.settings.expose_fd_listeners);
}

/// Without the permission no experiment, with it and without an experiment a warning.
#[test]
fn experiments_need_permission() {
    assert_eq!(said("expose-experimental-directives\ntune.fd.edge-triggered on").1, [""; 0]);
    let refused = "parsing [F:2] : 'tune.fd.edge-triggered' directive is experimental, must be allowed via a global \
                   'expose-experimental-directives'";
    assert_eq!(first("tune.fd.edge-triggered on"), refused);
}

/// The keywords that HAProxy 3.4 lists with `-dKcfg`.
#[test]
fn listed_as_by_haproxy() {
    let shared = std::env::var_os("WEIR_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(shared.join("reference/keywords-3.4/cfg.txt")) else {
        println!("skipped: no shared data");
        return;
    };
    let section = text.split("\nglobal\n").nth(1).expect("a global list");
    let theirs: BTreeSet<&str> = section.lines().map_while(|line| line.strip_prefix('\t')).collect();
    let rows = || weir_config::global::FAMILIES.iter().flat_map(|family| family.iter());
    let ours: BTreeSet<&str> = rows().filter(|row| row.listed).map(|row| row.name).collect();
    assert_eq!(ours.symmetric_difference(&theirs).collect::<Vec<_>>(), [&""; 0]);
    let names: BTreeSet<&str> = rows().map(|row| row.name).collect();
    assert_eq!(names.len(), rows().count(), "a name stands twice");
}
