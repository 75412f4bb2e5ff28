//! What the stages of one run leave each other while one process drives it: sessions, and what was just read of an
//! account.
//!
//! Nothing of it must be there. Whoever resumes a run begins with an empty memory; the stage then takes a session and
//! reads the account itself.

use crate::{
    aws::{Purpose, Session},
    ids::{EnvName, RunId, StageName},
    plan::{Desired, Observed},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long an account counts as just read. A deployment of the example does its last change that long after it has
/// looked, where each call takes a few hundred milliseconds.
const FRESH: SignedDuration = SignedDuration::from_secs(10);

/// The memory of one process.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sessions: Mutex<HashMap<(RunId, EnvName, Purpose), Session>>,
    seen: Mutex<HashMap<(RunId, EnvName), Seen>>,
}

/// What a stage has read of an account, and what it compared that with.
#[derive(Debug)]
pub(super) struct Seen {
    /// What the commit wants there.
    pub(super) desired: Desired,
    /// What is there.
    pub(super) observed: Observed,
    /// Whether IAM was asked about what is to be done.
    pub(super) leave: Leave,
    /// Which stage it was.
    pub(super) stage: StageName,
    /// When.
    pub(super) at: Timestamp,
}

/// Whether IAM was asked beforehand about all changes of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// It was.
    Asked,
    /// Not yet.
    Open,
}

impl Memory {
    /// The session that an earlier stage of the run took for the same purpose. It renews its keys itself.
    pub(super) fn session(
        &self,
        run: &RunId,
        environment: &EnvName,
        purpose: Purpose,
    ) -> Option<Session> {
        lock(&self.sessions).get(&(run.clone(), environment.clone(), purpose)).cloned()
    }

    pub(super) fn keep_session(
        &self,
        run: &RunId,
        environment: &EnvName,
        (purpose, session): (Purpose, &Session),
    ) {
        let key = (run.clone(), environment.clone(), purpose);
        lock(&self.sessions).insert(key, session.clone());
    }

    pub(super) fn keep_seen(&self, run: &RunId, seen: Seen) {
        let key = (run.clone(), seen.desired.environment.clone());
        lock(&self.seen).insert(key, seen);
    }

    /// What the one stage that `needs` names has read just before `now`. It is given once: whoever acts on it leaves the
    /// account another.
    pub(super) fn take_seen(
        &self,
        run: &RunId,
        environment: &EnvName,
        (needs, now): (&[StageName], Timestamp),
    ) -> Option<Seen> {
        let seen = lock(&self.seen).remove(&(run.clone(), environment.clone()))?;
        let just_now = (SignedDuration::ZERO..=FRESH).contains(&now.duration_since(seen.at));
        (needs == [seen.stage.clone()] && just_now).then_some(seen)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{desired, fixture};

    const NOW: &str = "2026-11-22T13:30:00Z";

    fn stage(name: &str) -> StageName {
        name.parse().unwrap()
    }

    /// A memory in which the stage `plan` has kept what it read just now.
    fn memory(run: &RunId) -> Memory {
        let (environment, commit) = (fixture::environment(), fixture::Commit::first());
        let seen = Seen {
            desired: desired(&commit.blueprint(&environment), 1).unwrap(),
            observed: Observed::default(),
            leave: Leave::Open,
            stage: stage("plan"),
            at: NOW.parse().unwrap(),
        };
        let memory = Memory::default();
        memory.keep_seen(run, seen);
        memory
    }

    #[test]
    fn only_the_stage_right_behind_gets_what_was_read_and_only_for_a_while() {
        let run: RunId = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
        let prod: EnvName = "prod".parse().unwrap();
        let after =
            |seconds| NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
        let given = |needs: &[&str], now| {
            let needs: Vec<StageName> = needs.iter().map(|name| stage(name)).collect();
            memory(&run).take_seen(&run, &prod, (&needs, now)).is_some()
        };
        assert!(given(&["plan"], after(0)) && given(&["plan"], after(10)));
        assert!(!given(&["plan"], after(11)), "too old");
        assert!(!given(&["plan"], after(-1)), "from the future");
        assert!(!given(&["plan", "notify"], after(0)), "something else was done meanwhile");
        assert!(!given(&["notify"], after(0)));
        let memory = memory(&run);
        assert!(memory.take_seen(&run, &prod, (&[stage("plan")], after(0))).is_some());
        assert!(
            memory.take_seen(&run, &prod, (&[stage("plan")], after(0))).is_none(),
            "given once"
        );
    }
}
