//! Commands for real, and logs that others left.

use super::*;

/// A log service that takes everything.
#[derive(Debug, Default)]
struct Taker(Mutex<Vec<String>>);

impl LogSink for Taker {
    fn ensure<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        _: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        self.0.lock().unwrap().push(stream.to_owned());
        Box::pin(async { Ok(PutOutcome::default()) })
    }

    fn arrived<'a>(
        &'a self,
        _: &'a str,
        _: RangeInclusive<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        Box::pin(async { Ok(BTreeSet::new()) })
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_run_that_nobody_can_ship_does_not_keep_others_waiting() {
    let world = World::new().await;
    let (gone, ours) = (world.run(diamond()).await, world.run(diamond()).await);
    world.outcome(&gone).await;
    world.outcome(&ours).await;
    let taker = Arc::new(Taker::default());
    let sink_of =
        |run: &RunRecord| (run.id == ours).then(|| Arc::clone(&taker) as Arc<dyn LogSink>);
    assert_eq!(world.engine.ship_leftovers(&sink_of, 1).await.unwrap(), 0);
    // Streams are shipped side by side: which comes first is nobody's promise.
    let mut taken = taker.0.lock().unwrap().clone();
    taken.sort();
    assert_eq!(taken, ["a", "b", "c", "d"].map(|stage| format!("prod/p/{ours}/{stage}")));
    let keeper = world.engine.logs.keeper().unwrap();
    assert_eq!(world.engine.store.runs_with_unsent_logs(&keeper, 9).await.unwrap(), [gone]);
}

async fn real_time() -> World {
    let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    World::with_time(&clock, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn commands_run_in_the_checkout_and_leave_files_with_digests() {
    let world = real_time().await;
    let make = "echo \"$RELEVO_BRANCH\"; cat data.csv; tr a-z A-Z < data.csv > upper.csv";
    let run = world
        .run(vec![
            Stage { outputs: vec!["upper.csv".into()], ..script("make", &[], make) },
            script("use", &["make"], "cat upper.csv >&2"),
        ])
        .await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.log(&run, "make"), ["main; $(exit 9)", "a,b"]);
    assert_eq!(world.log(&run, "use"), ["A,B"], "stages share the folder");
    let sha256 = relevo::ids::Digest::of("A,B\n");
    let files = json!({ "files": { "upper.csv": { "sha256": sha256, "bytes": 4 } } });
    assert_eq!(world.standing(&run, "make").await, Standing::Succeeded(files));
    assert!(!world.engine.work.join(run.as_str()).exists(), "the checkout goes with the run");
    assert!(!world.repository().join("upper.csv").exists(), "the user's folder is left alone");
}

#[tokio::test]
async fn what_a_command_sent_its_own_way_ends_with_the_run() {
    let world = real_time().await;
    let away = "setsid sleep 600 >/dev/null 2>&1 & echo $!";
    let still = "kill -0 $(cat pid) && echo there";
    let run = world
        .run(vec![
            script("away", &[], &format!("({away}) > pid; cat pid")),
            script("still", &["away"], still),
        ])
        .await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.log(&run, "still"), ["there"], "a later stage may need it");
    let pid = world.log(&run, "away").remove(0);
    // One that is dead and that nobody has reaped has no variables.
    let left = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    assert!(left.is_empty(), "{pid} lives");
}

#[tokio::test]
async fn a_command_that_fails_says_how() {
    let world = real_time().await;
    let missing = Stage { outputs: vec!["none".into()], ..script("missing", &[], "true") };
    let outside = Stage { outputs: vec!["../x".into()], ..script("outside", &[], "touch ../x") };
    let argv = Action::Run(Command::Argv(vec!["no-such-program".into()]));
    let unknown = Stage { action: argv, ..stage("unknown", &[]) };
    let run = world.run(vec![script("code", &[], "exit 3"), missing, outside, unknown]).await;
    world.outcome(&run).await;
    for (stage, expected) in [
        ("code", "the command exited with code 3"),
        ("missing", "the command succeeded but its output 'none' cannot be taken: No such file"),
        ("outside", "the command succeeded but its output '../x' cannot be taken: it is outside"),
        ("unknown", "cannot run the command: no program 'no-such-program' in PATH="),
    ] {
        let Standing::Failed(failure) = world.standing(&run, stage).await else { panic!() };
        assert_eq!(failure.class, FailureClass::UserError);
        assert!(failure.message.starts_with(expected), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_missing_repository_is_the_users_error() {
    let world = real_time().await;
    let run = world.run(vec![script("a", &[], "true")]).await;
    std::fs::remove_dir_all(world.repository().join(Path::new(".git"))).unwrap();
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::UserError };
    assert_eq!(world.outcome(&run).await, expected);
}

#[tokio::test]
async fn a_chain_of_twenty_commands_is_stored_step_by_step() {
    let world = real_time().await;
    let argv = Action::Run(Command::Argv(vec!["true".into()]));
    let names: Vec<String> = (0..20).map(|number| format!("s{number}")).collect();
    let stages = (0..20).map(|index: usize| {
        let needs: Vec<&str> =
            index.checked_sub(1).map(|i| names[i].as_str()).into_iter().collect();
        Stage { action: argv.clone(), ..stage(&names[index], &needs) }
    });
    let run = world.run(stages.collect()).await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    let events = world.engine.store.events(&run).await.unwrap();
    assert_eq!(events.len(), 1 + 2 * 20 + 1);
    let took = events[41].at.duration_since(events[0].at);
    println!("twenty commands in a chain took {took:#}");
}
