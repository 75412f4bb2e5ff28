//! Going back to a version that was in use before.

use super::{
    Act, Artefact, Refusal, SUPERSEDED, Steps, Word,
    decide::{find, is_used_by, last_act, may_stand},
    history, in_use, is_approved_for,
    succession::put_in_use,
};
use crate::{
    aws::{Approval, ModelPackage},
    ids::EnvName,
};

/// The version that a rollback of `environment` goes to: `to`, or the one in use before. What a rollback has left is
/// never gone back to by itself. If a rollback broke off before it had marked what it replaced, it is the version in
/// use, so that rolling back again completes that one and does not go further back.
///
/// # Errors
/// [`Refusal::NoSuchVersion`], [`Refusal::NeverUsed`], [`Refusal::NothingBefore`].
pub fn way_back<'v>(
    versions: &'v [ModelPackage],
    environment: &EnvName,
    to: Option<i32>,
) -> Result<&'v ModelPackage, Refusal> {
    if let Some(version) = to {
        let wanted = find(versions, version)?;
        return if was_used(wanted, environment) && is_approved(wanted) {
            Ok(wanted)
        } else {
            Err(Refusal::NeverUsed { version, environment: environment.clone() })
        };
    }
    let current = in_use(versions, environment);
    let others = || {
        let arn = current.map(|current| &current.summary.arn);
        versions.iter().filter(move |package| Some(&package.summary.arn) != arn)
    };
    let latest = |package: &&ModelPackage| (package.modified, package.summary.version);
    let unmarked = others()
        .filter(|package| is_approved_for(&package.summary, environment))
        .max_by_key(latest);
    match (current, unmarked) {
        (Some(current), Some(_)) if last_act(current, environment) == Some(Act::Restored) => {
            Ok(current)
        }
        (_, Some(unmarked)) => Ok(unmarked),
        (_, None) => others()
            .filter(|package| is_approved(package) && stands_superseded(package, environment))
            .filter(|package| last_act(package, environment) != Some(Act::Withdrawn))
            .max_by_key(latest)
            .ok_or_else(|| Refusal::NothingBefore { environment: environment.clone() }),
    }
}

/// Approves an older version again: the inference takes it up because it is changed last.
///
/// # Errors
/// [`Refusal::NoSuchVersion`], [`Refusal::Artefact`], [`Refusal::InUseElsewhere`], [`Refusal::NotCompleted`].
pub fn rollback(
    versions: &[ModelPackage],
    version: i32,
    word: &Word<'_>,
    artefact: Artefact,
) -> Result<Steps, Refusal> {
    let chosen = find(versions, version)?;
    if !is_used_by(versions, chosen, word.environment) {
        may_stand(versions, chosen, word)?;
        if let Some(what) = artefact.flaw() {
            return Err(Refusal::Artefact { version, what });
        }
    }
    Ok(put_in_use(versions, chosen, word, Act::Restored))
}

fn is_approved(package: &ModelPackage) -> bool {
    package.summary.approval == Approval::Approved && package.summary.completed
}

fn stands_superseded(package: &ModelPackage, environment: &EnvName) -> bool {
    let cycle = package.summary.life_cycle.as_ref();
    cycle.is_some_and(|cycle| cycle.stage == environment.as_str() && cycle.status == SUPERSEDED)
}

fn was_used(package: &ModelPackage, environment: &EnvName) -> bool {
    let stands = package.summary.life_cycle.as_ref();
    stands.is_some_and(|cycle| cycle.stage == environment.as_str())
        || history(package).iter().any(|entry| {
            entry.environment == environment.as_str()
                && matches!(entry.act, Act::Approved | Act::Promoted | Act::Restored)
        })
}
