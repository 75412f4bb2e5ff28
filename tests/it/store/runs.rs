//! Runs, their events and what is kept with them.

use super::*;
use jiff::SignedDuration;
use relevo::clock::{Clock as _, SimulatedClock};
use relevo::flow::{Event, Outcome};
use relevo::ids::LogPart;
use std::{collections::BTreeSet, sync::Arc};

on_both!(
    a_commit_gets_one_run_per_environment_unless_asked_again,
    many_at_once_make_one_run,
    many_that_decide_about_one_run_make_one_more,
    runs_are_in_the_order_in_which_they_were_made_whatever_clocks_say,
    events_come_back_in_order_and_the_last_closes_the_run,
    a_place_in_the_log_is_written_once,
    evidence_and_cursors_are_kept_and_replaced,
    a_run_takes_each_piece_of_evidence_over_from_the_run_named_for_it,
    a_run_is_found_by_its_last_digits,
    a_store_of_a_newer_agent_is_left_alone
);

async fn a_commit_gets_one_run_per_environment_unless_asked_again(memory: Memory) {
    let first = memory.store.create_or_find(new_run(), Ask::Once).await.unwrap();
    let Found::New(first) = first else { panic!("it was there before it was made") };
    let same = memory.reopened().await.unwrap().create_or_find(new_run(), Ask::Once).await.unwrap();
    assert_eq!(same, Found::Existing(first.clone()));
    let again = memory.store.create_or_find(new_run(), Ask::Again).await.unwrap().into_run();
    assert_eq!((again.ask, again.id == first.id), (1, false));
    let latest = memory.store.create_or_find(new_run(), Ask::Once).await.unwrap().into_run();
    assert_eq!(latest.id, again.id);
    let elsewhere = NewRun { environment: "dev".parse().unwrap(), ..new_run() };
    assert!(matches!(
        memory.store.create_or_find(elsewhere, Ask::Once).await.unwrap(),
        Found::New(_)
    ));
}

async fn many_at_once_make_one_run(memory: Memory) {
    let asks = (0..8).map(|_| memory.store.create_or_find(new_run(), Ask::Once));
    let found = futures_util::future::join_all(asks).await;
    let new = found.iter().filter(|found| matches!(found, Ok(Found::New(_)))).count();
    assert_eq!((new, memory.store.newest_runs(10).await.unwrap().len()), (1, 1));
}

async fn many_that_decide_about_one_run_make_one_more(memory: Memory) {
    let first = memory.run().await;
    let stores = ["one", "two"].map(|machine| memory.elsewhere(machine));
    let asks =
        (0..8).map(|n| stores[n % 2].create_or_find(new_run(), Ask::After(first.id.clone())));
    let found = futures_util::future::join_all(asks).await;
    let is_new = |found: &&Result<Found, StoreError>| matches!(found, Ok(Found::New(_)));
    assert_eq!(found.iter().filter(is_new).count(), 1);
    let runs: BTreeSet<_> = found.into_iter().map(|found| found.unwrap().into_run().id).collect();
    let second = memory.store.newest_runs(1).await.unwrap().remove(0);
    assert_eq!(runs, BTreeSet::from([second.id.clone()]), "all have the one that was made");
    assert_eq!(memory.store.newest_runs(10).await.unwrap(), [second, first]);
}

async fn runs_are_in_the_order_in_which_they_were_made_whatever_clocks_say(memory: Memory) {
    let behind = SimulatedClock::at(memory.clock.now() - SignedDuration::from_secs(5));
    let behind = Store::connect(memory.address.clone(), Arc::new(behind)).await.unwrap();
    let behind = behind.with_time_of_agents();
    let mut made = Vec::new();
    for store in [&memory.store, &behind, &memory.store, &behind] {
        made.push(store.create_or_find(new_run(), Ask::Again).await.unwrap().into_run());
    }
    let new = NewDelivery {
        id: "asked".parse().unwrap(),
        via: Via::Api,
        repository: "r".to_owned(),
        event: "ask".to_owned(),
        body: "{}".to_owned(),
    };
    behind.keep_delivery(&new).await.unwrap();
    let received = behind.delivery(&new.id).await.unwrap().unwrap().received;
    assert!(received > made[3].created_at, "it came after they were made");
    let asks = (0..8).map(|_| behind.create_or_find(new_run(), Ask::Again));
    let at_once = futures_util::future::join_all(asks).await;
    made.extend(at_once.into_iter().map(|found| found.unwrap().into_run()));
    made.sort_by_key(|run| run.ask);
    assert!(made[4].created_at >= received, "those came after it");
    assert!(made.is_sorted_by(|one, next| one.created_at < next.created_at), "{made:?}");
    assert!(made.is_sorted_by(|one, next| one.id.as_str() < next.id.as_str()), "{made:?}");
    assert_eq!(memory.store.open_runs().await.unwrap(), made);
}

