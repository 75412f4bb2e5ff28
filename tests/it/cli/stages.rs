//! Stages that run commands: what they see, what is said of them, what never stands in a log.

use crate::world::{Told, World};
use std::{collections::BTreeSet, fmt::Write as _};

const ENVIRONMENTS: &str = "environments:
  dev:  { branch: develop }
  prod: { branch: main, after: dev }
";

/// The example with other stages, committed.
pub(crate) fn with_stages(stages: &str) -> World {
    let world = World::new();
    has_stages(&world, stages);
    world
}

pub(crate) fn has_stages(world: &World, stages: &str) {
    let text = format!("version: 1\nname: commands\n{ENVIRONMENTS}stages:\n{stages}");
    world.write("pipeline.yaml", &text);
    world.commit("Other stages");
}

fn run(world: &World) -> Told {
    world.agent(&["run", "--branch", "main"])
}

/// The messages of a stage in the newest run.
pub(crate) fn messages(world: &World, stage: &str) -> Vec<String> {
    let told = world.agent(&["logs", "--stage", stage, "--json"]).done();
    let message = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["message"].as_str().unwrap().to_owned()
    };
    told.stdout.lines().map(message).collect()
}

#[test]
fn twenty_commands_run_one_after_another() {
    let mut stages = String::from("  s1: { run: [\"true\"] }\n");
    for number in 2..=20 {
        writeln!(stages, "  s{number}: {{ run: [\"true\"], needs: [s{}] }}", number - 1).unwrap();
    }
    let told = run(&with_stages(&stages)).done();
    let ends: Vec<&str> = told.stderr.lines().filter(|line| line.contains(": done in")).collect();
    assert_eq!(ends.len(), 20, "{}", told.stderr);
    assert!(ends.iter().zip(1..).all(|(line, number)| line.starts_with(&format!("s{number}:"))));
}

#[test]
fn a_command_that_fails_is_a_failure_and_stops_what_needs_it() {
    let world = with_stages(
        "  test: { run: [sh, -c, \"echo broken >&2; exit 7\"] }\n  ship: { run: [\"true\"], needs: [test] }\n",
    );
    let told = run(&world).exits(1);
    told.says("the command exited with code 7").says("test | broken").says("failed in test");
    told.says("ship: skipped: 'test' did not succeed").says("agent logs");
    world.agent(&["runs"]).done().says("failed in test");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let world = with_stages("  test: { run: [no-such-program-here] }\n");
    run(&world).exits(1).says("no-such-program-here").says("PATH");
}

#[test]
fn a_command_killed_by_a_signal_says_so() {
    let world = with_stages("  test: { run: [sh, -c, \"kill -9 $$\"] }\n");
    run(&world).exits(1).says("killed by signal 9");
}

#[test]
fn commands_see_the_commit_and_nothing_of_the_checkout() {
    let world = with_stages(
        "  look: { run: \"test -f pipeline.yaml && ! test -e note.txt && git --version >/dev/null && pwd\" }\n",
    );
    world.write("note.txt", "not committed");
    run(&world).done();
    let folder = messages(&world, "look").join("");
    assert!(folder.contains("/.agent/work/"), "{folder}");
    assert!(!std::path::Path::new(&folder).exists(), "left behind: {folder}");
}

#[test]
fn a_commands_environment_is_cleared() {
    let world = with_stages("  look: { run: [env], env: { COLOUR: blue } }\n");
    let mut agent = world.command(&["run", "--branch", "main"]);
    agent.env("AWS_PROFILE", "clinic").env("LD_LIBRARY_PATH", "/tmp").env("RUST_LOG", "trace");
    assert!(agent.output().unwrap().status.success());
    let seen = messages(&world, "look");
    let names: BTreeSet<&str> = seen.iter().map(|line| line.split_once('=').unwrap().0).collect();
    for name in ["COLOUR", "CI", "PATH", "RELEVO_BRANCH", "RELEVO_COMMIT", "RELEVO_STAGE"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    let inherited = ["PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];
    let own = ["COLOUR", "CI", "HOME", "TMPDIR", "AWS_EC2_METADATA_DISABLED", "TRACEPARENT"];
    for name in names {
        let known = name.starts_with("RELEVO_") || inherited.contains(&name) || own.contains(&name);
        assert!(known, "{name} leaks into commands");
    }
}

#[test]
fn secrets_of_the_environment_are_masked_everywhere() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    let world = with_stages(&format!(
        "  leak: {{ run: [sh, -c, \"echo token {SECRET}; echo '{{\\\"a\\\":\\\"{SECRET}\\\"}}' >&2; printf half-; printf hunter2-; printf hunter2-hunter2\"] }}\n"
    ));
    for format in [&["run", "--branch", "main"] as &[&str], &["run", "--branch", "main", "--json"]]
    {
        let output = world.command(format).env("CLINIC_TOKEN", SECRET).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8_lossy(&all);
        assert!(!all.contains(SECRET), "{all}");
        assert!(all.contains("token ***") && all.contains("half-***"), "{all}");
    }
    let kept = messages(&world, "leak").join("\n");
    assert!(!kept.contains(SECRET) && kept.contains("token ***"), "{kept}");
    let runs = world.agent(&["runs", "--json"]).done().json();
    let shipped = world.cloud().lines(runs[0]["run"].as_str().unwrap());
    assert!(!shipped["leak"].join("").contains(SECRET), "{shipped:?}");
    assert!(shipped["leak"].join("").contains("token ***"), "{shipped:?}");
}

#[test]
fn a_branch_name_reaches_a_command_only_as_data() {
    const BRANCH: &str = "a;touch${IFS}pwned&&$(touch${IFS}pwned)`id`|'x";
    let world = World::new();
    let text = format!(
        "version: 1\nname: commands\nenvironments:\n  dev:  {{ branch: develop }}\n  prod: {{ branch: \"{BRANCH}\", after: dev }}\nstages:\n  tell:\n    run: |\n      echo \"branch=$RELEVO_BRANCH\"\n      test ! -e pwned\n"
    );
    world.write("pipeline.yaml", &text);
    world.commit("A strange branch");
    world.git(&["branch", BRANCH]);
    world.agent(&["run", "--branch", BRANCH]).done();
    assert_eq!(messages(&world, "tell"), [format!("branch={BRANCH}")]);
    assert!(!world.path("pwned").exists());
    world.agent(&["runs"]).done().says(BRANCH);
}

#[test]
fn what_a_stage_may_ask_decides_whether_it_runs() {
    let world = with_stages(
        "  here: { run: [\"true\"], when: environment == \"prod\" }\n  there: { run: [\"false\"], when: branch == \"develop\" }\n",
    );
    run(&world).done().says("here: done").says("there: skipped");
}

#[test]
fn a_stage_called_for_by_failure_runs_after_one() {
    let world = with_stages(
        "  work: { run: [\"false\"] }\n  mend: { run: [echo, mending], needs: [work], on: failure }\n  sweep: { run: [echo, sweeping], needs: [work, mend], on: always }\n",
    );
    run(&world).exits(1).says("mend | mending").says("sweep | sweeping").says("failed in work");
}
