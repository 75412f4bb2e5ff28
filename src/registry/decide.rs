//! Approving, promoting and rejecting: from the versions that were read to the updates to be written.

use super::{
    Act, Authorship, Entry, Grounds, REJECTED, Refusal, history, history::remember, in_use,
    succession::put_in_use,
};
use crate::{
    aws::{Approval, Decision, LifeCycle, ModelPackage},
    ids::EnvName,
};
use jiff::Timestamp;

/// Who decides, where, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    /// The environment that is decided for.
    pub environment: &'a EnvName,
    /// Those before it in the order of promotion: from these it may take a version away.
    pub before: &'a [EnvName],
    /// Who decides, in their own words.
    pub by: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
    /// What to do where the evidence speaks against it.
    pub objections: Objections,
}

/// What to do where the evidence speaks against a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objections {
    /// Refuse.
    Heeded,
    /// Decide all the same, and keep them with the reason.
    Overridden,
}

/// What one version is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The version's ARN.
    pub arn: String,
    /// Its number.
    pub version: i32,
    /// What is written.
    pub decision: Decision,
}

/// What a decision comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// The version that was decided about.
    pub version: i32,
    /// What is to be written, in this order; nothing if all is as it should be.
    pub updates: Vec<Update>,
    /// Versions that are not in use any more.
    pub replaced: Vec<i32>,
    /// Another environment that loses its version by this.
    pub left: Option<String>,
}

/// Approves `version` for the environment: the next inference there uses it.
///
/// # Errors
/// Everything that [`Refusal`] names but what a rollback is refused for.
pub fn approve(
    versions: &[ModelPackage],
    version: i32,
    word: &Word<'_>,
    grounds: &Grounds,
) -> Result<Steps, Refusal> {
    give(versions, version, word, grounds, Act::Approved)
}

/// Gives an approved `version` to a further environment.
///
/// # Errors
/// As [`approve`]; [`Refusal::NotApproved`] besides.
pub fn promote(
    versions: &[ModelPackage],
    version: i32,
    word: &Word<'_>,
    grounds: &Grounds,
) -> Result<Steps, Refusal> {
    if find(versions, version)?.summary.approval != Approval::Approved {
        let environment = word.environment.clone();
        return Err(Refusal::NotApproved { version, environment });
    }
    give(versions, version, word, grounds, Act::Promoted)
}

/// Rejects `version`: no environment uses it from now on.
///
/// # Errors
/// [`Refusal::NoSuchVersion`].
pub fn reject(versions: &[ModelPackage], version: i32, word: &Word<'_>) -> Result<Steps, Refusal> {
    let package = find(versions, version)?;
    if package.summary.approval == Approval::Rejected {
        return Ok(Steps { version, updates: vec![], replaced: vec![], left: None });
    }
    let standing = package.summary.life_cycle.as_ref();
    let mut decision = Decision {
        approval: Some(Approval::Rejected),
        reason: Some(word.reason.to_owned()),
        life_cycle: standing.map(|cycle| LifeCycle {
            stage: cycle.stage.clone(),
            status: REJECTED.to_owned(),
            description: Some(format!("rejected by {}", word.by)),
        }),
        ..Decision::default()
    };
    remember(package, &word.entry(Act::Rejected), &mut decision);
    let left = standing.map(|cycle| cycle.stage.clone()).filter(|_| is_used(versions, package));
    let arn = package.summary.arn.clone();
    Ok(Steps { version, updates: vec![Update { arn, version, decision }], replaced: vec![], left })
}

fn give(
    versions: &[ModelPackage],
    version: i32,
    word: &Word<'_>,
    grounds: &Grounds,
    act: Act,
) -> Result<Steps, Refusal> {
    let chosen = find(versions, version)?;
    if is_used_by(versions, chosen, word.environment) {
        return Ok(put_in_use(versions, chosen, word, act));
    }
    may_stand(versions, chosen, word)?;
    if let Some(what) = grounds.artefact.flaw() {
        return Err(Refusal::Artefact { version, what });
    }
    four_eyes(chosen, word, &grounds.authorship)?;
    let objections = grounds.objections();
    match word.objections {
        Objections::Heeded if !objections.is_empty() => {
            let environment = word.environment.clone();
            Err(Refusal::Objections { version, environment, objections })
        }
        Objections::Overridden if !objections.is_empty() => {
            let against: Vec<String> = objections.iter().map(ToString::to_string).collect();
            let reason = format!("{} (overriding: {})", word.reason, against.join("; "));
            Ok(put_in_use(versions, chosen, &Word { reason: &reason, ..*word }, act))
        }
        Objections::Heeded | Objections::Overridden => Ok(put_in_use(versions, chosen, word, act)),
    }
}

/// May the version stand in the environment at all?
pub(super) fn may_stand(
    versions: &[ModelPackage],
    chosen: &ModelPackage,
    word: &Word<'_>,
) -> Result<(), Refusal> {
    let (version, environment) = (chosen.summary.version, word.environment);
    if !chosen.summary.completed {
        return Err(Refusal::NotCompleted { version, environment: environment.clone() });
    }
    if environment.as_str().contains('_') || environment.as_str().ends_with('-') {
        return Err(Refusal::NoStage { environment: environment.clone() });
    }
    let other = chosen.summary.life_cycle.as_ref().map(|cycle| &cycle.stage);
    match other.filter(|_| is_used(versions, chosen)) {
        Some(other) if !word.before.iter().any(|before| before.as_str() == other) => {
            Err(Refusal::InUseElsewhere { version, other: other.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

fn four_eyes(
    chosen: &ModelPackage,
    word: &Word<'_>,
    authorship: &Authorship,
) -> Result<(), Refusal> {
    let environment = word.environment.clone();
    match authorship {
        Authorship::NotAsked | Authorship::Another => Ok(()),
        Authorship::Own { by } => {
            let commit = chosen.commit.clone().unwrap_or_default();
            Err(Refusal::OwnChange { commit, by: by.clone(), environment })
        }
        Authorship::Unknown { what } => {
            Err(Refusal::UnknownAuthor { what: what.clone(), environment })
        }
    }
}

impl Word<'_> {
    pub(super) fn entry(&self, act: Act) -> Entry {
        Entry {
            at: self.at,
            act,
            environment: self.environment.to_string(),
            by: self.by.to_owned(),
            why: self.reason.to_owned(),
        }
    }
}

/// What was last done to the version in the environment.
pub(super) fn last_act(package: &ModelPackage, environment: &EnvName) -> Option<Act> {
    let there = history(package).into_iter().rev();
    there.filter(|entry| entry.environment == environment.as_str()).map(|entry| entry.act).next()
}

pub(super) fn find(versions: &[ModelPackage], version: i32) -> Result<&ModelPackage, Refusal> {
    versions.iter().find(|package| package.summary.version == version).ok_or_else(|| {
        let known = versions.iter().map(|package| package.summary.version).collect();
        Refusal::NoSuchVersion { version, known }
    })
}

pub(super) fn is_used_by(
    versions: &[ModelPackage],
    package: &ModelPackage,
    environment: &EnvName,
) -> bool {
    in_use(versions, environment).is_some_and(|used| used.summary.arn == package.summary.arn)
}

/// Does the environment that it stands in use it?
pub(super) fn is_used(versions: &[ModelPackage], package: &ModelPackage) -> bool {
    let stage = package.summary.life_cycle.as_ref().and_then(|cycle| cycle.stage.parse().ok());
    stage.is_some_and(|stage| is_used_by(versions, package, &stage))
}
