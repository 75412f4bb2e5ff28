//! Stages that run as Processing jobs: what they see and leave, how they end, and that a crash makes no second job.

use crate::{
    cli::{
        stages::{messages, with_stages},
        stopping::Watched,
    },
    cloud::PROD,
    world::{Fate, Told, World},
};
use relevo::flow::Outcome;
use serde_json::Value;
use std::collections::BTreeSet;

const LOGS: &str = "/aws/sagemaker/ProcessingJobs";

fn run(world: &World) -> Told {
    world.agent(&["run", "--branch", "main"])
}

/// The jobs that were made in prod, as they are kept.
fn jobs(world: &World) -> Vec<Value> {
    world.cloud().bodies(PROD, "job")
}

#[test]
fn a_stage_runs_as_a_job_and_brings_back_its_lines_and_files() {
    let world = with_stages(
        "  make: { run: \"mkdir made; echo 42 >made/in.csv\", outputs: [made/in.csv] }
  check:
    run: |
      cat made/in.csv
      echo \"$COLOUR on $RELEVO_BRANCH\" >&2
      pwd
      test -f pipeline.yaml && ! test -e .git && ! test -e templates
      mkdir -p out && cp made/in.csv \"out/it's.csv\"
    env: { COLOUR: \"it's $blue\" }
    outputs: [\"out/it's.csv\"]
    runs-on: { sagemaker: { instance: ml.t3.medium, files: [made, pipeline.yaml] } }
    needs: [make]
  use: { run: [cat, \"out/it's.csv\"], needs: [check] }
",
    );
    run(&world).done();
    let said = messages(&world, "check");
    let own = |line: &&String| !line.contains("Processing job") && !line.contains("KB of files");
    let lines: BTreeSet<&String> = said.iter().filter(own).collect();
    // what comes out of two pipes is in no order
    assert!(
        lines.into_iter().eq(["/opt/ml/processing/work", "42", "it's $blue on main"]),
        "{said:?}"
    );
    assert_eq!(messages(&world, "use"), ["42"]);

    let jobs = jobs(&world);
    let [job] = jobs.as_slice() else { panic!("{jobs:#?}") };
    let name = job["name"].as_str().unwrap();
    assert!(name.starts_with("relevo-mammography-") && name.contains("-check-"), "{name}");
    let arguments = &job["arguments"];
    assert_eq!(
        arguments["RoleArn"],
        "arn:aws:iam::222222222222:role/service-role/AmazonSageMaker-ExecutionRole"
    );
    let cluster = &arguments["ProcessingResources"]["ClusterConfig"];
    assert_eq!(cluster["InstanceType"], "ml.t3.medium");
    assert!(cluster["VolumeKmsKeyId"].as_str().unwrap().contains(":key/"), "{cluster}");
    assert_eq!(arguments["StoppingCondition"]["MaxRuntimeInSeconds"], 3600);
    assert_eq!(arguments["Environment"]["COLOUR"], "it's $blue");
    let keys = world.cloud().keys("sagemaker-prod-bucket");
    let left = format!("mammography-severity-model/stages/outputs/{name}/out/it's.csv");
    assert!(keys.contains(&left), "{keys:?}");
}

#[test]
fn a_command_that_fails_in_its_job_tells_its_code_and_nothing_it_wrote() {
    let world = with_stages(
        "  check: { run: \"echo row 61; printf 'row 61' >../../output/message; exit 7\", runs-on: sagemaker }
  leaves: { run: [\"true\"], outputs: [none.csv], runs-on: sagemaker, needs: [check], on: always }
",
    );
    let told = run(&world).exits(1);
    told.says("failed: the command exited with code 7\n").says("agent logs --stage check");
    told.says("the command succeeded but left no file none.csv").says("failed in check");
    assert!(messages(&world, "check").contains(&"row 61".to_owned()));
    let shown = world.agent(&["show", "--json"]);
    assert!(!format!("{}{}", shown.stdout, shown.stderr).contains("row 61"), "{}", shown.stdout);
}

#[test]
fn no_secret_reaches_a_job_and_none_its_lines() {
    const SECRET: &str = "hunter2-hunter2-hunter2";
    let world = with_stages(&format!(
        "  prints: {{ run: \"printf half-; printf hunter2-; printf hunter2-hunter2; echo\", runs-on: sagemaker }}
  holds: {{ run: [\"true\"], env: {{ TOKEN: {SECRET} }}, runs-on: sagemaker }}
  says: {{ run: [echo, {SECRET}], runs-on: sagemaker }}
"
    ));
    let mut agent = world.command(&["run", "--branch", "main"]);
    let told = Told::of(&agent.env("CLINIC_TOKEN", SECRET).output().unwrap()).exits(1);
    told.says("half-***").says("the variable 'TOKEN' holds a secret");
    told.says("the command holds a secret");
    assert!(!format!("{}{}", told.stdout, told.stderr).contains(SECRET));
    let jobs = jobs(&world);
    assert_eq!(jobs.len(), 1, "{jobs:#?}");
    assert!(!messages(&world, "prints").concat().contains(SECRET));
}

#[test]
fn ctrl_c_stops_the_job() {
    let world = with_stages(
        "  wait: { run: \"exec tail -f /dev/null\", runs-on: sagemaker }\n  after: { run: [\"true\"], needs: [wait] }\n",
    );
    let mut run = Watched::start(&world);
    run.hears("runs as the Processing job");
    run.interrupt();
    run.ends().exits(4).says("stopped, relevo-mammography").says("after: skipped");
    assert_eq!(jobs(&world)[0]["standing"], "Stopped");
}

#[test]
fn a_job_ends_with_its_stages_time() {
    let world = with_stages(
        "  wait: { run: \"exec tail -f /dev/null\", timeout: 400ms, runs-on: sagemaker }\n",
    );
    run(&world).exits(1).says("was not done after 400ms").says("timeout");
    assert_eq!(jobs(&world)[0]["standing"], "Stopped");
}

/// It dies as in a power cut while the job is at work, which nobody ends.
#[test]
fn whoever_goes_on_after_a_crash_finds_the_job() {
    let world = with_stages(
        "  work: { run: \"echo once; test -e $GATE || exec sleep 3600\", env: { GATE: GATE-FILE }, runs-on: sagemaker }\n",
    );
    let gate = world.path(".agent/open");
    world.edit("pipeline.yaml", "GATE-FILE", &gate.display().to_string());
    world.commit("Name the gate");
    let mut run = Watched::start(&world);
    run.hears("runs as the Processing job");
    run.dies();
    std::fs::write(&gate, "").unwrap();
    let told = world.agent(&["resume"]).done();
    told.says("goes on with the Processing job");
    assert_eq!(jobs(&world).len(), 1, "a second job");
    let said = messages(&world, "work");
    assert_eq!(said.iter().filter(|line| *line == "once").count(), 1, "{said:?}");
}

/// The agent dies after each line that it keeps, in turn. Whatever was kept is not kept again, and what was not is.
#[tokio::test]
async fn a_crash_anywhere_makes_no_second_job_and_no_line_twice() {
    let world = with_stages(
        "  work: { run: \"for n in 1 2 3 4 5; do echo line $n; done; echo x >x\", outputs: [x], runs-on: sagemaker }\n",
    );
    for lines in 1..=4 {
        let agent = world.app(&format!(".agent-{lines}")).await;
        agent.promote_until(Fate::after_lines(lines)).await;
        let (run, driven) = agent.promote().await;
        assert_eq!(driven.outcome, Some(Outcome::Succeeded), "after {lines} lines");
        let kept = agent.kept(&run.id).into_values().flatten().collect::<Vec<_>>();
        assert_eq!(of_job(&kept), LINES, "after {lines} lines: {kept:#?}");
        let prod = agent.account(PROD).await;
        let logs = aws_sdk_cloudwatchlogs::Client::new(&prod);
        let streams = logs.describe_log_streams().log_group_name(LOGS).send().await.unwrap();
        assert_eq!(streams.log_streams().len(), 1, "after {lines} lines");
    }
}

const LINES: [&str; 5] = ["line 1", "line 2", "line 3", "line 4", "line 5"];

/// What the job itself has written of these lines.
fn of_job(kept: &[String]) -> Vec<String> {
    let message = |line: &String| {
        serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned()
    };
    kept.iter().map(message).filter(|message| message.starts_with("line ")).collect()
}

/// Whoever goes on keeps logs elsewhere, and does not have what the dead agent kept.
#[tokio::test]
async fn what_a_dead_agent_had_not_read_of_a_job_is_read_by_the_next_elsewhere() {
    let world = with_stages(
        "  work: { run: \"for n in 1 2 3 4 5; do echo line $n; done\", runs-on: sagemaker }\n",
    );
    for lines in 1..=3 {
        let agent = world.app(&format!(".agent-{lines}")).await;
        let run = agent.promote_until(Fate::after_lines(lines)).await.unwrap();
        let there = agent.kept(&run.id).into_values().flatten().collect::<Vec<_>>();
        let folder = agent.app.log_folder().path().to_owned();
        std::fs::rename(&folder, folder.with_extension("elsewhere")).unwrap();
        let (_, driven) = agent.promote().await;
        assert_eq!(driven.outcome, Some(Outcome::Succeeded), "after {lines} lines");
        let here = agent.kept(&run.id).into_values().flatten().collect::<Vec<_>>();
        let said: BTreeSet<String> = of_job(&there).into_iter().chain(of_job(&here)).collect();
        assert!(said.iter().eq(LINES.iter()), "after {lines} lines: {there:#?} {here:#?}");
        if of_job(&there).is_empty() {
            assert_eq!(of_job(&here), LINES, "after {lines} lines");
        }
    }
}
