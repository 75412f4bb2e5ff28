//! The things that can be said, in the words of those who hear them.

use super::Annotation;
use crate::ids::{EnvName, RunId, Sha};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that should be said about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Saying {
    /// Its name among the sayings about the run; what is said under one name replaces what was said before.
    pub key: String,
    /// What.
    pub content: Content,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Content {
    /// A status of the commit.
    Status(CommitStatus),
    /// A check run on the commit.
    Check(CheckRun),
    /// A deployment with its newest status.
    Deployment(Deployment),
    /// The plan, as a comment on the commit's pull request.
    Comment(Comment),
    /// Somebody has to look.
    Alert(Alert),
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitStatus {
    /// The commit.
    pub commit: Sha,
    /// Its name on the commit.
    pub context: String,
    /// How it stands.
    pub state: StatusState,
    /// In a few words.
    pub description: String,
    /// More about it.
    pub page: Option<String>,
}

/// How a commit status stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// It has not ended.
    Pending,
    /// It is as it should be.
    Success,
    /// The work said no.
    Failure,
    /// The machinery broke, or somebody stopped it.
    Error,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// The commit.
    pub commit: Sha,
    /// Its name on the commit.
    pub name: String,
    /// What tells this one from others of the same name: `RUN/STAGE`, and `/PLAN` while that is asked about.
    pub external_id: String,
    /// How far it is.
    pub progress: Progress,
    /// When it began.
    pub started: Option<Timestamp>,
    /// More about it.
    pub page: Option<String>,
    /// In a few words.
    pub title: String,
    /// In a few sentences, as Markdown.
    pub summary: String,
    /// With every figure, as Markdown.
    pub text: Option<String>,
    /// Beside lines of files.
    pub annotations: Vec<Annotation>,
    /// What people can press.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Button>,
}

/// A button of a check run (Create a check run: three at most, of 20, 40 and 20 characters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What it does.
    pub description: String,
    /// What is sent back when it is pressed.
    pub identifier: String,
}

impl CheckRun {
    /// The part of [`CheckRun::external_id`] that never changes.
    #[must_use]
    pub fn thing(&self) -> &str {
        Self::thing_of(&self.external_id)
    }

    /// The part of an external id that never changes: run and stage.
    #[must_use]
    pub fn thing_of(external_id: &str) -> &str {
        let end = external_id.match_indices('/').nth(1).map_or(external_id.len(), |(at, _)| at);
        &external_id[..end]
    }
}

/// How far a check run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Progress {
    /// It has not begun.
    Queued,
    /// It has begun.
    InProgress,
    /// It has ended.
    Completed {
        /// How.
        conclusion: Conclusion,
        /// When.
        at: Timestamp,
    },
}

/// How a check run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It was stopped, or could not begin.
    Cancelled,
    /// It did not do what it should.
    Failure,
    /// It did.
    Success,
    /// It had no reason to run; GitHub takes that for good.
    Skipped,
    /// It took too long.
    TimedOut,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The run, which tells this deployment from others.
    pub run: RunId,
    /// What is deployed.
    pub commit: Sha,
    /// Where to.
    pub environment: EnvName,
    /// Does nothing come after this environment?
    pub production: bool,
    /// How far it is.
    pub state: DeploymentState,
    /// In a few words.
    pub description: String,
    /// The page about the run.
    pub log_page: Option<String>,
    /// The page about the environment.
    pub environment_page: Option<String>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Under way.
    InProgress,
    /// Done.
    Success,
    /// The work said no.
    Failure,
    /// The machinery broke, or somebody stopped it.
    Error,
}

/// A comment on a pull request: one for each environment, edited in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The commit whose pull request is meant.
    pub commit: Sha,
    /// Its branch.
    pub branch: String,
    /// The line by which the comment is found again; it begins with it.
    pub marker: String,
    /// The whole text, as Markdown.
    pub body: String,
}

/// A promotion that came to nothing, and somebody should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Where it is told.
    pub alarm: Alarm,
    /// The run.
    pub run: RunId,
    /// Where it was to deploy.
    pub environment: EnvName,
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: Sha,
    /// How it ended, such as `failed in validate`.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
    /// One line of printable ASCII, at most 99 characters.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The page about the run.
    pub page: Option<String>,
}

/// Where failures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alarm {
    /// The environment's SNS topic.
    Topic,
    /// A webhook.
    Webhook,
}

/// Whether a newer run that says the same about the same thing silences an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overtaking {
    /// It does: there is one such thing, of this name, and the newest word counts.
    Silences(String),
    /// It does unless the older has made its own already, which it brings to an end.
    SilencesUnmade(String),
    /// Each run has its own.
    Never,
}

impl Content {
    /// What a newer run's word of the same kind does to this one.
    #[must_use]
    pub fn overtaking(&self) -> Overtaking {
        match self {
            Self::Status(status) => {
                Overtaking::Silences(format!("status {} {}", status.commit, status.context))
            }
            Self::Comment(comment) => {
                Overtaking::Silences(format!("comment {} {}", comment.branch, comment.marker))
            }
            Self::Check(check) => {
                Overtaking::SilencesUnmade(format!("check {} {}", check.commit, check.name))
            }
            Self::Deployment(_) | Self::Alert(_) => Overtaking::Never,
        }
    }
}
