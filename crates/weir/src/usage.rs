//! The help page, and refusals before anything is read.

use weir_master::report::line;
use weir_types::Level;
use weir_types::terminal::{print, report};

use crate::version;

const USAGE: &str = "\
[-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
        -v displays version ; -vv shows known build options.
        -d enters debug mode ; -db only disables background mode.
        -dM[<byte>,help,...] accepted without effect
        -V enters verbose mode (disables quiet mode)
        -D goes daemon ; -C changes to <dir> before loading files.
        -W master-worker mode.
        -Ws master-worker mode with systemd notify support.
        -q quiet mode : don't display messages
        -c check mode : only check config files and exit
        -cc check condition : evaluate a condition and exit
        -n sets the maximum total # of connections (uses ulimit -n)
        -m limits the usable amount of memory (in MB)
        -N sets the default, per-proxy maximum # of connections (0)
        -L set local peer name (default to hostname)
        -p writes pids of all children to this file
        -de, -dp, -dS, -dG, -dF, -dI, -dT, -dZ, -dc, -dk, -dv accepted without effect
        -dR disables SO_REUSEPORT usage
        -dL dumps loaded object files after config checks
        -dK{class[,...]} dump registered keywords (use 'help' for list)
        -dr ignores server address resolution failures
        -dV disables SSL verify on servers side
        -dW fails if any warning is emitted
        -dD diagnostic mode : warn about suspicious configuration statements
        -sf/-st [pid ]* finishes/terminates old pids.
        -x <unix_socket> get listening sockets from a unix socket
        -S <bind>[,<bind options>...] new master CLI
";

/// Shows version and usage; the exit status.
pub fn refuse(name: &str) -> i32 {
    print(version::short());
    report(format_args!("Usage : {name} {USAGE}\n"));
    1
}

/// One alert, introduced as HAProxy introduces itself; the exit status.
pub fn alert(text: &str) -> i32 {
    let pid = std::process::id();
    let path = std::env::current_exe().unwrap_or_default();
    report(line(Level::Notice, pid, &format!("haproxy version is {}", version::FULL)));
    report(line(Level::Notice, pid, &format!("path to executable is {}", path.display())));
    report(line(Level::Alert, pid, text));
    1
}
