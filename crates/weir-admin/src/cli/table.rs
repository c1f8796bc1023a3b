//! Every command of HAProxy 3.4, with what it is called with, who may use it, and the function that runs it, if any.

use weir_registry::{Entry, Status};

use super::commands::{
    backends, caches, counters, dynamic_cookie, dynamic_servers, events, frontends, limits, listing, own,
    patterns, peers, process, servers, sessions, statistics, tables, tls, variables, wait,
};
use super::reply::Reply;
use super::session::Context;

/// `level` of a `stats socket`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    User,
    #[default]
    Operator,
    Admin,
}

impl Level {
    pub const fn word(self) -> &'static str {
        match self {
            Level::User => "user",
            Level::Operator => "operator",
            Level::Admin => "admin",
        }
    }
}

/// Which sockets know the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Worker,
    Master,
    Both,
}

pub type Run = fn(&mut Context<'_>) -> Reply;

#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The words that name it.
    pub name: &'static str,
    /// Its line in `help`; empty: not listed.
    pub usage: &'static str,
    pub scope: Scope,
    pub level: Level,
    pub expert: bool,
    pub experimental: bool,
    /// `None`: not yet.
    pub run: Option<Run>,
}

impl Entry for Command {
    fn name(&self) -> &'static str {
        self.name
    }

    fn status(&self) -> Status {
        match self.run {
            Some(_) => Status::Works,
            // The master answers these itself; what begins with `_` its processes say to each other in HAProxy.
            None if self.scope == Scope::Master && !self.name.starts_with('_') => Status::Works,
            None => Status::NotYet,
        }
    }

    fn doc(&self) -> &'static str {
        self.usage.split_once(": ").map_or("management manual 9.3", |(_, text)| text)
    }
}

/// The listing of `-dKcli`, in HAProxy's format. Commands that are not there yet are left out unless `every` is set.
pub fn listing(every: bool) -> String {
    let mut lines: Vec<String> = COMMANDS
        .iter()
        .filter(|command| every || command.run.is_some() || command.scope == Scope::Master)
        .map(Command::listed)
        .collect();
    lines.sort();
    format!("# List of registered CLI keywords:\n{}", lines.concat())
}

impl Command {
    fn listed(&self) -> String {
        let scope = match self.scope {
            Scope::Worker => "[WORKER] ",
            Scope::Master => "[MASTER] ",
            Scope::Both => "[MASTER] [WORKER] ",
        };
        let expert = if self.expert { "[EXPERT] " } else { "" };
        let experimental = if self.experimental { "[EXPERIM] " } else { "" };
        format!("{} {scope}{expert}{experimental}\n", self.name)
    }
}

/// The command that begins these words, the longest if several do, and the words behind it.
pub fn find(words: &[String]) -> Option<(&'static Command, &[String])> {
    let begins = |command: &Command| {
        let names: Vec<&str> = command.name.split(' ').collect();
        (words.len() >= names.len() && names.iter().zip(words).all(|(name, word)| **name == **word))
            .then_some(names.len())
    };
    COMMANDS
        .iter()
        .filter(|command| command.scope != Scope::Master)
        .filter_map(|command| Some((begins(command)?, command)))
        .max_by_key(|(length, _)| *length)
        .map(|(length, command)| (command, &words[length..]))
}

const fn command(
    name: &'static str,
    usage: &'static str,
    scope: Scope,
    level: Level,
    run: Option<Run>,
) -> Command {
    Command { name, usage, scope, level, expert: false, experimental: false, run }
}

const fn expert(command: Command) -> Command {
    Command { expert: true, ..command }
}

const fn experimental(command: Command) -> Command {
    Command { experimental: true, ..command }
}

