//! Deploy windows: what the default branch says now holds for a run that waits, whenever it was made.

use super::Setup;
use serde_json::Value;

const FILE: &str = "environments/prod.yaml";
const CLOSED: &str = "windows: { time_zone: UTC, deny: [{ from: 2020-01-01, to: 2100-01-01 }] }\n";

/// Comes back once the run of a commit waits for this.
fn waits_for(setup: &Setup, commit: &str, what: &str) {
    setup.until(what, || {
        let of_commit = |run: &Value| run["commit"] == commit;
        let run = setup.runs().into_iter().find(of_commit)?;
        (run["standing"]["why"]["for"] == what).then_some(())
    });
}

#[test]
fn windows_are_closed_and_opened_for_runs_that_wait() {
    let setup = Setup::new();
    let first = setup.push_stages("  say: { run: [\"true\"] }\n");
    // Before the agent looks for pushes by itself.
    setup.agent(&["lock", "prod", "--reason", "migration"]).done();
    let server = setup.start();
    assert_eq!(server.deliver_push("window-1", "main", &first).0, 202);
    waits_for(&setup, &first, "lock");

    let open = setup.world.read(FILE);
    let second = setup.push_change(FILE, &format!("{open}{CLOSED}"), "Freeze");
    assert_eq!(server.deliver_push("window-2", "main", &second).0, 202);
    waits_for(&setup, &second, "run");
    setup.agent(&["unlock", "prod"]).done();
    waits_for(&setup, &first, "window");

    let third = setup.push_change(FILE, &open, "Thaw");
    assert_eq!(server.deliver_push("window-3", "main", &third).0, 202);
    for commit in [&first, &second, &third] {
        assert_eq!(setup.ended(commit, "prod")["outcome"]["outcome"], "succeeded");
    }
}
