//! Looking at a repository: what no delivery told of is found here.

use super::{
    Hearing, Repository,
    rules::{Rules, Trouble},
};
use crate::{
    git::{self, Tips},
    ids::{BranchName, Digest, EnvName, Sha},
    intake::Verdict,
    store::{Kept, NewDelivery, StoreError, Via},
};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A webhook within this time shows that they arrive …
const HEALTHY_FOR: SignedDuration = SignedDuration::from_mins(60);
/// … and then looks are this many times rarer, …
const RARER: u32 = 10;
/// … but not rarer than this.
const RAREST: Duration = Duration::from_mins(15);

/// A repository that cannot be reached is tried ever more rarely, but not more rarely than this, unless it is looked at
/// more rarely anyway.
pub const LONGEST_SILENCE: Duration = Duration::from_mins(15);

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Nothing has moved since the look before.
    Same,
    /// Branches have moved.
    Moved {
        /// Where they point to now.
        tips: Tips,
        /// Pushes that no delivery had told of; they are deliveries now.
        found: usize,
    },
    /// The repository cannot be reached or read now.
    Unreached(String),
    /// The repository says nothing about where to deploy.
    Trouble(String),
}

impl Hearing {
    /// Looks where the branches point to. What has moved since `before` and has no run becomes a delivery; without `before`
    /// every branch that deploys is held against the runs there are.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn look(
        &self,
        repository: &Repository,
        before: Option<&Tips>,
    ) -> Result<Looked, StoreError> {
        let looked = || -> Result<_, Trouble> {
            let opened = self.open(repository)?;
            let tips = opened.tips()?;
            if before == Some(&tips) {
                return Ok(None);
            }
            opened.fetch()?;
            let rules = Rules::of(&opened, &self.projects)?;
            Ok(Some((opened, tips, rules)))
        };
        let (opened, tips, rules) = match looked() {
            Ok(None) => return Ok(Looked::Same),
            Ok(Some(moved)) => moved,
            Err(Trouble::Passing(why)) => return Ok(Looked::Unreached(why)),
            Err(Trouble::Lasting(why)) => return Ok(Looked::Trouble(why)),
        };
        let mut found = 0;
        for rule in &rules.environments {
            let Ok(branch) = rule.branch.parse::<BranchName>() else { continue };
            let Some(commit) = tips.branches.get(&branch) else { continue };
            let push = ((&branch, commit), &rule.name);
            let new = self.found((repository, &opened), push, &rules.commit).await?;
            if let Some(new) = new
                && self.store.keep_delivery(&new).await? == Kept::New
            {
                found += 1;
            }
        }
        Ok(Looked::Moved { tips, found })
    }

    /// The delivery of a branch's tip, if nothing was run of it, or the branch was moved back to it since.
    pub(super) async fn found(
        &self,
        (repository, opened): (&Repository, &git::Repository),
        (push, environment): ((&BranchName, &Sha), &EnvName),
        rules: &Sha,
    ) -> Result<Option<NewDelivery>, StoreError> {
        let run = self.store.newest_run_of(&opened.name(), push, environment).await?;
        let Some(run) = run else { return Ok(delivery(repository, push, &[rules.as_str()])) };
        let moved_from = self.moved_from(opened, &run).await?;
        Ok(moved_from.and_then(|from| {
            delivery(repository, push, &[rules.as_str(), run.id.as_str(), from.as_str()])
        }))
    }

    /// Lists among the deliveries that a repository went out of reach, or that it is back, when `failures` looks before
    /// this one had found it out of reach.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn note_reach(
        &self,
        repository: &Repository,
        looked: &Looked,
        failures: u32,
    ) -> Result<(), StoreError> {
        let verdict = match (looked, failures) {
            (Looked::Unreached(why), 0) => Verdict::refused(format!(
                "{why}; it is looked at ever more rarely, at last every {} minutes",
                LONGEST_SILENCE.as_secs() / 60
            )),
            (Looked::Unreached(_), 1..) | (_, 0) => return Ok(()),
            (Looked::Same | Looked::Moved { .. } | Looked::Trouble(_), looks) => {
                Verdict::ignored(format!("the repository is in reach again, after {looks} looks"))
            }
        };
        let at = self.clock.now().as_millisecond();
        let Ok(id) = format!("look:{}:{at}", repository.name).parse() else { return Ok(()) };
        let new = NewDelivery {
            id,
            via: Via::Poll,
            repository: repository.name.to_string(),
            event: "look".to_owned(),
            body: "{}".to_owned(),
        };
        self.store.keep_delivery(&new).await?;
        self.store.keep_verdict(&new.id, &verdict).await
    }
}

