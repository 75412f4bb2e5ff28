//! What is to be done and when, earliest first: deliveries to try, schedules to fire.
//!
//! A task stands in no account, under a name that begins with its time; so one query on the primary key tells
//! whether anything is due.

use super::delivery::Delivery;
use crate::rehearsal::{Item, Place, Shelf, ShelfError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most tasks of one tick; what is left is done by the next.
const MOST_TASKS: u32 = 100;

/// Something to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::rehearsal) enum Task {
    /// Hand an event to a target.
    Deliver(Box<Delivery>),
    /// See whether the schedule of a rule fires.
    Fire { place: Place, rule: String },
}

impl Item for Task {
    const KIND: &'static str = "task";
}

impl Task {
    /// Puts the task on the agenda. The same schedule at the same time is there once.
    pub(super) async fn plan(
        &self,
        shelf: &mut Shelf<'_>,
        due: Timestamp,
    ) -> Result<(), ShelfError> {
        let what = match self {
            Self::Deliver(_) => format!("deliver {:012}", shelf.count_up("deliveries").await?),
            Self::Fire { place, rule } => format!("fire {} {} {rule}", place.account, place.region),
        };
        shelf.put_global(&format!("{} {what}", sortable(due)), self).await
    }
}

/// Is there anything to do by now?
pub(in crate::rehearsal) async fn is_due(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
) -> Result<bool, ShelfError> {
    let first = shelf.first_global::<Task>().await?;
    Ok(first.is_some_and(|name| name < end(now)))
}

/// What is to be done by now, earliest first.
pub(in crate::rehearsal) async fn due(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
) -> Result<Vec<(String, Task)>, ShelfError> {
    shelf.list_global(""..&end(now), MOST_TASKS).await
}

/// Takes a task off the agenda.
pub(in crate::rehearsal) async fn strike(
    shelf: &mut Shelf<'_>,
    name: &str,
) -> Result<(), ShelfError> {
    shelf.delete_global::<Task>(name).await.map(drop)
}

/// A time as text that sorts as the time does.
fn sortable(time: Timestamp) -> String {
    format!("{:020}", time.as_millisecond().max(0))
}

/// Names of what is due by `now` sort before this.
fn end(now: Timestamp) -> String {
    format!("{}~", sortable(now))
}
