//! What others are told about a run, made from its events: commit statuses, check runs with annotations, the plan as a
//! comment, deployments, alerts.
//!
//! [`sayings`] is a pure function of a run's record: the same record says the same, however often and by whomever it is
//! asked, so what has to be sent is the difference to what was sent last. Texts keep to the lengths that GitHub takes.
//! No row of data is among it; secrets are masked by whoever sends it.

mod alert;
mod annotation;
mod comment;
mod content;
mod declared;
mod deployment;
mod promotion;
mod proposal;
mod request;
mod stage;
mod stage_changes;
#[cfg(test)]
mod tests;
mod text;

pub use annotation::{Annotation, FINDINGS_EVIDENCE, Level, MOST_ANNOTATIONS};
pub use content::{
    Alarm, Alert, Button, CheckRun, Comment, CommitStatus, Conclusion, Content, Deployment,
    DeploymentState, Overtaking, Progress, Saying, StatusState,
};

pub use declared::{Changed, Counts, Declared, Difference, Lead};
pub use proposal::{Asks, Proposal};
pub use request::by_several;
pub use stage_changes::StageChanges;

use crate::{
    flow::{Event, IllegalEvent, RunState},
    ids::{EnvName, RunId, Sha},
    model::Verdict,
    plan::Plan,
    spec::Pipeline,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Everything that is known of a run.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Its branch.
    pub reference: &'a str,
    /// Its commit.
    pub commit: &'a Sha,
    /// Where it deploys to.
    pub environment: &'a EnvName,
    /// Its graph.
    pub pipeline: &'a Pipeline,
    /// What happened, in order.
    pub events: &'a [(Timestamp, &'a Event)],
    /// What its decisions rest on.
    pub evidence: Evidence,
}

/// What a run's decisions rest on, as far as it is told to others.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What `validate` found in the files.
    pub findings: Vec<Annotation>,
    /// What the gate said.
    pub verdict: Option<Verdict>,
    /// What was planned.
    pub plan: Option<Plan>,
}

/// How and whom to tell.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How stages show on a commit.
    pub stages: Stages,
    /// The agent's own web pages.
    pub web: Option<url::Url>,
    /// Where failures are told beside GitHub.
    pub alarms: BTreeSet<Alarm>,
}

/// How stages show on a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// As check runs, which GitHub lets only Apps make.
    Checks,
    /// As commit statuses.
    Statuses,
    /// Not at all: the repository is not at GitHub.
    Hidden,
}

/// What should have been said about a run by now.
///
/// # Errors
/// If its events contradict each other.
pub fn sayings(record: &Record<'_>, manner: &Manner) -> Result<Vec<Saying>, IllegalEvent> {
    let state = RunState::of(record.pipeline, record.events.iter().map(|(_, event)| *event))?;
    let view = View { record, manner, state };
    let mut sayings = Vec::new();
    match manner.stages {
        Stages::Hidden => {}
        Stages::Checks | Stages::Statuses => {
            sayings.push(view.promotion());
            sayings.extend(view.stages());
            sayings.extend(view.deployment());
            sayings.extend(view.comment());
        }
    }
    sayings.extend(view.alerts());
    Ok(sayings)
}

/// A record with what it adds up to.
struct View<'a> {
    record: &'a Record<'a>,
    manner: &'a Manner,
    state: RunState,
}

impl View<'_> {
    /// What the agent calls itself on a commit: one name for each environment.
    fn context(&self) -> String {
        format!("relevo/{}", self.record.environment)
    }

    /// The page about this run.
    fn run_page(&self) -> Option<String> {
        let web = self.manner.web.as_ref()?;
        Some(web.join(&format!("runs/{}", self.record.run)).ok()?.to_string())
    }

    /// The page about its environment.
    fn environment_page(&self) -> Option<String> {
        let web = self.manner.web.as_ref()?;
        Some(web.join(&format!("environments/{}", self.record.environment)).ok()?.to_string())
    }
}
