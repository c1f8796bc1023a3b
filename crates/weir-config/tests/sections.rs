//! Sections beside `global` and the proxies: HAProxy's messages for them, as 2.8.25 gave them for the same text (where
//! the recorded lines of 3.4 show another form, that one), and what is kept.

use weir_config::files::NoFiles;
use weir_config::model::Config;
use weir_config::{ParseOptions, parse};
use weir_plan::settings::userlist::Password;
use weir_syntax::{Capabilities, Environment, Reader};
use weir_types::{Level, Sources};

fn read(text: &str) -> (Config, Vec<String>) {
    let mut sources = Sources::default();
    sources.add("FILE", format!("{text}\n").into_bytes());
    let capabilities = Capabilities::default();
    let mut environment = Environment::default();
    let mut reader = Reader::new(&sources, &capabilities);
    let options = ParseOptions { sources: &sources, files: &NoFiles, hostname: "vm".into(), checked: false };
    let (config, diagnostics) = parse(&mut reader, &mut environment, &options);
    let said = diagnostics.list.iter().filter(|one| one.level >= Level::Warning);
    let summary = "config : Error(s) found";
    let messages = said.map(|one| one.message(&sources)).filter(|text| !text.starts_with(summary));
    (config, messages.collect())
}

fn says(text: &str, expected: &[&str]) {
    assert_eq!(read(text).1, expected, "for:\n{text}");
}

#[test]
fn headers() {
    for (text, message) in [
        ("userlist", "config : parsing [FILE:1]: 'userlist' expects <name> as arguments."),
        ("userlist a b", "config : parsing [FILE:1] : 'userlist' cannot handle unexpected argument 'b'."),
        (
            "userlist a/b",
            "config : parsing [FILE:1]: character '/' is not permitted in 'userlist' name 'a/b'.",
        ),
        ("http-errors", "config : parsing [FILE:1] : missing name for http-errors section."),
        (
            "resolvers a/b",
            "config : parsing [FILE:1] : character '/' is not permitted in 'resolvers' name 'a/b'.",
        ),
        ("mailers", "config : parsing [FILE:1] : missing name for mailers section."),
        ("peers a b", "config : parsing [FILE:1] : 'peers' cannot handle unexpected argument 'b'."),
        ("cache", "config : parsing [FILE:1] : 'cache' expects a <name> argument"),
        ("ring", "config : parsing [FILE:1] : missing ring name."),
        ("ring a/b", "config : parsing [FILE:1] : invalid ring name 'a/b' (character '/' is not permitted)."),
        ("ring stdout", "config : parsing [FILE:1] : sink named 'stdout' already exists."),
        ("fcgi-app", "config : parsing [FILE:1]: 'fcgi-app' expects <name> as argument."),
        (
            "log-forward a b",
            "config : parsing [FILE:1] : 'log-forward' cannot handle unexpected argument 'b'.",
        ),
    ] {
        says(text, &[message]);
    }
}

#[test]
fn names_used_twice() {
    for (text, message) in [
        ("userlist a\nuserlist a", "config : parsing [FILE:2]: ignoring duplicated userlist 'a'."),
        (
            "http-errors a\nhttp-errors a",
            "config : parsing [FILE:2]: http-errors section 'a' already exists (declared at FILE:1).",
        ),
        (
            "resolvers a\nresolvers a",
            "config : Parsing [FILE:2]: resolvers 'a' has same name as another resolvers (declared at FILE:1).",
        ),
        (
            "resolvers a\n nameserver n 1.1.1.1:53\n nameserver n 1.1.1.2:53",
            "config : Parsing [FILE:3]: nameserver 'n' has same name as another nameserver (declared at FILE:2).",
        ),
        (
            "mailers a\nmailers a",
            "config : Parsing [FILE:2]: mailers section 'a' has the same name as another mailers section declared at \
             FILE:1.",
        ),
        ("peers a\nperrs\npeers a", "config : parsing [FILE:2] : unknown keyword 'perrs' in 'peers' section"),
        ("cache a\n total-max-size 4\ncache a", "config : parsing [FILE:3]: Duplicate cache name 'a'."),
        (
            "fcgi-app a\n docroot /x\nfcgi-app a",
            "config : Parsing [FILE:3]: fcgi-app section 'a' has the same name as another one declared at FILE:1.",
        ),
    ] {
        assert_eq!(read(text).1.first().map(String::as_str), Some(message), "for:\n{text}");
    }
}

#[test]
fn users_join_groups_written_later() {
    let text = "userlist a\n user x password $6$a groups g\n user y insecure-password foo\n group g users y,x\n group h";
    let (config, messages) = read(text);
    assert_eq!(messages, [""; 0]);
    let list = &config.userlists[0];
    let groups: Vec<&[u32]> = list.users.iter().map(|user| &*user.groups).collect();
    assert_eq!(groups, [[0], [0]]);
    assert!(matches!(&list.users[0].password, Password::Crypt(hash) if &**hash == "$6$a"));
    assert!(matches!(&list.users[1].password, Password::Plain(text) if &**text == "foo"));
}

#[test]
fn userlists() {
    says("userlist a\n user y groups h", &["config : userlist 'a': no such group 'h' specified in user 'y'"]);
    says("userlist a\n group g users q", &["config : userlist 'a': no such user 'q' specified in group 'g'"]);
    // Lines behind a duplicated header belong to the list begun last.
    says(
        "userlist a\n user x\nuserlist b\nuserlist a\n user x\n user x",
        &[
            "config : parsing [FILE:4]: ignoring duplicated userlist 'a'.",
            "config : parsing [FILE:6]: ignoring duplicated user 'x' in userlist 'b'.",
        ],
    );
    says(
        "userlist a\n group g users x users y",
        &["config : parsing [FILE:2]: 'users' option already defined in 'group' name 'g'."],
    );
}

