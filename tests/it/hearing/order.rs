//! Pushes that are told of late, and branches that are moved back.

use super::*;
use relevo::{
    flow,
    store::{Ask, Facts, NewRun, Reused},
};

/// The run ends well.
async fn over(ears: &Ears, run: &RunRecord) {
    let lease = ears.hearing.store.acquire(&run.id).await.unwrap();
    let end = [Event::RunFinished { outcome: Outcome::Succeeded }];
    ears.hearing.store.append(&lease, 1, &end).await.unwrap();
    ears.hearing.store.release(&lease).await.unwrap();
}

/// A push that is told of, and what it came to.
async fn heard(ears: &Ears, id: &str, (branch, commit): (&str, &str)) -> RunRecord {
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.keep_push(id, branch, commit).await;
    ears.judge().await;
    ears.run(id).await
}

/// What is to run of another commit, or again, with all else as in `run`.
fn like(run: RunRecord, facts: Facts) -> NewRun {
    NewRun {
        repository: run.repository,
        reference: run.reference,
        commit: run.commit,
        environment: run.environment,
        facts,
        pipeline: run.pipeline,
        reused: Reused::default(),
    }
}

#[tokio::test]
async fn what_a_branch_is_moved_back_to_is_run_anew_once() {
    let ears = Ears::new().await;
    let heard = async |id: &str, commit: &str| heard(&ears, id, ("main", commit)).await;
    let over = async |run: RunRecord| over(&ears, &run).await;
    let first = ears.tip("main");
    over(heard("first", &first).await).await;
    ears.world.write("2.txt", "x");
    let second = ears.world.commit("Second");
    over(heard("second", &second).await).await;
    ears.world.git(&["reset", "--quiet", "--hard", &first]);
    let again = heard("moved", &first).await;
    assert_eq!((again.ask, again.outcome.clone()), (1, None));
    over(again).await;
    assert_eq!(heard("told-again", &first).await.ask, 1);
    // Forward to what it was moved back from: as much of a move as that was.
    ears.world.git(&["reset", "--quiet", "--hard", &second]);
    let again = heard("forward", &second).await;
    assert_eq!((again.ask, again.outcome.clone()), (1, None));
    over(again).await;
    assert_eq!(heard("forward-again", &second).await.ask, 1);
    // And whoever only looks sees it as well, once, even if it has never looked before.
    ears.world.git(&["reset", "--quiet", "--hard", &first]);
    ears.agent.clock.advance(Duration::from_secs(1));
    assert_eq!(found(&ears.look(None).await), 2, "and develop, which nothing told of");
    ears.judge().await;
    assert_eq!(found(&ears.look(None).await), 0);
    let again = ears.newest("main").await;
    assert_eq!((again.commit.as_str(), again.ask), (first.as_str(), 2));
    assert_eq!(again.facts.moved_from.clone().unwrap().as_str(), second);
    over(again).await;
    ears.world.git(&["reset", "--quiet", "--hard", &second]);
    ears.agent.clock.advance(Duration::from_secs(1));
    assert_eq!((found(&ears.look(None).await), ears.judge().await), (1, 1));
    assert_eq!(found(&ears.look(None).await), 0);
}

#[tokio::test]
async fn what_a_branch_is_moved_back_to_while_it_runs_comes_behind_what_was_pushed_meanwhile() {
    let ears = Ears::new().await;
    let first = ears.tip("main");
    ears.keep_push("first", "main", &first).await;
    ears.judge().await;
    let lease = ears.hearing.store.acquire(&ears.run("first").await.id).await.unwrap();
    ears.world.write("2.txt", "x");
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.keep_push("second", "main", &ears.world.commit("Second")).await;
    ears.judge().await;
    ears.world.git(&["reset", "--quiet", "--hard", &first]);
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.keep_push("moved", "main", &first).await;
    ears.judge().await;
    let again = ears.run("moved").await;
    assert_eq!((again.ask, again.facts.moved_from), (1, Some(ears.run("second").await.commit)));
    ears.keep_push("told-again", "main", &first).await;
    ears.judge().await;
    assert_eq!(ears.run("told-again").await.id, again.id);
    ears.hearing.store.release(&lease).await.unwrap();
}

#[tokio::test]
async fn what_somebody_puts_in_the_place_of_a_push_stays_there() {
    let ears = Ears::new().await;
    let commit = |name: &str| {
        ears.world.write(name, "x");
        ears.world.commit(name)
    };
    let (older, tip) = (commit("1.txt"), commit("2.txt"));
    ears.keep_push("older", "main", &older).await;
    ears.judge().await;
    let chosen = ears.run("older").await;
    let (by, facts) = (chosen.id.clone(), chosen.facts.clone());
    let new = NewRun { commit: tip.parse().unwrap(), ..like(chosen, facts) };
    let course = flow::overtaken(&new.pipeline, by.clone(), ears.agent.clock.now()).unwrap();
    ears.hearing.store.create_ended(new, course).await.unwrap();
    ears.keep_push("told-again", "main", &tip).await;
    ears.judge().await;
    let run = ears.run("told-again").await;
    assert_eq!((run.ask, run.outcome), (0, Some(Outcome::Superseded { by })));
}

#[tokio::test]
async fn what_somebody_has_run_again_of_a_commit_that_was_left_stays_there() {
    let ears = Ears::new().await;
    let first = ears.tip("main");
    over(&ears, &heard(&ears, "first", ("main", &first)).await).await;
    ears.world.write("2.txt", "x");
    let second = ears.world.commit("Second");
    over(&ears, &heard(&ears, "second", ("main", &second)).await).await;
    ears.world.git(&["reset", "--quiet", "--hard", &first]);
    let back = heard(&ears, "moved", ("main", &first)).await;
    over(&ears, &back).await;
    let left = ears.run("second").await;
    let facts = left.facts.again("grace");
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.hearing.store.create_or_find(like(left, facts), Ask::Again).await.unwrap();
    assert_eq!(heard(&ears, "told-late", ("main", &first)).await.id, back.id);
    assert_eq!(found(&ears.look(None).await), 1, "develop, which nothing told of");
}

