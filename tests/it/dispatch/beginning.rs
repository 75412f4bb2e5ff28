//! Beginning at a stage: what the run takes over, what it runs, and what it never begins.

use super::*;
use relevo::{
    flow::{Effect, Ending, Failure, RunState, SkipReason, next},
    spec::{FailureClass, GatePolicy, Metric},
};

fn command() -> Action {
    Action::Run(Command::Argv(vec!["true".into()]))
}

fn gate() -> Action {
    Action::Uses(BuiltIn::Gate(GatePolicy {
        metric: Metric::Auc,
        at_least: 0.8,
        not_worse_than_baseline_by: 0.0,
    }))
}

fn of(stages: Vec<Stage>) -> Pipeline {
    Pipeline { stages, ..pipeline(Supersede::Every, false) }
}

/// Two gates, a deployment that people are asked about, and beside it `docs`.
fn deployment() -> Vec<Stage> {
    vec![
        stage("gate", &[], gate()),
        stage("strict", &["gate"], gate()),
        stage("docs", &["strict"], command()),
        stage("plan", &["strict"], Action::Uses(BuiltIn::Plan)),
        stage("approve", &["plan"], Action::Uses(BuiltIn::Approve)),
        stage("deploy", &["approve"], Action::Uses(BuiltIn::DeployPipelines)),
        stage("schedule", &["deploy"], Action::Uses(BuiltIn::ScheduleRules)),
    ]
}

const DEPLOYED: [&str; 7] = ["gate", "strict", "docs", "plan", "approve", "deploy", "schedule"];

/// What a run says in which these went well and that ended in another way than well.
fn after(stages: &[&str], then: Vec<Event>) -> Vec<Event> {
    let mut events = succeeded(stages);
    let end = events.pop();
    events.extend(then);
    events.extend(end);
    events
}

fn failed(stage: &str) -> Vec<Event> {
    let (stage, attempt): (relevo::ids::StageName, _) = (stage.parse().unwrap(), Attempt::FIRST);
    let failure = Failure::new(FailureClass::CloudError, "no");
    vec![
        Event::StageStarted { stage: stage.clone(), attempt },
        Event::StageFailed { stage, attempt, failure },
    ]
}

fn skipped(stage: &str, reason: SkipReason) -> Event {
    Event::StageSkipped { stage: stage.parse().unwrap(), reason }
}

fn behind(need: &str, ending: Ending) -> SkipReason {
    SkipReason::NeedNotMet { need: need.parse().unwrap(), ending }
}

impl World {
    /// A run of the one commit whose course this is, and that has kept this evidence.
    async fn ran(&self, pipeline: &Pipeline, course: &[Event], evidence: &[&str]) -> RunId {
        let run = self.run(1, pipeline.clone()).await;
        let lease = self.store.acquire(&run).await.unwrap();
        for name in evidence {
            self.store.keep_evidence(&lease, name, &json!({ "of": run })).await.unwrap();
        }
        self.store.append(&lease, 1, course).await.unwrap();
        self.store.release(&lease).await.unwrap();
        run
    }

    async fn from(&self, run: &RunId, stage: &str) -> Result<RunId, DeskError> {
        let made = self.desk.retry_from(&person("ada"), run, &stage.parse().unwrap()).await;
        made.map(|run| run.id)
    }

    /// The stages that a run begins where all goes well and every `when` holds.
    async fn begins(&self, run: &RunId) -> Vec<String> {
        let pipeline = self.store.run(run).await.unwrap().pipeline;
        let events = self.store.events(run).await.unwrap();
        let mut state = RunState::of(&pipeline, events.iter().map(|stored| &stored.event)).unwrap();
        let mut begun = Vec::new();
        loop {
            for effect in next(&state, &pipeline, &|_| true) {
                state.apply(&effect.clone().event(self.clock.now())).unwrap();
                match effect {
                    Effect::Start { stage, attempt, .. } => {
                        begun.push(stage.to_string());
                        let outputs = json!({});
                        state.apply(&Event::StageSucceeded { stage, attempt, outputs }).unwrap();
                    }
                    Effect::Skip { .. } => {}
                    Effect::Finish(_) => return begun,
                    Effect::CallOff { .. } | Effect::Retry { .. } => panic!("{effect:?}"),
                }
            }
        }
    }
}

