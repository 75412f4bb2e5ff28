//! Which agent keeps which part of a run's log, and who is to ship it.

use super::*;
use relevo::ids::{KeeperId, LogPart, RunId};
use std::path::Path;

on_both!(
    each_folder_has_parts_of_its_own_and_ships_only_those,
    a_run_that_goes_on_after_its_lines_were_shipped_has_new_ones,
    lines_that_come_late_are_unsent_again,
    nobodys_lines_are_noted_by_anybody,
);

/// A folder of logs.
struct Folder(KeeperId, &'static Path);

impl Folder {
    fn at(path: &'static str) -> Self {
        Self(KeeperId::from(uuid::Uuid::now_v7()), Path::new(path))
    }

    /// Takes a run up to write its log here, in that part.
    async fn takes_up(&self, store: &Store, run: &RunId, part: u32) -> Lease {
        let taken = store.take_up(run, (&self.0, self.1)).await.unwrap();
        assert_eq!(taken.part, Some(LogPart(part)));
        taken.lease
    }

    async fn unsent(&self, store: &Store) -> Vec<RunId> {
        store.runs_with_unsent_logs(&self.0, 9).await.unwrap()
    }
}

async fn each_folder_has_parts_of_its_own_and_ships_only_those(memory: Memory) {
    let (run, store) = (memory.run().await.id, &memory.store);
    let (one, other) = (Folder::at("/one/logs"), Folder::at("/other/logs"));
    let name = "blue".parse().unwrap();
    store.keeps_logs((&one.0, one.1), Some(&name)).await.unwrap();
    store.release(&one.takes_up(store, &run, 0).await).await.unwrap();
    one.takes_up(store, &run, 0).await;
    memory.clock.advance(LEASE_DURATION);
    other.takes_up(&memory.elsewhere("other"), &run, 1).await;
    let held = store.take_up(&run, (&one.0, one.1)).await;
    assert!(matches!(held, Err(StoreError::LeaseHeld { .. })), "{held:?}");
    memory.clock.advance(LEASE_DURATION);
    // What comes later stands later.
    let third = one.takes_up(store, &run, 2).await;
    assert!(one.unsent(store).await.is_empty(), "it has not ended");
    store.append(&third, 1, &[finished()]).await.unwrap();
    for folder in [&one, &other] {
        assert_eq!(folder.unsent(store).await, std::slice::from_ref(&run));
    }
    store.logs_are_shipped(&third, &one.0).await.unwrap();
    assert!(one.unsent(store).await.is_empty());
    assert_eq!(other.unsent(store).await, std::slice::from_ref(&run));
    let parts = store.log_parts(&run).await.unwrap();
    let told: Vec<_> =
        parts.iter().map(|part| (part.part.0, &part.keeper.id, part.is_shipped)).collect();
    assert_eq!(told, [(0, &one.0, true), (1, &other.0, false), (2, &one.0, true)]);
    let (one_is, other_is) = (parts[0].keeper.to_string(), parts[1].keeper.to_string());
    assert!(one_is.starts_with("agent blue (") && one_is.ends_with(":/one/logs)"), "{one_is}");
    assert!(other_is.ends_with(" (/other/logs)"), "{other_is}");
    store.logs_are_shipped(&third, &other.0).await.unwrap();
    assert!(other.unsent(store).await.is_empty());
}

async fn a_run_that_goes_on_after_its_lines_were_shipped_has_new_ones(memory: Memory) {
    let (run, store) = (memory.run().await.id, &memory.store);
    let folder = Folder::at("/logs");
    let lease = folder.takes_up(store, &run, 0).await;
    store.logs_are_shipped(&lease, &folder.0).await.unwrap();
    store.release(&lease).await.unwrap();
    let lease = folder.takes_up(store, &run, 0).await;
    store.append(&lease, 1, &[finished()]).await.unwrap();
    assert_eq!(folder.unsent(store).await, std::slice::from_ref(&run));
    store.logs_are_shipped(&lease, &folder.0).await.unwrap();
    store.release(&lease).await.unwrap();
    let over = store.take_up(&run, (&folder.0, folder.1)).await.unwrap();
    assert_eq!(over.part, None, "no line will be written");
    assert!(folder.unsent(store).await.is_empty());
}

async fn lines_that_come_late_are_unsent_again(memory: Memory) {
    let (run, store) = (memory.run().await.id, &memory.store);
    let (one, other) = (Folder::at("/one/logs"), Folder::at("/other/logs"));
    let first = one.takes_up(store, &run, 0).await;
    memory.clock.advance(LEASE_DURATION);
    let second = other.takes_up(&memory.elsewhere("other"), &run, 1).await;
    store.append(&second, 1, &[finished()]).await.unwrap();
    for folder in [&one, &other] {
        store.logs_are_shipped(&second, &folder.0).await.unwrap();
        assert!(folder.unsent(store).await.is_empty());
    }
    let lost = store.logs_have_grown(&first, &one.0).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost(_))), "{lost:?}");
    store.logs_have_grown(&second, &one.0).await.unwrap();
    assert_eq!(one.unsent(store).await, [run]);
    assert!(other.unsent(store).await.is_empty(), "it has nothing new");
}

async fn nobodys_lines_are_noted_by_anybody(memory: Memory) {
    let (run, store) = (memory.run().await.id, &memory.store);
    let lease = store.acquire(&run).await.unwrap();
    store.append(&lease, 1, &[finished()]).await.unwrap();
    let (one, other) = (Folder::at("/one"), Folder::at("/other"));
    assert_eq!(one.unsent(store).await, other.unsent(store).await);
    store.logs_are_shipped(&lease, &other.0).await.unwrap();
    assert!(one.unsent(store).await.is_empty());
}
