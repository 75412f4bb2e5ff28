//! Which runs an agent may take, and in which order.
//!
//! Within an environment runs go in the order they were made. Between environments the repository goes first that has
//! waited longest since one of its runs was taken: a repository with a hundred pushes keeps nobody else waiting.

use super::column::{from_json, text};
use super::{Store, StoreError};
use crate::ids::{EnvName, Label, RunId};
use sqlx::{AnyConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};

/// Open runs that are looked at; those made later wait until there are fewer.
const MOST_OPEN: i64 = 1000;

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    run: RunId,
    repository: String,
    environment: EnvName,
    labels: BTreeSet<Label>,
    owned: Owned,
    /// When its repository was last served; long ago if never.
    served: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owned {
    /// A living agent has it.
    Yes,
    No,
}

impl Store {
    /// Runs that have not ended, that no living agent has, and whose labels are all among `labels`: in the order in which
    /// they should be taken. To take one is to [`acquire`](Self::acquire) it, which another agent may do first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claimable_runs(&self, labels: &BTreeSet<Label>) -> Result<Vec<RunId>, StoreError> {
        Ok(in_turn(self.unfinished().await?, labels))
    }

    async fn unfinished(&self) -> Result<Vec<Open>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let rows = sqlx::query(
            "SELECT runs.id, runs.repository, runs.environment, runs.labels, leases.owner,
             COALESCE(leases.expires_at, 0) AS expires_at, COALESCE(served.at, 0) AS served_at
             FROM runs LEFT JOIN leases ON leases.run = runs.id
             LEFT JOIN served ON served.repository = runs.repository
             WHERE runs.outcome IS NULL ORDER BY runs.created_at, runs.id LIMIT $1",
        )
        .bind(MOST_OPEN)
        .fetch_all(&mut *connection)
        .await?;
        rows.iter()
            .map(|row| {
                let owner = row.try_get("owner")?;
                let owner = self.living_owner(owner, row.try_get("expires_at")?, now)?;
                Ok(Open {
                    run: text(row, "id", "a run id")?,
                    repository: row.try_get("repository")?,
                    environment: text(row, "environment", "an environment name")?,
                    labels: from_json(row.try_get("labels")?, "labels")?,
                    owned: if owner.is_some() { Owned::Yes } else { Owned::No },
                    served: row.try_get("served_at")?,
                })
            })
            .collect()
    }

    /// Notes that a run of its repository was taken.
    pub(super) async fn note_served(
        &self,
        write: &mut AnyConnection,
        run: &RunId,
        now: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO served (repository, at) SELECT repository, $2 FROM runs WHERE id = $1
             ON CONFLICT (repository) DO UPDATE SET at = $2",
        )
        .bind(run.as_str())
        .bind(now)
        .execute(write)
        .await?;
        Ok(())
    }
}

/// Those of `open`, oldest first, that an agent with these labels may take, in the order in which it should.
fn in_turn(open: Vec<Open>, labels: &BTreeSet<Label>) -> Vec<RunId> {
    let mut before: BTreeMap<(String, EnvName), usize> = BTreeMap::new();
    let mut placed: Vec<(usize, Open)> = open
        .into_iter()
        .map(|open| {
            let key = (open.repository.clone(), open.environment.clone());
            let place = before.entry(key).or_default();
            *place += 1;
            (*place, open)
        })
        .collect();
    // Stable: what is equal stays in the order of age.
    placed.sort_by(|(one, a), (other, b)| (one, a.served).cmp(&(other, b.served)));
    placed
        .into_iter()
        .filter(|(_, open)| open.owned == Owned::No && open.labels.is_subset(labels))
        .map(|(_, open)| open.run)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(number: u8, repository: &str, environment: &str, served: i64) -> Open {
        Open {
            run: uuid::Uuid::from_bytes([number; 16]).into(),
            repository: repository.to_owned(),
            environment: environment.parse().unwrap(),
            labels: BTreeSet::new(),
            owned: Owned::No,
            served,
        }
    }

    fn turns(open: Vec<Open>, labels: &[&str]) -> Vec<u8> {
        let labels = labels.iter().map(|label| label.parse().unwrap()).collect();
        let digits = |run: RunId| u8::from_str_radix(&run.as_str()[..2], 16).unwrap();
        in_turn(open, &labels).into_iter().map(digits).collect()
    }

    #[test]
    fn each_environment_goes_in_order_and_repositories_take_turns() {
        let busy = [open(1, "a", "dev", 9), open(2, "a", "dev", 9), open(3, "a", "prod", 9)];
        let rare = [open(4, "b", "dev", 5), open(5, "c", "dev", 0)];
        let all: Vec<_> = busy.into_iter().chain(rare).collect();
        assert_eq!(turns(all.clone(), &[]), [5, 4, 1, 3, 2]);
        let taken = Open { owned: Owned::Yes, ..all[0].clone() };
        let rest = std::iter::once(taken).chain(all[1..].to_vec()).collect();
        assert_eq!(turns(rest, &[]), [5, 4, 3, 2], "the second of an environment stays the second");
    }

    #[test]
    fn a_run_is_for_agents_with_all_its_labels() {
        let labels = ["gpu", "vpc"].map(|label| label.parse().unwrap()).into();
        let run = vec![Open { labels, ..open(1, "a", "prod", 0) }];
        assert!(turns(run.clone(), &["gpu"]).is_empty());
        assert_eq!(turns(run, &["fast", "gpu", "vpc"]), [1]);
    }
}
