//! Lines as HAProxy 2.8 sent them to syslog.

use super::*;
use crate::status::CheckStatus;

const fn subject<'a>(backend: &'a str, server: &'a str) -> Subject<'a> {
    Subject { backend, server, backup: false }
}

fn outcome(status: CheckStatus, code: Option<u16>, info: &str, duration_ms: u64) -> Outcome {
    Outcome { status, code, info: info.into(), duration_ms }
}

#[test]
fn health_check_lines() {
    let wrong = outcome(CheckStatus::L7Status, Some(500), "Oops", 1);
    assert_eq!(
        health_check(subject("v", "s1"), &wrong, &Health { rise: 3, fall: 3, value: 3 }, false).text,
        "Health check for server v/s1 failed, reason: Layer7 wrong status, code: 500, info: \"Oops\", \
         check duration: 1ms, status: 1/3 UP."
    );
    let good = outcome(CheckStatus::L7Ok, Some(200), "", 1);
    let backup = Subject { backup: true, ..subject("v", "bk") };
    assert_eq!(
        health_check(backup, &good, &Health { rise: 3, fall: 3, value: 5 }, false).text,
        "Health check for backup server v/bk succeeded, reason: Layer7 check passed, code: 200, \
         check duration: 1ms, status: 3/3 UP."
    );
    let not_found = outcome(CheckStatus::L7OkConditional, Some(404), "", 3);
    assert_eq!(
        health_check(subject("v", "s1"), &not_found, &Health { rise: 3, fall: 3, value: 5 }, false).text,
        "Health check for server v/s1 conditionally succeeded, reason: Layer7 check conditionally passed, \
         code: 404, check duration: 3ms, status: 3/3 UP."
    );
}

#[test]
fn going_down_and_up() {
    let wrong = outcome(CheckStatus::L7Status, Some(500), "Oops", 4);
    let left = Remaining { active: 1, backup: 1, ..Remaining::default() };
    let down = transition(
        subject("q", "s1"),
        Transition::Down,
        Some(Cause::Check { outcome: &wrong, logged: false }),
        left,
    );
    assert_eq!(down.level, Level::Alert);
    assert_eq!(
        down.text,
        "Server q/s1 is DOWN, reason: Layer7 wrong status, code: 500, info: \"Oops\", check duration: 4ms. \
         1 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
    );
    let logged = Some(Cause::Check { outcome: &wrong, logged: true });
    assert_eq!(
        transition(subject("v", "s2"), Transition::Down, logged, Remaining { active: 0, ..left }).text,
        "Server v/s2 is DOWN. 0 active and 1 backup servers left. Running on backup. 0 sessions active, \
         0 requeued, 0 remaining in queue."
    );
    let good = outcome(CheckStatus::L7Ok, Some(200), "", 0);
    let up = Some(Cause::Check { outcome: &good, logged: false });
    let backup = Subject { backup: true, ..subject("q", "bk") };
    assert_eq!(
        transition(backup, Transition::Up, up, Remaining { active: 0, ..left }),
        Line {
            level: Level::Notice,
            text: "Backup Server q/bk is UP, reason: Layer7 check passed, code: 200, check duration: 0ms. \
                   0 active and 1 backup servers online. Running on backup. 0 sessions requeued, 0 total in queue."
                .into(),
            mail: Some(Level::Notice),
        }
    );
    assert_eq!(no_server("tr").text, "backend tr has no server available!");
}

#[test]
fn orders_from_the_command_line_and_tracking() {
    let none = Remaining::default();
    let both = Remaining { active: 1, backup: 1, ..none };
    let backup_only = Remaining { backup: 1, ..none };
    let s1 = subject("q", "s1");
    let t1 = subject("tr", "t1");
    let tracked = Some(Cause::Tracked("q/s1"));
    let lines = [
        (s1, Transition::Maintenance, None, backup_only),
        (t1, Transition::Maintenance, tracked, none),
        (s1, Transition::LeavesMaintenance, None, both),
        (t1, Transition::LeavesMaintenance, tracked, both),
        (s1, Transition::Drain, None, backup_only),
        (t1, Transition::Drain, tracked, none),
        (s1, Transition::LeavesDrain, None, both),
        (t1, Transition::LeavesDrain, tracked, both),
        (s1, Transition::Down, Some(Cause::Cli), backup_only),
        (s1, Transition::Up, Some(Cause::Cli), both),
        (t1, Transition::Down, tracked, none),
        (s1, Transition::MaintenanceWhileDown, None, both),
        (s1, Transition::LeavesMaintenanceToDrain, None, both),
        (s1, Transition::RemainsInDrain, None, both),
        (s1, Transition::DrainWhileDown, None, both),
        (s1, Transition::LeavesDrainDown, None, both),
        (s1, Transition::Stopping, None, backup_only),
    ];
    let text: Vec<String> =
        lines.into_iter().map(|(who, what, cause, left)| transition(who, what, cause, left).text).collect();
    assert_eq!(
        text,
        [
            "Server q/s1 is going DOWN for maintenance. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "Server tr/t1 is going DOWN for maintenance via q/s1. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "Server q/s1 is UP/READY (leaving forced maintenance).",
            "Server tr/t1 is UP/READY (leaving maintenance).",
            "Server q/s1 enters drain state. 0 active and 1 backup servers online. Running on backup. 0 sessions requeued, 0 total in queue.",
            "Server tr/t1 enters drain state via q/s1. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
            "Server q/s1 is UP (leaving forced drain).",
            "Server tr/t1 is UP (leaving drain) via q/s1.",
            "Server q/s1 is DOWN, changed from CLI. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "Server q/s1 is UP, changed from CLI. 1 active and 1 backup servers online. 0 sessions requeued, 0 total in queue.",
            "Server tr/t1 is DOWN via q/s1. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "Server q/s1 was DOWN and now enters maintenance.",
            "Server q/s1 is UP/DRAIN (leaving forced maintenance).",
            "Server q/s1 remains in forced drain mode.",
            "Server q/s1 enters drain state. 1 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
            "Server q/s1 is DOWN (leaving forced drain).",
            "Server q/s1 is stopping. 0 active and 1 backup servers online. Running on backup. 0 sessions requeued, 0 total in queue.",
        ]
    );
}