/// In the order of `help`.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    command("@!<pid>", "@!<pid>                                 : send a command to the <pid> process", Scope::Master, Level::User, None),
    command("@<relative pid>", "@<relative pid>                         : send a command to the <relative pid> process", Scope::Master, Level::User, None),
    command("@master", "@master                                 : send a command to the master process", Scope::Master, Level::User, None),
    command("_getsocks", "", Scope::Worker, Level::User, None),
    command("_loadstatus", "", Scope::Master, Level::User, None),
    command("_send_status", "", Scope::Master, Level::User, None),
    command("abort ssl ca-file", "abort ssl ca-file <cafile>              : abort a transaction for a CA file", Scope::Worker, Level::Admin, Some(tls::authorities::abort_ca)),
    command("abort ssl cert", "abort ssl cert <certfile>               : abort a transaction for a certificate file", Scope::Worker, Level::Admin, Some(tls::certificates::abort)),
    command("abort ssl crl-file", "abort ssl crl-file <crlfile>            : abort a transaction for a CRL file", Scope::Worker, Level::Admin, Some(tls::authorities::abort_crl)),
    command("acme challenge_ready", "acme challenge_ready <certfile> domain <domain> : notify HAProxy that the ACME challenge is ready", Scope::Worker, Level::Admin, None),
    command("acme renew", "acme renew <certfile>                   : renew a certificate using the ACME protocol", Scope::Worker, Level::Admin, None),
    command("acme status", "acme status                             : show status of certificates configured with ACME", Scope::Worker, Level::Admin, None),
    command("add acl", "add acl [@<ver>] <acl> <pattern>        : add an acl entry", Scope::Worker, Level::Admin, Some(patterns::add_acl)),
    command("add backend", "add backend <backend>                   : add a new backend", Scope::Worker, Level::Admin, None),
    command("add map", "add map [@<ver>] <map> <key> <val>      : add a map entry (payload supported instead of key/val)", Scope::Worker, Level::Admin, Some(patterns::add_map)),
    command("add server", "add server <bk>/<srv>                   : create a new server", Scope::Worker, Level::Admin, Some(dynamic_servers::add)),
    command("add ssl ca-file", "add ssl ca-file <cafile> <payload>      : add a certificate into the CA file", Scope::Worker, Level::Admin, Some(tls::authorities::add_ca)),
    command("add ssl crt-list", "add ssl crt-list <list> <cert> [opts]*  : add to crt-list file <list> a line <cert> or a payload", Scope::Worker, Level::Admin, Some(tls::crt_lists::add)),
    command("add ssl jwt", "add ssl jwt <certfile>                  : add certificate to list of certificates used for JWT validation", Scope::Worker, Level::Admin, Some(tls::tokens::add)),
    command("clear acl", "clear acl [@<ver>] <acl>                : clear the contents of this acl", Scope::Worker, Level::Admin, Some(patterns::clear_acl)),
    command("clear counters", "clear counters [all]                    : clear max statistics counters (or all counters)", Scope::Worker, Level::Operator, Some(counters::clear)),
    command("clear map", "clear map [@<ver>] <map>                : clear the contents of this map", Scope::Worker, Level::Admin, Some(patterns::clear_map)),
    command("clear table", "clear table <table> [<filter>]*         : remove an entry from a table (filter: data/key)", Scope::Worker, Level::Admin, Some(tables::clear)),
    command("commit acl", "commit acl @<ver> <acl>                 : commit the ACL at this version", Scope::Worker, Level::Admin, Some(patterns::commit_acl)),
    command("commit map", "commit map @<ver> <map>                 : commit the map at this version", Scope::Worker, Level::Admin, Some(patterns::commit_map)),
    command("commit ssl ca-file", "commit ssl ca-file <cafile>             : commit a CA file", Scope::Worker, Level::Admin, Some(tls::authorities::commit_ca)),
    command("commit ssl cert", "commit ssl cert <certfile>              : commit a certificate file", Scope::Worker, Level::Admin, Some(tls::certificates::commit)),
    command("commit ssl crl-file", "commit ssl crl-file <crlfile>           : commit a CRL file", Scope::Worker, Level::Admin, Some(tls::authorities::commit_crl)),
    command("debug counters", "debug counters [?|all|bug|cnt|chk|glt]* : dump/reset rare event counters", Scope::Worker, Level::Admin, None),
    expert(command("debug dev bug", "debug dev bug                           : call BUG_ON() and crash", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev check", "debug dev check                         : call CHECK_IF() and possibly crash", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev close", "debug dev close  <fd>                   : close this file descriptor", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev deadlock", "debug dev deadlock [nbtask]             : deadlock between this number of tasks", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev delay", "debug dev delay  [ms]                   : sleep this long", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev exit", "debug dev exit   [code]                 : immediately exit the process", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev fd", "debug dev fd                            : scan for rogue/unhandled FDs", Scope::Worker, Level::Admin, None)),
    command("debug dev hash", "debug dev hash   [msg]                  : return msg hashed if anon is set", Scope::Worker, Level::Admin, None),
    expert(command("debug dev hex", "debug dev hex    <addr> [len]           : dump a memory area", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev log", "debug dev log    [msg] ...              : send this msg to global logs", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev loop", "debug dev loop   <ms> [isolated]        : loop this long, possibly isolated", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev panic", "debug dev panic                         : immediately trigger a panic", Scope::Worker, Level::Admin, Some(sessions::panic))),
    expert(command("debug dev sched", "debug dev sched  {task|tasklet} [k=v]*  : stress the scheduler", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev stream", "debug dev stream [k=v]*                 : show/manipulate stream flags", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev sym", "debug dev sym    <addr>                 : resolve symbol address", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev task", "debug dev task <ptr> [wake|expire|kill] : show/wake/expire/kill task/tasklet", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev tkill", "debug dev tkill  [thr] [sig]            : send signal to thread", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev warn", "debug dev warn                          : call WARN_ON() and possibly crash", Scope::Worker, Level::Admin, None)),
    expert(command("debug dev write", "debug dev write  [size]                 : write that many bytes in return", Scope::Worker, Level::Admin, None)),
    command("del acl", "del acl <acl> [<key>|#<ref>]            : delete acl entries matching <key>", Scope::Worker, Level::Admin, Some(patterns::del_acl)),
    command("del backend", "del backend <backend>                   : delete a backend", Scope::Worker, Level::Admin, None),
    command("del map", "del map <map> [<key>|#<ref>]            : delete map entries matching <key>", Scope::Worker, Level::Admin, Some(patterns::del_map)),
    command("del server", "del server <bk>/<srv>                   : remove a dynamically added server", Scope::Worker, Level::Admin, Some(dynamic_servers::delete)),
    command("del ssl ca-file", "del ssl ca-file <cafile>                : delete an unused CA file", Scope::Worker, Level::Admin, Some(tls::authorities::del_ca)),
    command("del ssl cert", "del ssl cert <certfile>                 : delete an unused certificate file", Scope::Worker, Level::Admin, Some(tls::certificates::del)),
    command("del ssl crl-file", "del ssl crl-file <crlfile>              : delete an unused CRL file", Scope::Worker, Level::Admin, Some(tls::authorities::del_crl)),
    command("del ssl crt-list", "del ssl crt-list <list> <cert[:line]>   : delete a line <cert> from crt-list file <list>", Scope::Worker, Level::Admin, Some(tls::crt_lists::del)),
    command("del ssl jwt", "del ssl jwt <certfile>                  : remove certificate from list of certificates used for JWT validation", Scope::Worker, Level::Admin, Some(tls::tokens::del)),
    command("disable agent", "disable agent                           : disable agent checks", Scope::Worker, Level::Admin, Some(servers::disable_agent)),
    command("disable dynamic-cookie backend", "disable dynamic-cookie backend <bk>     : disable dynamic cookies on a specific backend", Scope::Worker, Level::Admin, Some(dynamic_cookie::disable)),
    command("disable frontend", "disable frontend <frontend>             : temporarily disable specific frontend", Scope::Worker, Level::Admin, Some(frontends::disable)),
    command("disable health", "disable health                          : disable health checks", Scope::Worker, Level::Admin, Some(servers::disable_health)),
    command("disable server", "disable server (DEPRECATED)             : disable a server for maintenance (use 'set server' instead)", Scope::Worker, Level::Admin, Some(servers::disable)),
    command("dump ssl cert", "dump ssl cert <certfile>                : dump the SSL certificates in PEM format", Scope::Worker, Level::Admin, Some(tls::certificates::dump)),
    command("dump stats-file", "dump stats-file                         : dump stats for restore", Scope::Worker, Level::Admin, None),
    command("echo", "echo <text>                             : print text to the output", Scope::Both, Level::User, Some(own::echo)),
    command("enable agent", "enable agent                            : enable agent checks", Scope::Worker, Level::Admin, Some(servers::enable_agent)),
    command("enable dynamic-cookie backend", "enable dynamic-cookie backend <bk>      : enable dynamic cookies on a specific backend", Scope::Worker, Level::Admin, Some(dynamic_cookie::enable)),
    command("enable frontend", "enable frontend <frontend>              : re-enable specific frontend", Scope::Worker, Level::Admin, Some(frontends::enable)),
    command("enable health", "enable health                           : enable health checks", Scope::Worker, Level::Admin, Some(servers::enable_health)),
    command("enable server", "enable server  (DEPRECATED)             : enable a disabled server (use 'set server' instead)", Scope::Worker, Level::Admin, Some(servers::enable)),
    command("experimental-mode", "", Scope::Both, Level::User, Some(own::experimental_mode)),
    command("expert-mode", "", Scope::Both, Level::User, Some(own::expert_mode)),
    command("get acl", "get acl <acl> <value>                   : report the patterns matching a sample for an ACL", Scope::Worker, Level::Operator, Some(patterns::get_acl)),
    command("get map", "get map <map> <value>                   : report the keys and values matching a sample for a map", Scope::Worker, Level::Operator, Some(patterns::get_map)),
    command("get var", "get var <name>                          : retrieve contents of a process-wide variable", Scope::Worker, Level::Operator, Some(variables::get)),
    command("get weight", "get weight <bk>/<srv>                   : report a server's current weight", Scope::Worker, Level::User, Some(servers::get_weight)),
    command("hard-reload", "hard-reload                             : achieve a hard-reload (-st) of haproxy", Scope::Master, Level::User, None),
    command("help", "help [<command>]                        : list matching or all commands", Scope::Both, Level::User, Some(own::help)),
    expert(command("httpclient", "httpclient <method> <URI>               : launch an HTTP request", Scope::Worker, Level::Admin, None)),
    command("mcli-debug-mode", "", Scope::Master, Level::User, None),
    command("new ssl ca-file", "new ssl ca-file <cafile>                : create a new CA file to be used in a crt-list", Scope::Worker, Level::Admin, Some(tls::authorities::new_ca)),
    command("new ssl cert", "new ssl cert <certfile>                 : create a new certificate file to be used in a crt-list or a directory", Scope::Worker, Level::Admin, Some(tls::certificates::new)),
    command("new ssl crl-file", "new ssl crl-file <crlfile>               : create a new CRL file to be used in a crt-list", Scope::Worker, Level::Admin, Some(tls::authorities::new_crl)),
    command("operator", "operator                                : lower the level of the current CLI session to operator", Scope::Both, Level::Operator, Some(own::operator)),
    command("prepare acl", "prepare acl <acl>                       : prepare a new version for atomic ACL replacement", Scope::Worker, Level::Admin, Some(patterns::prepare_acl)),
    command("prepare map", "prepare map <map>                       : prepare a new version for atomic map replacement", Scope::Worker, Level::Admin, Some(patterns::prepare_map)),
    command("prompt", "prompt [help | n | i | p | timed ]*     : toggle interactive mode with prompt", Scope::Both, Level::User, Some(own::prompt)),
    command("publish backend", "publish backend <backend>               : mark backend as ready for traffic", Scope::Worker, Level::Operator, Some(backends::publish)),
    command("quit", "quit                                    : disconnect", Scope::Both, Level::User, Some(own::quit)),
    command("reload", "reload                                  : achieve a soft-reload (-sf) of haproxy", Scope::Master, Level::User, None),
    command("set anon global-key", "set anon global-key <value>             : change the global anonymizing key", Scope::Worker, Level::Admin, None),
    command("set anon off", "set anon off                            : deactivate the anonymized mode", Scope::Worker, Level::Admin, None),
    command("set anon on", "set anon on [value]                     : activate the anonymized mode", Scope::Worker, Level::Admin, None),
    command("set dynamic-cookie-key backend", "set dynamic-cookie-key backend <bk> <k> : change a backend secret key for dynamic cookies", Scope::Worker, Level::Admin, Some(dynamic_cookie::set_key)),
    command("set map", "set map <map> [<key>|#<ref>] <value>    : modify a map entry", Scope::Worker, Level::Admin, Some(patterns::set_map)),
    command("set maxconn frontend", "set maxconn frontend <frontend> <value> : change a frontend's maxconn setting", Scope::Worker, Level::Admin, Some(limits::maxconn_frontend)),
    command("set maxconn global", "set maxconn global <value>              : change the per-process maxconn setting", Scope::Worker, Level::Admin, Some(limits::maxconn_global)),
    command("set maxconn server", "set maxconn server <bk>/<srv>           : change a server's maxconn setting", Scope::Worker, Level::Admin, Some(limits::maxconn_server)),
    command("set profiling", "set profiling <what> {auto|on|off}      : enable/disable resource profiling (tasks,memory)", Scope::Worker, Level::Admin, None),
    command("set rate-limit", "set rate-limit <setting> <value>        : change a rate limiting value", Scope::Worker, Level::Admin, Some(limits::rate_limit)),
    command("set server", "set server <bk>/<srv> [opts]            : change a server's state, weight, address or ssl", Scope::Worker, Level::Admin, Some(servers::set)),
    command("set severity-output", "set severity-output [none|number|string]: set presence of severity level in feedback information", Scope::Worker, Level::User, Some(own::severity_output)),
    command("set ssl ca-file", "set ssl ca-file <cafile> <payload>      : replace a CA file", Scope::Worker, Level::Admin, Some(tls::authorities::set_ca)),
    command("set ssl cert", "set ssl cert <certfile> <payload>       : replace a certificate file", Scope::Worker, Level::Admin, Some(tls::certificates::set)),
    command("set ssl crl-file", "set ssl crl-file <crlfile> <payload>    : replace a CRL file", Scope::Worker, Level::Admin, Some(tls::authorities::set_crl)),
    command("set ssl ocsp-response", "set ssl ocsp-response <resp|payload>       : update a certificate's OCSP Response from a base64-encode ", Scope::Worker, Level::Admin, Some(tls::ocsp::set)),
    command("set ssl tls-key", "set ssl tls-key [id|file] <key>         : set the next TLS key for the <id> or <file> listener to <key>", Scope::Worker, Level::Admin, Some(tls::ticket_keys::set)),
    command("set table", "set table <table> key <k> [data.* <v>]* : update or create a table entry's data", Scope::Worker, Level::Admin, Some(tables::set)),
    command("set timeout", "set timeout [cli] <delay>               : change a timeout setting", Scope::Worker, Level::User, Some(own::timeout)),
    experimental(command("set var", "set var <name> [fmt|expr] {<fmt>|<expr>}: set variable from an expression or a format", Scope::Worker, Level::Admin, Some(variables::set))),
    command("set weight", "set weight <bk>/<srv>  (DEPRECATED)     : change a server's weight (use 'set server' instead)", Scope::Worker, Level::Admin, Some(servers::set_weight)),
    command("show acl", "show acl [@<ver>] <acl>                 : report available acls or dump an acl's contents", Scope::Worker, Level::Operator, Some(patterns::show_acl)),
    command("show activity", "show activity [-1|0|thread_num]         : show per-thread activity stats (for support/developers)", Scope::Worker, Level::Operator, Some(process::activity)),
    command("show anon", "show anon                               : display the current state of anonymized mode", Scope::Worker, Level::User, None),
    command("show backend", "show backend                            : list backends in the current running config", Scope::Worker, Level::User, Some(listing::backends)),
    command("show cache", "show cache                              : show cache status", Scope::Worker, Level::User, Some(caches::show)),
    command("show cli level", "show cli level                          : display the level of the current CLI session", Scope::Both, Level::User, Some(own::level)),
    command("show cli sockets", "show cli sockets                        : dump list of cli sockets", Scope::Both, Level::Operator, Some(process::cli_sockets)),
    command("show dev", "show dev                                : show debug info for developers", Scope::Worker, Level::Operator, None),
    command("show env", "show env [var]                          : dump environment variables known to the process", Scope::Both, Level::Operator, Some(process::environment)),
    command("show errors", "show errors [<px>] [request|response]   : report last request and/or response errors for each proxy", Scope::Worker, Level::Operator, None),
    command("show events", "show events [<sink>] [-w] [-n] [-0]     : show event sink state", Scope::Worker, Level::Operator, Some(events::show)),
    command("show fd", "show fd [-!plcfbsd]* [num]              : dump list of file descriptors in use or a specific one", Scope::Worker, Level::Operator, None),
    command("show info", "show info [desc|json|typed|float]*      : report information about the running process", Scope::Worker, Level::User, Some(statistics::info)),
    command("show libs", "show libs                               : show loaded object files and libraries", Scope::Worker, Level::Operator, None),
    command("show map", "show map [@<ver>] [map]                 : report available maps or dump a map's contents", Scope::Worker, Level::Operator, Some(patterns::show_map)),
    command("show peers", "show peers [dict|-] [section]           : dump some information about all the peers or this peers section", Scope::Worker, Level::Operator, Some(peers::show)),
    command("show pools", "show pools [by*] [match <pfx>] [nb]     : report information about the memory pools usage", Scope::Worker, Level::User, None),
    command("show proc", "show proc                               : show processes status", Scope::Master, Level::User, None),
    command("show profiling", "show profiling [<what>|<#lines>|<opts>]*: show profiling state (all,status,tasks,memory)", Scope::Worker, Level::User, None),
    command("show quic", "show quic [help|<format>] [<filter>]    : display quic connections status", Scope::Worker, Level::User, None),
    command("show resolvers", "show resolvers [id]                     : dumps counters from all resolvers section and associated name servers", Scope::Worker, Level::User, None),
    command("show schema json", "show schema json                        : report schema used for stats", Scope::Worker, Level::User, Some(statistics::schema)),
    command("show servers conn", "show servers conn [<backend>]           : dump server connections status (all or for a single backend)", Scope::Worker, Level::User, Some(listing::connections)),
    command("show servers state", "show servers state [<backend>]          : dump volatile server information (all or for a single backend)", Scope::Worker, Level::User, Some(listing::state)),
    command("show sess", "show sess [help|<id>|all] [opts...]     : report the list of current streams or dump this exact stream", Scope::Worker, Level::Operator, Some(sessions::show)),
    command("show ssl ca-file", "show ssl ca-file [<cafile>[:<index>]]   : display the SSL CA files used in memory, or the details of a <cafile>, or a single certificate of index <index> of a CA file <cafile>", Scope::Worker, Level::Operator, Some(tls::authorities::show_ca)),
    command("show ssl cert", "show ssl cert [<certfile>]              : display the SSL certificates used in memory, or the details of a file", Scope::Worker, Level::Operator, Some(tls::certificates::show)),
    command("show ssl crl-file", "show ssl crl-file [<crlfile[:<index>>]] : display the SSL CRL files used in memory, or the details of a <crlfile>, or a single CRL of index <index> of CRL file <crlfile>", Scope::Worker, Level::Operator, Some(tls::authorities::show_crl)),
    command("show ssl crt-list", "show ssl crt-list [-n] [<list>]         : show the list of crt-lists or the content of a crt-list file <list>", Scope::Worker, Level::Operator, Some(tls::crt_lists::show)),
    command("show ssl jwt", "show ssl jwt                            : show list of certificates used for JWT validation", Scope::Worker, Level::Operator, Some(tls::tokens::show)),
    command("show ssl ocsp-response", "show ssl ocsp-response [[text|base64] id]  : display the IDs of the OCSP responses used in memory, or the details of a single OCSP response (in text or base64 format)", Scope::Worker, Level::Operator, Some(tls::ocsp::show)),
    command("show ssl ocsp-updates", "show ssl ocsp-updates                      : display information about the next 'nb' ocsp responses that will be updated automatically", Scope::Worker, Level::Operator, Some(tls::ocsp::show_updates)),
    command("show ssl providers", "show ssl providers                      : show loaded SSL providers", Scope::Worker, Level::Operator, Some(tls::certificates::show_providers)),
    command("show ssl sni", "show ssl sni [-f <frontend>] [-A]       : display the list of SNI and their corresponding filename", Scope::Worker, Level::Operator, Some(tls::certificates::show_sni)),
    command("show startup-logs", "show startup-logs                       : report logs emitted during HAProxy startup", Scope::Both, Level::Operator, Some(process::startup_logs)),
    command("show stat", "show stat [desc|json|no-maint|typed|up]*: report counters for each proxy and server", Scope::Worker, Level::User, Some(statistics::stat)),
    command("show table", "show table [<table> [<filter>]*]        : report table usage stats or dump this table's contents (filter: data/key)", Scope::Worker, Level::Operator, Some(tables::show)),
    command("show tasks", "show tasks                              : show running tasks", Scope::Worker, Level::User, None),
    command("show threads", "show threads                            : show some threads debugging information", Scope::Worker, Level::User, None),
    command("show tls-keys", "show tls-keys [id|*]                    : show tls keys references or dump tls ticket keys when id specified", Scope::Worker, Level::User, Some(tls::ticket_keys::show)),
    command("show trace", "show trace [<module>]                   : show live tracing state", Scope::Worker, Level::User, None),
    command("show version", "show version                            : show version of the current process", Scope::Both, Level::User, Some(process::version)),
    command("shutdown frontend", "shutdown frontend <frontend>            : stop a specific frontend", Scope::Worker, Level::Admin, Some(frontends::shutdown)),
    command("shutdown session", "shutdown session [id]                   : kill a specific session", Scope::Worker, Level::Admin, Some(sessions::shut)),
    command("shutdown sessions server", "shutdown sessions server <bk>/<srv>     : kill sessions on a server", Scope::Worker, Level::Admin, Some(servers::shutdown_sessions)),
    command("trace", "trace [<module>|0] [cmd [args...]]      : manage live tracing (empty to list, 0 to stop all)", Scope::Worker, Level::Admin, None),
    command("unpublish backend", "unpublish backend <backend>             : mark backend as unavailable for traffic", Scope::Worker, Level::Operator, Some(backends::unpublish)),
    command("update ssl ocsp-response", "update ssl ocsp-response <certfile>     : send ocsp request and update stored ocsp response", Scope::Worker, Level::Admin, Some(tls::ocsp::update)),
    command("user", "user                                    : lower the level of the current CLI session to user", Scope::Both, Level::User, Some(own::user)),
    command("wait", "wait {-h|<delay_ms>} cond [args...]     : wait the specified delay or condition (-h to see list)", Scope::Worker, Level::User, Some(wait::wait)),
];
