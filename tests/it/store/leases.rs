//! Who may write about a run, and which run has an environment.

use super::*;

on_both!(
    a_lease_is_exclusive_until_it_ends_and_its_old_owner_then_writes_nothing,
    the_lease_of_a_dead_process_is_taken_at_once,
    a_living_process_keeps_its_lease_as_long_as_its_store_can_tell,
    a_holder_is_certain_until_its_lease_may_have_ended,
    whoever_lays_down_what_was_taken_over_learns_that_the_lease_is_lost,
    runs_to_one_environment_take_turns_in_the_order_they_asked,
    a_dead_holder_loses_the_environment_and_queues_again,
    what_a_dead_agent_held_of_a_run_that_is_over_is_given_back,
);

async fn a_lease_is_exclusive_until_it_ends_and_its_old_owner_then_writes_nothing(memory: Memory) {
    let run = memory.run().await;
    let old = memory.store.acquire(&run.id).await.unwrap();
    let held = memory.store.acquire(&run.id).await;
    assert!(matches!(held, Err(StoreError::LeaseHeld { .. })), "{held:?}");
    memory.clock.advance(LEASE_DURATION / 2);
    memory.store.renew(&old).await.unwrap();
    memory.clock.advance(LEASE_DURATION / 2);
    assert!(memory.store.acquire(&run.id).await.is_err(), "it was renewed");
    memory.clock.advance(LEASE_DURATION / 2);
    let new = memory.store.acquire(&run.id).await.unwrap();

    let lost = |result: Result<(), StoreError>| matches!(result, Err(StoreError::LeaseLost(_)));
    assert!(lost(memory.store.renew(&old).await));
    assert!(lost(memory.store.append(&old, 1, &[started()]).await.map(|_| ())));
    assert!(lost(memory.store.keep_evidence(&old, "plan", &json!({})).await));
    assert!(lost(memory.store.queue_for(&old, claim(&lane())).await.map(|_| ())));
    let cursor = LogCursor::start("a".parse().unwrap(), relevo::ids::LogPart::FIRST);
    assert!(lost(memory.store.keep_log_cursor(&old, &cursor).await));
    memory.store.release(&old).await.unwrap();
    memory.store.append(&new, 1, &[started()]).await.unwrap();
}

async fn the_lease_of_a_dead_process_is_taken_at_once(memory: Memory) {
    let run = memory.run().await;
    let dead = Owner { pid: u32::MAX, ..Owner::this_process().unwrap() };
    let dying = memory.store.clone().as_seen_by(dead);
    let old = dying.acquire(&run.id).await.unwrap();
    memory.store.acquire(&run.id).await.unwrap();
    assert!(matches!(dying.renew(&old).await, Err(StoreError::LeaseLost(_))));
}

/// A process of this machine.
fn owner(pid: u32) -> Owner {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    let started = fields.split_whitespace().nth(19).unwrap().parse().unwrap();
    Owner { pid, started, ..Owner::this_process().unwrap() }
}

async fn a_living_process_keeps_its_lease_as_long_as_its_store_can_tell(memory: Memory) {
    let run = memory.run().await;
    // The parent of every test process is a living process that is not this one.
    let busy = memory.store.clone().as_seen_by(owner(std::os::unix::process::parent_id()));
    busy.acquire(&run.id).await.unwrap();
    memory.clock.advance(LEASE_DURATION * 100);
    let taken = memory.store.acquire(&run.id).await;
    if memory.store.is_of_a_fleet() {
        assert!(taken.is_ok(), "it should have renewed: {taken:?}");
    } else {
        assert!(matches!(taken, Err(StoreError::LeaseHeld { .. })), "{taken:?}");
    }
}