async fn events_come_back_in_order_and_the_last_closes_the_run(memory: Memory) {
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    assert_eq!(memory.store.open_runs().await.unwrap(), std::slice::from_ref(&run));
    memory.store.append(&lease, 1, &[started()]).await.unwrap();
    memory.clock.advance(Duration::from_secs(5));
    memory.store.append(&lease, 2, &[finished()]).await.unwrap();
    let events = memory.reopened().await.unwrap().events(&run.id).await.unwrap();
    let expected = [Event::RunCreated, started(), finished()];
    assert!(events.iter().map(|stored| &stored.event).eq(&expected));
    assert_eq!(events.iter().map(|stored| stored.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events[2].at.duration_since(events[1].at).as_secs(), 5);
    assert!(memory.store.open_runs().await.unwrap().is_empty());
    let last = memory.store.run(&run.id).await.unwrap();
    assert_eq!(last.outcome, Some(Outcome::Succeeded));
}

async fn a_place_in_the_log_is_written_once(memory: Memory) {
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    let twice = memory.store.append(&lease, 0, &[started(), finished()]).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost(_))));
    assert_eq!(memory.store.events(&run.id).await.unwrap().len(), 1, "all or none");
}

async fn a_run_takes_each_piece_of_evidence_over_from_the_run_named_for_it(memory: Memory) {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = memory.run().await;
        let lease = memory.store.acquire(&run.id).await.unwrap();
        for name in ["plan", "verdict"] {
            memory.store.keep_evidence(&lease, name, &json!({ "of": run.id })).await.unwrap();
        }
        memory.store.release(&lease).await.unwrap();
        runs.push(run.id);
    }
    let [older, newer] = [&runs[0], &runs[1]];
    let named = [("plan", newer), ("verdict", older), ("findings", older)];
    let evidence = named.map(|(name, run)| (name.to_owned(), run.clone())).into();
    let new = NewRun { reused: Reused { evidence, ..Reused::default() }, ..new_run() };
    let run = memory.store.create_or_find(new, Ask::Again).await.unwrap().into_run();
    let taken = memory.store.all_evidence(&run.id).await.unwrap();
    let expected = [("plan", newer), ("verdict", older)];
    assert_eq!(taken, expected.map(|(name, run)| (name.to_owned(), json!({ "of": run }))));
}

async fn evidence_and_cursors_are_kept_and_replaced(memory: Memory) {
    let run = memory.run().await;
    let lease = memory.store.acquire(&run.id).await.unwrap();
    for auc in [0.8, 0.9] {
        memory.store.keep_evidence(&lease, "gate", &json!({ "auc": auc })).await.unwrap();
    }
    assert_eq!(memory.store.evidence(&run.id, "gate").await.unwrap(), Some(json!({"auc": 0.9})));
    assert_eq!(memory.store.all_evidence(&run.id).await.unwrap().len(), 1);

    let mut cursor = LogCursor::start("a".parse().unwrap(), LogPart::FIRST);
    cursor.intent = Some((7, memory.clock.now()));
    cursor.rejected.insert("too old".into(), 2);
    memory.store.keep_log_cursor(&lease, &cursor).await.unwrap();
    assert_eq!(memory.store.log_cursors(&run.id).await.unwrap(), [cursor.clone()]);
    let second = LogCursor { sent: 3, ..LogCursor::start(cursor.stage.clone(), LogPart(1)) };
    assert_eq!(second.next_seq, 1_000_000_001);
    memory.store.keep_log_cursor(&lease, &second).await.unwrap();
    assert_eq!(memory.store.log_cursors(&run.id).await.unwrap(), [cursor, second]);
}

async fn a_run_is_found_by_its_last_digits(memory: Memory) {
    let run = memory.run().await;
    assert_eq!(memory.store.run_by_digits(run.id.short()).await.unwrap(), run);
    assert_eq!(memory.store.run_by_digits(run.id.as_str()).await.unwrap(), run);
    for unknown in ["", "%", "ffffffffffffffff"] {
        let found = memory.store.run_by_digits(unknown).await;
        assert!(matches!(found, Err(StoreError::NoSuchRun(_))), "{unknown}");
    }
}

async fn a_store_of_a_newer_agent_is_left_alone(memory: Memory) {
    memory.execute("UPDATE schema_version SET version = 99").await;
    let reopened = memory.reopened().await;
    assert!(matches!(reopened, Err(StoreError::Newer { found: 99, .. })), "{reopened:?}");
}
