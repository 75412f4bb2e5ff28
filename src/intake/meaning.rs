//! From an event and its payload to what is meant by it.
//!
//! Only the few fields that matter are read; the rest of a payload is passed over without being built. What a payload
//! says is a hint about where to look, never the truth: branch and commit are looked up in the repository.

use super::answer::{self, Answering};
use crate::ids::{BranchName, Sha};
use serde::{Deserialize, Serialize};

/// The events that can lead to something; all others are ignored by name.
pub const EVENTS: [&str; 8] = [
    "push",
    "check_run",
    "check_suite",
    "ping",
    PROPOSED,
    "issue_comment",
    "commit_comment",
    "deployment_review",
];

/// The event of a pull request.
pub const PROPOSED: &str = "pull_request";

/// The event of what people asked the agent itself for. It is none of [`EVENTS`], so nobody else can send it.
pub const ASKED: &str = "manual";

/// What somebody asked the agent itself for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The branch.
    pub branch: BranchName,
    /// The commit; the branch's tip if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Sha>,
    /// Who.
    pub by: String,
}

/// What a delivery asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A branch points to another commit now: run it, once.
    Pushed {
        /// The branch.
        branch: BranchName,
        /// Where it points to.
        commit: Sha,
    },
    /// Somebody wants another run of a commit.
    Again {
        /// The branch it is on.
        branch: BranchName,
        /// The commit.
        commit: Sha,
    },
    /// Somebody with the right to has asked the agent itself for a run.
    Asked {
        /// The branch.
        branch: BranchName,
        /// The commit; the branch's tip if absent.
        commit: Option<Sha>,
        /// Who.
        by: String,
    },
    /// Somebody answers a run that asks.
    Answered(Box<Answering>),
    /// Somebody proposes commits of this repository for one of its branches.
    Proposed(Proposed),
    /// Nothing, and why: one clause without a full stop.
    Nothing(String),
}

/// A pull request whose commits are new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// Its number.
    pub number: u64,
    /// Its newest commit.
    pub head: Sha,
}

/// A payload that is not what its event has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload is none of a '{event}' event: {problem}")]
pub struct Malformed {
    event: String,
    problem: String,
}

/// Who sends, as far as a payload tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// The repository's name on GitHub, OWNER/NAME.
    pub repository: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    repository: Option<NamedRepository>,
}

#[derive(Deserialize)]
struct NamedRepository {
    full_name: Option<String>,
}

#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: String,
    before: Option<String>,
    after: String,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct Checked {
    action: Option<String>,
    check_run: Option<CheckRun>,
    check_suite: Option<CheckSuite>,
}

#[derive(Deserialize)]
struct CheckRun {
    head_sha: String,
    check_suite: Option<CheckSuite>,
}

#[derive(Deserialize)]
struct CheckSuite {
    head_branch: Option<String>,
    head_sha: Option<String>,
}

#[derive(Deserialize)]
struct Pulled {
    action: Option<String>,
    pull_request: PullRequest,
}

#[derive(Deserialize)]
struct PullRequest {
    number: Option<u64>,
    head: Side,
    base: Option<Side>,
}

#[derive(Deserialize)]
struct Side {
    sha: Option<String>,
    /// Nothing for one that is gone.
    repo: Option<Whose>,
}

#[derive(Deserialize)]
struct Whose {
    id: Option<u64>,
}

impl PullRequest {
    /// Do its commits come from another repository? That a repository is itself a fork says nothing about that.
    fn is_from_a_fork(&self) -> bool {
        let of = |side: &Side| side.repo.as_ref()?.id;
        of(&self.head).is_none() || of(&self.head) != self.base.as_ref().and_then(of)
    }
}

/// Which repository a payload is about.
///
/// # Errors
/// It is no JSON object, or names the repository in a way that GitHub does not.
pub fn sender(body: &str) -> Result<Sender, Malformed> {
    let named: Named = parse("any", body)?;
    Ok(Sender { repository: named.repository.and_then(|repository| repository.full_name) })
}

