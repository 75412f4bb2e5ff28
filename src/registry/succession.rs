//! One version in the place of another.

use super::{
    APPROVED, Act, SUPERSEDED, Steps, Update, Word,
    decide::{is_used, is_used_by, last_act},
    history::remember,
    is_approved_for,
};
use crate::aws::{Approval, Decision, LifeCycle, ModelPackage};

/// What puts `chosen` in use and marks what it replaces. If it is in use, only what an earlier decision has not marked.
pub(super) fn put_in_use(
    versions: &[ModelPackage],
    chosen: &ModelPackage,
    word: &Word<'_>,
    act: Act,
) -> Steps {
    let mut steps = Steps {
        version: chosen.summary.version,
        updates: Vec::new(),
        replaced: Vec::new(),
        left: None,
    };
    let stays = is_used_by(versions, chosen, word.environment);
    let act = if stays { last_act(chosen, word.environment).unwrap_or(act) } else { act };
    if !stays {
        let stage = chosen.summary.life_cycle.as_ref().map(|cycle| cycle.stage.clone());
        steps.left = stage.filter(|_| is_used(versions, chosen));
        steps.updates.push(taken_up(chosen, word, act));
    }
    for former in versions {
        let differs = former.summary.version != chosen.summary.version;
        if differs && is_approved_for(&former.summary, word.environment) {
            steps.replaced.push(former.summary.version);
            steps.updates.push(left_behind(former, chosen, word, act));
        }
    }
    steps
}

fn taken_up(chosen: &ModelPackage, word: &Word<'_>, act: Act) -> Update {
    let mut decision = Decision {
        approval: Some(Approval::Approved),
        reason: Some(word.reason.to_owned()),
        life_cycle: Some(LifeCycle {
            stage: word.environment.to_string(),
            status: APPROVED.to_owned(),
            description: Some(format!("{} by {}", act.word(), word.by)),
        }),
        ..Decision::default()
    };
    decision.notes.insert("approved_by".to_owned(), word.by.to_owned());
    decision.notes.insert("approved_at".to_owned(), word.at.strftime("%FT%TZ").to_string());
    remember(chosen, &word.entry(act), &mut decision);
    Update { arn: chosen.summary.arn.clone(), version: chosen.summary.version, decision }
}

fn left_behind(
    former: &ModelPackage,
    chosen: &ModelPackage,
    word: &Word<'_>,
    by_act: Act,
) -> Update {
    let act = match by_act {
        Act::Restored => Act::Withdrawn,
        Act::Approved | Act::Rejected | Act::Promoted | Act::Superseded | Act::Withdrawn => {
            Act::Superseded
        }
    };
    let version = chosen.summary.version;
    let mut decision = Decision {
        life_cycle: Some(LifeCycle {
            stage: word.environment.to_string(),
            status: SUPERSEDED.to_owned(),
            description: Some(format!("version {version} took its place")),
        }),
        ..Decision::default()
    };
    let why = format!("version {version} took its place: {}", word.reason);
    let entry = Word { reason: &why, ..*word }.entry(act);
    remember(former, &entry, &mut decision);
    Update { arn: former.summary.arn.clone(), version: former.summary.version, decision }
}