async fn a_holder_is_certain_until_its_lease_may_have_ended(memory: Memory) {
    let run = memory.run().await;
    let (here, there) = (memory.elsewhere("here"), memory.elsewhere("there"));
    let lease = here.acquire(&run.id).await.unwrap();
    let margin = LEASE_DURATION / 8;
    for _ in 0..2 {
        memory.clock.advance(LEASE_DURATION - margin - Duration::from_millis(1));
        assert!(here.certain_for(&lease).is_ok());
        here.renew_all().await.unwrap();
    }
    memory.clock.advance(LEASE_DURATION - margin);
    if here.is_of_a_fleet() {
        let held = there.acquire(&run.id).await;
        assert!(matches!(held, Err(StoreError::LeaseHeld { .. })), "not yet: {held:?}");
        let over = here.certain_for(&lease);
        assert!(matches!(over, Err(StoreError::LeaseUncertain { .. })), "{over:?}");
        here.renew(&lease).await.unwrap();
        let over = here.certain_for(&lease);
        assert!(matches!(over, Err(StoreError::LeaseLost(_))), "work was stopped: {over:?}");
    }
    memory.clock.advance(LEASE_DURATION);
    let over = here.certain_for(&lease);
    assert_eq!(over.is_err(), here.is_of_a_fleet(), "nobody sees it live from elsewhere: {over:?}");
    there.acquire(&run.id).await.unwrap();
    assert!(matches!(here.renew(&lease).await, Err(StoreError::LeaseLost(_))));
    assert!(matches!(here.certain_for(&lease), Err(StoreError::LeaseLost(_))));
}

async fn whoever_lays_down_what_was_taken_over_learns_that_the_lease_is_lost(memory: Memory) {
    let run = memory.run().await;
    let (here, there) = (memory.elsewhere("here"), memory.elsewhere("there"));
    let lease = here.acquire(&run.id).await.unwrap();
    here.lay_down(&lease).await.unwrap();
    memory.clock.advance(LEASE_DURATION);
    there.acquire(&run.id).await.unwrap();
    assert!(matches!(here.lay_down(&lease).await, Err(StoreError::LeaseLost(_))));
    assert!(matches!(here.certain_for(&lease), Err(StoreError::LeaseLost(_))));
}

async fn runs_to_one_environment_take_turns_in_the_order_they_asked(memory: Memory) {
    let runs = [memory.run().await, memory.run().await, memory.run().await];
    let mut leases = Vec::new();
    for run in &runs {
        leases.push(memory.store.acquire(&run.id).await.unwrap());
    }
    let lane = lane();
    let place = |index: usize| memory.store.queue_for(&leases[index], claim(&lane));
    assert_eq!(place(0).await.unwrap(), Place::Held);
    assert_eq!(place(1).await.unwrap(), Place::Behind(runs[0].id.clone()));
    assert_eq!(place(2).await.unwrap(), Place::Behind(runs[0].id.clone()));
    assert_eq!(place(0).await.unwrap(), Place::Held, "asking again changes nothing");
    memory.store.append(&leases[0], 1, &[finished()]).await.unwrap();
    assert_eq!(place(2).await.unwrap(), Place::Behind(runs[1].id.clone()));
    assert_eq!(place(1).await.unwrap(), Place::Held);
}

async fn a_dead_holder_loses_the_environment_and_queues_again(memory: Memory) {
    let (dead, next) = (memory.run().await, memory.run().await);
    let lease = memory.store.acquire(&dead.id).await.unwrap();
    assert_eq!(memory.store.queue_for(&lease, claim(&lane())).await.unwrap(), Place::Held);
    memory.clock.advance(LEASE_DURATION);
    let taker = memory.store.acquire(&next.id).await.unwrap();
    assert_eq!(memory.store.queue_for(&taker, claim(&lane())).await.unwrap(), Place::Held);
    let resumed = memory.store.acquire(&dead.id).await.unwrap();
    let place = memory.store.queue_for(&resumed, claim(&lane())).await.unwrap();
    assert_eq!(place, Place::Behind(next.id));
}

async fn what_a_dead_agent_held_of_a_run_that_is_over_is_given_back(memory: Memory) {
    let over = memory.run().await;
    let gone = memory.elsewhere("gone");
    let lease = gone.acquire(&over.id).await.unwrap();
    gone.append(&lease, 1, &[finished()]).await.unwrap();
    let is_held = async || memory.store.figures().await.unwrap().lease_age.is_some();
    memory.store.release_over().await.unwrap();
    assert!(is_held().await, "its agent may be shipping its log");
    memory.clock.advance(memory.store.lease_duration());
    memory.store.release_over().await.unwrap();
    assert!(!is_held().await);
    let open = NewRun { environment: "dev".parse().unwrap(), ..new_run() };
    let open = gone.create_or_find(open, Ask::Once).await.unwrap().into_run();
    gone.acquire(&open.id).await.unwrap();
    memory.clock.advance(memory.store.lease_duration());
    memory.store.release_over().await.unwrap();
    assert!(is_held().await, "somebody will take it up");
}