/// How long until a repository that could not be reached so often in a row is tried again.
#[must_use]
pub fn patience(usual: Duration, failures: u32) -> Duration {
    let doubled = usual.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_SILENCE.max(usual))
}

/// A push that was found. Its id is the same each time it is found, until what it is judged by changes (the rules, the run
/// that it had, where the branch was moved from): then it is judged anew.
fn delivery(
    repository: &Repository,
    (branch, commit): (&BranchName, &Sha),
    judged_by: &[&str],
) -> Option<NewDelivery> {
    let digest = Digest::of(format!("{branch}\n{commit}\n{}", judged_by.join("\n")));
    let id = format!("poll:{}:{}:{}", repository.name, commit.short(), digest.short());
    let body = serde_json::json!({ "ref": format!("refs/heads/{branch}"), "after": commit });
    Some(NewDelivery {
        id: id.parse().ok()?,
        via: Via::Poll,
        repository: repository.name.to_string(),
        event: "push".to_owned(),
        body: body.to_string(),
    })
}

/// How long until the next look: rarer while webhooks arrive, unless the last look found what none had told of.
#[must_use]
pub fn pace(usual: Duration, now: Timestamp, webhook: Option<Timestamp>, found: usize) -> Duration {
    let is_recent = webhook.is_some_and(|last| now.duration_since(last) < HEALTHY_FOR);
    if is_recent && found == 0 { usual.saturating_mul(RARER).min(RAREST.max(usual)) } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_rare_only_while_webhooks_are_seen_and_miss_nothing() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let (recent, old) =
            (now - SignedDuration::from_mins(59), now - SignedDuration::from_mins(60));
        let minute = Duration::from_mins(1);
        assert_eq!(pace(minute, now, None, 0), minute);
        assert_eq!(pace(minute, now, Some(recent), 0), 10 * minute);
        assert_eq!(pace(minute, now, Some(recent), 1), minute, "a webhook went missing");
        assert_eq!(pace(minute, now, Some(old), 0), minute);
        assert_eq!(pace(5 * minute, now, Some(recent), 0), RAREST);
        assert_eq!(pace(60 * minute, now, Some(recent), 0), 60 * minute);
    }

    #[test]
    fn a_repository_out_of_reach_is_tried_ever_more_rarely() {
        let minute = Duration::from_mins(1);
        let waits =
            [1, 2, 3, 4, 5, 6, 1_000].map(|failures| patience(minute, failures).as_secs() / 60);
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(patience(60 * minute, 3), 60 * minute, "not more often than when all is well");
    }

    #[test]
    fn a_push_is_found_under_one_id_until_the_rules_change() {
        let repository = Repository::polled("x".repeat(64).parse().unwrap(), "/srv/x".into());
        let (commit, rules): (Sha, Sha) = ("1".repeat(40).parse().unwrap(), Sha::null());
        let of = |branch: &str, rules: &Sha| {
            delivery(&repository, (&branch.parse().unwrap(), &commit), &[rules.as_str()])
                .unwrap()
                .id
        };
        assert_eq!(of("main", &rules), of("main", &rules));
        assert_ne!(of("main", &rules), of("main", &commit));
        assert_ne!(of("main", &rules), of("develop", &rules));
    }
}
