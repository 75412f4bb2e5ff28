//! What agents that died left of runs that are over: checkouts, commands that outlived their agent, leases.
//!
//! Whoever drives a run to its end removes its folders there. One that died before that, or that lost the run to another
//! machine, cannot; so whoever lives in the same state folder looks through it now and then.

use super::workspace;
use crate::{
    clock::Clock,
    exec::kill_survivors,
    ids::RunId,
    store::{Store, StoreError},
};
use std::{collections::BTreeSet, fs, path::Path};
use tokio::task::spawn_blocking;

/// Runs that one pass looks at; the next one goes on.
const MOST_AT_ONCE: usize = 100;

/// Removes from `work` what belongs to runs that are over, and answers of how many. Open runs, and what no run of this
/// store has made, stay; what cannot be removed is tried again by the next pass. Leases of such runs are given back.
///
/// # Errors
/// If the store fails.
pub async fn clear_leftovers(
    work: &Path,
    store: &Store,
    clock: &dyn Clock,
) -> Result<usize, StoreError> {
    store.release_over().await?;
    let folder = work.to_owned();
    let runs = spawn_blocking(move || runs_in(&folder)).await.unwrap_or_default();
    let mut cleared = 0;
    for run in runs {
        if !is_over(store, &run).await? {
            continue;
        }
        // A command that does not die keeps its folder.
        if kill_survivors(&[(super::command::RUN_MARK, run.as_str())], clock).await.is_ok() {
            let folder = work.to_owned();
            let removed = spawn_blocking(move || workspace::remove(&folder, &run)).await;
            cleared += usize::from(matches!(removed, Ok(Ok(()))));
        }
    }
    Ok(cleared)
}

/// The runs that have a folder. Nobody has made the folder of a fresh state yet.
fn runs_in(work: &Path) -> BTreeSet<RunId> {
    let entries = fs::read_dir(work).into_iter().flatten().flatten();
    let run = |entry: fs::DirEntry| workspace::run_of(entry.file_name().to_str()?);
    entries.filter_map(run).take(MOST_AT_ONCE).collect()
}

async fn is_over(store: &Store, run: &RunId) -> Result<bool, StoreError> {
    match store.run(run).await {
        Ok(record) => Ok(record.outcome.is_some()),
        Err(StoreError::NoSuchRun(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