/// What a delivery asks for.
///
/// # Errors
/// [`Malformed`], if the payload has not what its event has.
pub fn meaning(event: &str, body: &str) -> Result<Meaning, Malformed> {
    match event {
        "push" => push(body),
        "check_run" | "check_suite" => check(event, body),
        ASKED => {
            let Asking { branch, commit, by } = parse(event, body)?;
            if commit == Some(Sha::null()) {
                return Err(not(event, "forty zeros name no commit"));
            }
            Ok(Meaning::Asked { branch, commit, by })
        }
        PROPOSED => proposal(body),
        "issue_comment" | "commit_comment" => answer::comment(event, body),
        "ping" => Ok(Meaning::Nothing("GitHub asked whether anybody listens: yes".to_owned())),
        "deployment_review" => Ok(Meaning::Nothing(
            "an approval is bound to a plan: /approve in a comment, the check's button, or agent approve".to_owned(),
        )),
        other => Ok(Meaning::Nothing(format!("nothing follows from '{other}' events"))),
    }
}

fn push(body: &str) -> Result<Meaning, Malformed> {
    let push: Push = parse("push", body)?;
    let Some(branch) = push.reference.strip_prefix("refs/heads/") else {
        return nothing(if push.reference.starts_with("refs/tags/") {
            "a tag deploys nowhere"
        } else {
            "what was pushed is no branch"
        });
    };
    let commit = of_id(&push.after).ok_or_else(|| not("push", "'after' is no commit id"))?;
    if push.deleted || commit == Sha::null() {
        return nothing("the branch was deleted");
    }
    if push.before.as_deref() == Some(commit.as_str()) {
        return nothing("the branch points to the commit it pointed to before");
    }
    match branch.parse() {
        Ok(branch) => Ok(Meaning::Pushed { branch, commit }),
        Err(_) => Err(not("push", "'ref' is no branch that git would make")),
    }
}

fn check(event: &str, body: &str) -> Result<Meaning, Malformed> {
    let checked: Checked = parse(event, body)?;
    if (event, checked.action.as_deref()) == ("check_run", Some("requested_action")) {
        return answer::button(body);
    }
    if checked.action.as_deref() != Some("rerequested") {
        return Ok(Meaning::Nothing("a check is only ever asked for again".to_owned()));
    }
    let (commit, suite) = match (checked.check_run, checked.check_suite) {
        (Some(run), suite) => (Some(run.head_sha), run.check_suite.or(suite)),
        (None, Some(suite)) => (suite.head_sha.clone(), Some(suite)),
        (None, None) => (None, None),
    };
    let commit = commit.as_deref().and_then(of_id);
    let commit = commit.ok_or_else(|| not(event, "'head_sha' is no commit id"))?;
    match suite.and_then(|suite| suite.head_branch).map(|branch| branch.parse()) {
        Some(Ok(branch)) => Ok(Meaning::Again { branch, commit }),
        Some(Err(_)) => Err(not(event, "'head_branch' is no branch that git would make")),
        None => {
            Ok(Meaning::Nothing("the check is of a commit that is on no branch here".to_owned()))
        }
    }
}

fn proposal(body: &str) -> Result<Meaning, Malformed> {
    let Pulled { action, pull_request: pulled } = parse(PROPOSED, body)?;
    if pulled.is_from_a_fork() {
        return nothing("a pull request from a fork deploys nothing and sees no secret");
    }
    match (action.as_deref(), pulled.number, pulled.head.sha) {
        (Some("closed"), ..) => {
            nothing("a pull request was closed; if it was merged, the push to its branch says so")
        }
        // Edited: it may be meant for another branch now.
        (
            Some("opened" | "reopened" | "synchronize" | "ready_for_review" | "edited"),
            Some(number),
            Some(head),
        ) => {
            let head = of_id(&head).ok_or_else(|| not(PROPOSED, "'head.sha' is no commit id"))?;
            Ok(Meaning::Proposed(Proposed { number, head }))
        }
        _ => nothing("a pull request deploys nothing until it is merged"),
    }
}

fn of_id(text: &str) -> Option<Sha> {
    text.parse().ok()
}

/// Nothing follows.
pub(super) fn nothing(reason: &str) -> Result<Meaning, Malformed> {
    Ok(Meaning::Nothing(reason.to_owned()))
}

pub(super) fn not(event: &str, problem: &str) -> Malformed {
    Malformed { event: event.to_owned(), problem: problem.to_owned() }
}

pub(super) fn parse<'b, T: Deserialize<'b>>(event: &str, body: &'b str) -> Result<T, Malformed> {
    // The message names kinds and places, never values: serde_json would repeat a text of the wrong kind.
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            serde_json::error::Category::Data => "a field is missing or of another kind",
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                "it is no JSON"
            }
        };
        not(event, &format!("{what}, line {line}, column {column}"))
    })
}