/// The stage that has not succeeded, for which it was refused.
fn unfinished(refused: Result<RunId, DeskError>) -> String {
    match refused {
        Err(DeskError::NeverSucceeded { stage }) => stage.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_deployment_that_failed_is_not_done_along_with_another_stage() {
    let world = World::new().await;
    let mut course = failed("deploy");
    course.push(skipped("schedule", behind("deploy", Ending::Errored)));
    let run = world.ran(&of(deployment()), &after(&DEPLOYED[..5], course), &[]).await;
    assert_eq!(unfinished(world.from(&run, "docs").await), "deploy");
    let run = world.from(&run, "deploy").await.unwrap();
    assert_eq!(world.begins(&run).await, ["approve", "deploy", "schedule"]);
}

#[tokio::test]
async fn a_stage_beside_the_deployment_runs_alone() {
    let world = World::new().await;
    let kept = ["gate-verdict", "plan", "approval"];
    let run = world.ran(&of(deployment()), &succeeded(&DEPLOYED), &kept).await;
    let again = world.from(&run, "docs").await.unwrap();
    assert_eq!(world.begins(&again).await, ["docs"]);
    let evidence = world.store.all_evidence(&again).await.unwrap();
    let of_run = |name: &str| (name.to_owned(), json!({ "of": run }));
    assert_eq!(evidence, [of_run("gate-verdict"), of_run("plan")], "what was asked is not");
}

#[tokio::test]
async fn people_are_asked_again_before_whatever_runs_behind_their_approval() {
    let world = World::new().await;
    let mut stages = deployment();
    stages.extend([
        stage("publish", &["docs", "deploy"], command()),
        stage("ask", &["gate"], Action::Uses(BuiltIn::Approve)),
        stage("announce", &["schedule", "ask"], command()),
        stage("rest", &["gate"], command()),
    ]);
    let all: Vec<&str> =
        DEPLOYED.into_iter().chain(["publish", "ask", "announce", "rest"]).collect();
    let run = world.ran(&of(stages), &succeeded(&all), &[]).await;
    let run = world.from(&run, "docs").await.unwrap();
    let begun = world.begins(&run).await;
    let place = |stage: &str| begun.iter().position(|begun| begun == stage).unwrap();
    assert!(place("approve") < place("deploy") && place("deploy") < place("publish"), "{begun:?}");
    assert!(place("ask") < place("announce"), "behind both questions: {begun:?}");
    assert_eq!(begun.len(), 7, "{begun:?}");
}

/// `side` does not run, `last` needs it, and `report` runs behind that in any case.
fn aside() -> Pipeline {
    let report = stage("report", &["last"], command());
    of(vec![
        stage("side", &[], command()),
        stage("last", &["side"], command()),
        Stage { on: On::Always, ..report },
        stage("docs", &[], command()),
    ])
}

fn left_aside() -> Vec<Event> {
    let skips = vec![
        skipped("side", SkipReason::ConditionFalse),
        skipped("last", behind("side", Ending::Skipped)),
    ];
    after(&["report", "docs"], skips)
}

#[tokio::test]
async fn what_was_not_meant_to_run_hinders_nothing_and_does_not_run() {
    let world = World::new().await;
    let run = world.ran(&aside(), &left_aside(), &[]).await;
    for stage in ["report", "docs"] {
        let again = world.from(&run, stage).await.unwrap();
        assert_eq!(world.begins(&again).await, [stage]);
    }
}

#[tokio::test]
async fn the_newest_word_counts_on_a_stage_that_never_succeeded() {
    let world = World::new().await;
    let run = world.ran(&aside(), &left_aside(), &[]).await;
    let mut broken = failed("side");
    broken.push(skipped("last", behind("side", Ending::Errored)));
    let meant = world.ran(&aside(), &after(&["report", "docs"], broken), &[]).await;
    assert_eq!(unfinished(world.from(&run, "docs").await), "side");
    world.ran(&aside(), &left_aside(), &[]).await;
    let again = world.from(&meant, "docs").await.unwrap();
    assert_eq!(world.begins(&again).await, ["docs"]);
}

/// Earlier versions named the run that had taken it over last, and copied no evidence.
#[tokio::test]
async fn what_is_taken_over_again_comes_from_the_run_it_succeeded_in() {
    let world = World::new().await;
    let stages = vec![
        stage("plan", &[], Action::Uses(BuiltIn::Plan)),
        stage("deploy", &["plan"], Action::Uses(BuiltIn::DeployPipelines)),
    ];
    let pipeline = of(stages);
    let first = world.ran(&pipeline, &succeeded(&["plan", "deploy"]), &["plan"]).await;
    let plan = |from: &RunId| Event::StageReused {
        stage: "plan".parse().unwrap(),
        from: from.clone(),
        outputs: json!({ "by": "plan" }),
    };
    let mut last = first.clone();
    for _ in 0..2 {
        let course = [vec![plan(&last)], succeeded(&["deploy"])].concat();
        last = world.ran(&pipeline, &course, &[]).await;
    }
    for _ in 0..2 {
        last = world.from(&last, "deploy").await.unwrap();
        assert_eq!(world.store.events(&last).await.unwrap()[1].event, plan(&first));
        let kept = world.store.evidence(&last, "plan").await.unwrap();
        assert_eq!(kept, Some(json!({ "of": first })));
        let lease = world.store.acquire(&last).await.unwrap();
        world.store.append(&lease, 2, &succeeded(&["deploy"])).await.unwrap();
        world.store.release(&lease).await.unwrap();
    }
}
