//! The parts of a run's log: who keeps which, and how much of it is in the cloud.

use super::models::LogPart;
use crate::{
    ids::RunId,
    logs::LogFolder,
    store::{KeptPart, LogCursor, Store, StoreError},
};

/// The parts of a run's log in their order, seen by who keeps `logs`.
///
/// # Errors
/// If the store fails.
pub async fn parts(
    store: &Store,
    logs: &LogFolder,
    run: &RunId,
) -> Result<Vec<LogPart>, StoreError> {
    let kept = store.log_parts(run).await?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let cursors = store.log_cursors(run).await?;
    // Whoever cannot tell what its folder is called keeps nothing that it knows of.
    let here = logs.keeper().ok();
    let seen = |part: &KeptPart| LogPart {
        here: here.as_ref() == Some(&part.keeper.id),
        ..of(part, &cursors)
    };
    Ok(kept.iter().map(seen).collect())
}

fn of(part: &KeptPart, cursors: &[LogCursor]) -> LogPart {
    let own = || cursors.iter().filter(|cursor| cursor.part == part.part);
    LogPart {
        part: part.part.0,
        keeper: part.keeper.to_string(),
        here: false,
        sent: own().map(|cursor| cursor.sent).sum(),
        rejected: own().flat_map(|cursor| cursor.rejected.values()).sum(),
        shipped: part.is_shipped,
    }
}
