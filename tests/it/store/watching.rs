//! What `agent watch` remembers.

use super::*;
use jiff::Timestamp;

on_both!(what_was_seen_is_remembered_until_it_is_done, a_watcher_that_was_replaced_changes_nothing);

fn watched(number: i64, progress: Progress) -> WatchedExecution {
    WatchedExecution {
        execution: format!("arn:{number}"),
        began: Timestamp::from_second(number).unwrap(),
        verdict: "drift".to_owned(),
        evidence: json!({ "rows": 48 }),
        answer: json!({ "do": "nothing" }),
        progress,
        training: None,
        told: None,
    }
}

async fn what_was_seen_is_remembered_until_it_is_done(memory: Memory) {
    let (store, env) = (&memory.store, prod());
    assert_eq!(store.watched_since(&env).await.unwrap(), None);
    let lease = store.acquire_watch(&env).await.unwrap();
    assert_eq!(store.watched_since(&env).await.unwrap(), None);
    for (number, progress) in
        [(1, Progress::Done), (2, Progress::Supplied), (3, Progress::Intended)]
    {
        store.keep_watched(&lease, &watched(number, progress)).await.unwrap();
    }
    let since = Timestamp::from_second(2).unwrap();
    store.watch_since(&lease, since).await.unwrap();
    let again = memory.reopened().await.unwrap();
    assert_eq!(again.watched_since(&env).await.unwrap(), Some(since));
    let half: Vec<i64> = again
        .half_answered(&env, 9)
        .await
        .unwrap()
        .iter()
        .map(|one| one.began.as_second())
        .collect();
    assert_eq!(half, [2, 3]);
    let known = again.watched_executions(&env, since).await.unwrap();
    assert!(known.contains(&("arn:3".to_owned(), Timestamp::from_second(3).unwrap())));
    assert_eq!(known.len(), 2);
    let before = again.watched_before(&env, since).await.unwrap().unwrap();
    assert_eq!(before, watched(1, Progress::Done));

    let done = WatchedExecution {
        training: Some("arn:t".to_owned()),
        told: Some(since),
        ..watched(2, Progress::Done)
    };
    store.keep_watched(&lease, &done).await.unwrap();
    let third = Timestamp::from_second(3).unwrap();
    assert_eq!(store.watched_before(&env, third).await.unwrap(), Some(done));
    assert_eq!(store.half_answered(&env, 9).await.unwrap().len(), 1);
    assert!(store.half_answered(&"dev".parse().unwrap(), 9).await.unwrap().is_empty());
}

async fn a_watcher_that_was_replaced_changes_nothing(memory: Memory) {
    let first = memory.store.acquire_watch(&prod()).await.unwrap();
    let refused = memory.store.acquire_watch(&prod()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Watched { .. }), "{refused:?}");
    memory.clock.advance(LEASE_DURATION / 2);
    memory.store.keep_watched(&first, &watched(1, Progress::Intended)).await.unwrap();
    memory.clock.advance(LEASE_DURATION / 2);
    assert!(memory.store.acquire_watch(&prod()).await.is_err(), "writing keeps the lease");
    memory.clock.advance(LEASE_DURATION);
    let second = memory.store.acquire_watch(&prod()).await.unwrap();
    for lost in [
        memory.store.keep_watched(&first, &watched(1, Progress::Done)).await,
        memory.store.watch_since(&first, Timestamp::UNIX_EPOCH).await,
    ] {
        assert!(matches!(lost, Err(StoreError::WatchLost(_))), "{lost:?}");
    }
    memory.store.release_watch(&first).await.unwrap();
    memory.store.keep_watched(&second, &watched(1, Progress::Started)).await.unwrap();
    memory.store.release_watch(&second).await.unwrap();
    memory.store.acquire_watch(&prod()).await.unwrap();
}