#[tokio::test]
async fn a_branch_that_was_moved_back_while_nothing_could_run_is_not_forgotten() {
    let ears = Ears::new().await;
    let first = ears.tip("develop");
    over(&ears, &heard(&ears, "first", ("develop", &first)).await).await;
    ears.world.git(&["checkout", "--quiet", "develop"]);
    ears.world.write("2.txt", "x");
    let second = ears.world.commit("Second");
    over(&ears, &heard(&ears, "second", ("develop", &second)).await).await;
    ears.world.git(&["reset", "--quiet", "--hard", &first]);
    ears.world.git(&["checkout", "--quiet", "main"]);
    ears.world.edit("environments/dev.yaml", "aws_region", "aws_regoin");
    ears.world.commit("Break it");
    ears.agent.clock.advance(Duration::from_secs(1));
    assert_eq!(found(&ears.look(None).await), 2, "develop and main");
    assert_eq!(ears.judge().await, 0);
    ears.world.edit("environments/dev.yaml", "aws_regoin", "aws_region");
    ears.world.commit("Mend it");
    assert_eq!(found(&ears.look(None).await), 2);
    assert_eq!(ears.judge().await, 2);
    let again = ears.newest("develop").await;
    assert_eq!((again.commit.as_str(), again.ask), (first.as_str(), 1));
    assert_eq!(again.facts.moved_from.unwrap().as_str(), second);
    assert_eq!(found(&ears.look(None).await), 0);
}

#[tokio::test]
async fn what_a_look_has_found_is_tried_for_as_long_as_it_takes() {
    let mut ears = Ears::new().await;
    assert_eq!(found(&ears.look(None).await), 2);
    let elsewhere = ears.world.path("../moved.git").display().to_string();
    let source = std::mem::replace(&mut ears.repository.source, format!("file://{elsewhere}"));
    for _ in 0..60 {
        assert_eq!(ears.judge().await, 0);
        ears.agent.clock.advance(Duration::from_mins(10));
    }
    ears.repository.source = source;
    assert_eq!(ears.judge().await, 2);
}

#[tokio::test]
async fn a_push_that_is_told_of_after_a_later_one_takes_no_environment_back() {
    let ears = Ears::new().await;
    let commit = |name: &str| {
        ears.world.write(name, "x");
        ears.world.commit(name)
    };
    let (first, second, third) = (commit("1.txt"), commit("2.txt"), commit("3.txt"));
    ears.keep_push("third", "main", &third).await;
    assert_eq!(ears.judge().await, 1);
    for (id, late) in [("second", &second), ("first", &first)] {
        ears.agent.clock.advance(Duration::from_secs(1));
        ears.keep_push(id, "main", late).await;
        ears.judge().await;
        let by = ears.run("third").await.id;
        assert_eq!(ears.run(id).await.outcome, Some(Outcome::Superseded { by }), "{id}");
    }
    assert_eq!(ears.run("third").await.outcome, None);
    // Whoever asks for it by name gets it.
    let again = json!({ "action": "rerequested",
        "check_run": { "head_sha": first, "check_suite": { "head_branch": "main" } } });
    ears.agent.clock.advance(Duration::from_secs(1));
    ears.keep("again", "check_run", &again).await;
    ears.judge().await;
    assert_eq!(ears.run("again").await.outcome, None);
    // And what the branch is moved back to is its tip, whether it had no turn or was never told of.
    ears.world.git(&["reset", "--quiet", "--hard", &second]);
    for id in ["moved", "told twice"] {
        let id = id.replace(' ', "-");
        ears.keep_push(&id, "main", &second).await;
        ears.judge().await;
        let run = ears.run(&id).await;
        assert_eq!((run.ask, run.outcome), (1, None), "{id}");
    }
    ears.world.git(&["reset", "--quiet", "--hard", "main~2"]);
    let back = ears.tip("main");
    ears.keep_push("back", "main", &back).await;
    ears.judge().await;
    assert_eq!(ears.run("back").await.outcome, None);
}

#[tokio::test]
async fn where_every_push_has_its_turn_only_what_is_recovered_can_be_too_late() {
    let ears = Ears::new().await;
    let rule = "prod: { branch: main, after: dev";
    ears.world.edit("pipeline.yaml", rule, &format!("{rule}, supersede: every"));
    let first = ears.world.commit("Each in turn");
    ears.world.write("2.txt", "x");
    let second = ears.world.commit("Second");
    ears.world.write("3.txt", "x");
    let third = ears.world.commit("Third");
    ears.keep_push("third", "main", &third).await;
    ears.judge().await;
    ears.keep_push("second", "main", &second).await;
    ears.judge().await;
    assert_eq!(ears.run("second").await.outcome, None);
    let new = NewDelivery {
        id: "first".parse().unwrap(),
        via: Via::Recovery,
        repository: "mammography".to_owned(),
        event: "push".to_owned(),
        body: json!({ "ref": "refs/heads/main", "after": first }).to_string(),
    };
    ears.agent.app.store.keep_delivery(&new).await.unwrap();
    ears.judge().await;
    let outcome = ears.run("first").await.outcome;
    assert!(matches!(outcome, Some(Outcome::Superseded { .. })), "{outcome:?}");
}