#[test]
fn resolvers() {
    says(
        "resolvers a\n hold nx x\n hold foo 5\n timeout resolve 99d\n timeout resolve\n accepted_payload_size 70000",
        &[
            "config : parsing [FILE:2]: unexpected character 'x' in argument to <hold>.",
            "config : parsing [FILE:3] : 'hold' unknown <event>: 'foo', expects either 'nx', 'timeout', 'valid', \
             'obsolete' or 'other'.",
            "config : parsing [FILE:4]: timer overflow in argument <99d> to <timeout resolve>, maximum value is \
             2147483647 ms (~24.8 days).",
            "config : parsing [FILE:5] : 'timeout resolve' expects <time> as argument.",
            "config : parsing [FILE:6] : 'accepted_payload_size' must be between 12 and 65535 inclusive (was 70000).",
        ],
    );
    says("resolvers a", &["resolvers 'a' [FILE:1] has no nameservers configured!"]);
    says("resolvers a\n nameserver n udp@1.1.1.1:53 x y", &[]);
}

#[test]
fn peers() {
    says("peers a\n peer vm 127.0.0.1:29001", &[]);
    says(
        "peers a\n peer v2 127.0.0.1:29001",
        &["Removing incomplete section 'peers a' (no peer named 'vm')."],
    );
    says(
        "peers a\n peer vm 127.0.0.1:29003\n bind 127.0.0.1:29001",
        &["config : parsing [FILE:3] : mixing \"peer\" and \"bind\" line is forbidden"],
    );
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1",
        &["config : [FILE:3] : 'server vm/v2' : missing port specification in '127.0.0.1'"],
    );
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer vm 127.0.0.1:29001",
        &["config : parsing [FILE:3] : 'peer vm' : local peer name already referenced at FILE:2. vm"],
    );
    says("peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002", &[]);
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002 bogus",
        &["config : [FILE:3] : 'server vm/v2' : unknown keyword 'bogus'."],
    );
    says(
        "peers a\n bind 127.0.0.1:29001\n server vm 127.0.0.1:29001\n server v2 127.0.0.1:29002",
        &[
            "config : [FILE:3] : 'server vm/vm' : unknown keyword '127.0.0.1:29001'. Hint: no address was expected for \
             this server.",
        ],
    );
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002 check weight 5 cookie x",
        &[
            "config : parsing [FILE:3] : 'peer v2' : init_addr, resolvers, check and agent are ignored for peers.",
        ],
    );
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002\n peer v2 127.0.0.1:29003",
        &[
            "config : Peer section 'vm' [FILE:3]: another peer named 'v2' was already defined at line FILE:4, please use \
             distinct names.",
        ],
    );
    says(
        "peers a\n default-bind bogus\n server vm",
        &["config : parsing [FILE:2] : 'default-bind bogus' in section 'peers': unknown keyword 'bogus'."],
    );
    says(
        "peers a\n default-server bogus\n server vm",
        &["config : [FILE:2] : unknown keyword 'bogus'. Hint: no address was expected for this \
           server."],
    );
}

/// As HAProxy 2.8 says it.
#[test]
fn shards_of_peers() {
    says(
        "peers a\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002 shard 3",
        &[
            "config : Peers section 'a': shard ignored for 'v2' local peer because 3 shard value is greater than the section \
           number of shards (0)",
        ],
    );
    says(
        "peers a\n shards 2\n peer vm 127.0.0.1:29001\n peer v2 127.0.0.1:29002 shard 3",
        &[
            "config : parsing [FILE:4] : 'peer v2' : 3 peer shard greater value than 2 shards value is ignored.",
        ],
    );
    says(
        "peers a\n shards 2\n peer vm 127.0.0.1:29001 shard 1\n peer v2 127.0.0.1:29002 shard x",
        &["config : Peers section 'a': shard ignored for 'vm' local peer"],
    );
}

#[test]
fn caches() {
    says("cache c", &["config : Size not specified for cache 'c'"]);
    says(
        "cache c\n total-max-size 4\n max-object-size 3000000",
        &["config : \"max-object-size\" is limited to an half of \"total-max-size\" => 2097152"],
    );
    says(
        "cache c\n total-max-size 5000",
        &["config : parsing [FILE:2]: \"total-max-size\" (5000) must not be greater than 4095"],
    );
}

#[test]
fn applications() {
    says(
        "fcgi-app a\n docroot /x y\n option keep-conn x\n option max-reqs 0\n pass-header foo if bar\n path-info a b",
        &[
            "config : parsing [FILE:2] : 'docroot /x' cannot handle unexpected argument 'y'.",
            "config : parsing [FILE:3] : 'option keep-conn' cannot handle unexpected argument 'x'.",
            "config : parsing [FILE:4]: option 'max-reqs' expects a strictly positive integer argument.",
            "config : parsing [FILE:5] : 'foo' : no such ACL : 'bar'.",
            "config : parsing [FILE:6] : 'path-info a' cannot handle unexpected argument 'b'.",
        ],
    );
    says("fcgi-app a\n docroot /x\n acl foo path /a\n set-param p v if foo", &[]);
}

#[test]
fn log_targets_of_global_are_those_of_the_lines_before() {
    let text = "defaults\n log global\nglobal\n log 127.0.0.1:514 local0\ndefaults\n log global";
    let (config, _) = read(text);
    let known: Vec<u32> =
        config.defaults.iter().map(|defaults| defaults.settings.log.targets[0].global_targets).collect();
    assert_eq!(known, [0, 1]);
}
