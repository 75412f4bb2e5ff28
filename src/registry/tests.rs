//! Decisions on versions in memory, written as SageMaker would write them.

use super::{fixture::*, *};
use crate::{
    aws::ModelPackage,
    ids::EnvName,
    model::{
        Scores,
        champion::{Contest, Incomparable, Standing, compare},
    },
};
use proptest::prelude::*;

/// A group, and the minute that it is.
struct Group {
    versions: Vec<ModelPackage>,
    minute: i32,
}

fn name(environment: &str) -> EnvName {
    environment.parse().unwrap()
}

fn good() -> Grounds {
    Grounds {
        artefact: Artefact::AsRegistered,
        authorship: Authorship::NotAsked,
        seal: Seal::Intact,
        gate_refused: None,
        champion: None,
    }
}

/// Asks for something in the name of Ada.
fn ada<T>(
    environment: &str,
    objections: Objections,
    ask: impl FnOnce(&Word<'_>, i32) -> T,
    minute: i32,
) -> T {
    let (environment, dev) = (name(environment), [name("dev")]);
    let before: &[EnvName] = if environment.as_str() == "prod" { &dev } else { &[] };
    let (by, reason, at) = ("ada@example.org", "reviewed", at(minute));
    ask(&Word { environment: &environment, before, by, reason, at, objections }, minute)
}

impl Group {
    /// Versions 1 to `count`, all pending.
    fn of(count: i32) -> Self {
        Self { versions: (1..=count).map(pending).collect(), minute: 100 }
    }

    fn ask<T>(&self, environment: &str, ask: impl FnOnce(&[ModelPackage], &Word<'_>) -> T) -> T {
        ada(environment, Objections::Heeded, |word, _| ask(&self.versions, word), self.minute)
    }

    fn approve(&self, version: i32, environment: &str) -> Result<Steps, Refusal> {
        self.ask(environment, |versions, word| approve(versions, version, word, &good()))
    }

    fn rollback(&self, environment: &str, to: Option<i32>) -> Result<Steps, Refusal> {
        self.ask(environment, |versions, word| {
            let version = way_back(versions, word.environment, to)?.summary.version;
            rollback(versions, version, word, Artefact::AsRegistered)
        })
    }

    /// Writes the first `most` updates.
    fn write(&mut self, steps: &Steps, most: usize) {
        for update in steps.updates.iter().take(most) {
            self.minute += 1;
            let package = self.versions.iter_mut().find(|p| p.summary.arn == update.arn).unwrap();
            let decision = update.decision.clone();
            package.modified = Some(at(self.minute));
            package.summary.approval = decision.approval.unwrap_or(package.summary.approval);
            package.approval_description = decision.reason.or(package.approval_description.take());
            package.summary.life_cycle = decision.life_cycle.or(package.summary.life_cycle.take());
            package.notes.extend(decision.notes);
            package.notes.retain(|name, _| !decision.forgotten.contains(name));
        }
    }

    fn done(&mut self, steps: Result<Steps, Refusal>) -> Steps {
        let steps = steps.unwrap();
        self.write(&steps, usize::MAX);
        steps
    }

    fn used(&self, environment: &str) -> Option<i32> {
        in_use(&self.versions, &name(environment)).map(|package| package.summary.version)
    }

    fn standing(&self, version: i32) -> String {
        let package = &self.versions[usize::try_from(version - 1).unwrap()];
        let cycle = package.summary.life_cycle.as_ref().unwrap();
        format!("{} {}", cycle.stage, cycle.status)
    }
}

#[test]
fn an_approved_version_is_in_use_and_marks_what_it_replaces() {
    let mut group = Group::of(2);
    let steps = group.approve(1, "prod");
    assert_eq!(group.done(steps).replaced, Vec::<i32>::new());
    let steps = group.approve(2, "prod");
    let steps = group.done(steps);
    assert_eq!((group.used("prod"), steps.replaced), (Some(2), vec![1]));
    assert_eq!(
        (group.standing(2), group.standing(1)),
        ("prod Approved".into(), "prod Superseded".into())
    );
    assert_eq!(group.versions[1].notes["approved_by"], "ada@example.org");
    let told: Vec<String> = history(&group.versions[0]).iter().map(Entry::to_string).collect();
    assert_eq!(
        told,
        [
            "2026-11-22T13:40:00Z / approved / prod / ada@example.org / reviewed",
            "2026-11-22T13:41:00Z / superseded / prod / ada@example.org / version 2 took its place: reviewed",
        ]
    );
}

#[test]
fn what_is_as_it_should_be_is_not_written_again() {
    let mut group = Group::of(1);
    let steps = group.approve(1, "prod");
    group.done(steps);
    assert_eq!(group.approve(1, "prod").unwrap().updates, []);
    let reject = |group: &Group| group.ask("prod", |versions, word| reject(versions, 1, word));
    let steps = reject(&group);
    assert_eq!(group.done(steps).left.as_deref(), Some("prod"));
    assert_eq!((group.used("prod"), group.standing(1)), (None, "prod Rejected".into()));
    assert_eq!(reject(&group).unwrap().updates, []);
}

#[test]
fn a_rollback_goes_to_the_version_before_and_then_further_back() {
    let mut group = Group::of(3);
    for version in 1..=3 {
        let steps = group.approve(version, "prod");
        group.done(steps);
    }
    let steps = group.rollback("prod", None);
    assert_eq!(group.done(steps).replaced, [3]);
    assert_eq!(group.used("prod"), Some(2));
    let steps = group.rollback("prod", None);
    group.done(steps);
    assert_eq!(group.used("prod"), Some(1), "version 3 was left and is not gone back to");
    let environment = name("prod");
    assert_eq!(group.rollback("prod", None), Err(Refusal::NothingBefore { environment }));
    let steps = group.rollback("prod", Some(3));
    group.done(steps);
    assert_eq!(group.used("prod"), Some(3), "unless it is named");
}

#[test]
fn a_rollback_goes_only_where_the_environment_has_been() {
    let mut group = Group::of(3);
    let steps = group.approve(1, "prod");
    group.done(steps);
    let steps = group.approve(2, "dev");
    group.done(steps);
    for version in [2, 3] {
        let refused = Refusal::NeverUsed { version, environment: name("prod") };
        assert_eq!(group.rollback("prod", Some(version)), Err(refused));
    }
    assert!(matches!(group.rollback("prod", Some(9)), Err(Refusal::NoSuchVersion { .. })));
    let steps =
        group.ask("prod", |versions, word| rollback(versions, 1, word, Artefact::Changed).unwrap());
    assert_eq!(steps.updates, [], "it is in use already");
}

#[test]
fn a_rollback_needs_the_file_that_was_registered() {
    let mut group = Group::of(2);
    for version in [1, 2] {
        let steps = group.approve(version, "prod");
        group.done(steps);
    }
    for artefact in [Artefact::Changed, Artefact::Gone] {
        let refused = group.ask("prod", |versions, word| rollback(versions, 1, word, artefact));
        assert!(matches!(refused, Err(Refusal::Artefact { version: 1, .. })), "{refused:?}");
    }
}

#[test]
fn promoting_moves_a_version_up_and_never_takes_one_from_above() {
    let mut group = Group::of(2);
    let promote_to = |group: &Group, version, environment: &str| {
        group.ask(environment, |versions, word| promote(versions, version, word, &good()))
    };
    assert!(matches!(promote_to(&group, 1, "prod"), Err(Refusal::NotApproved { .. })));
    let steps = group.approve(1, "dev");
    group.done(steps);
    let steps = promote_to(&group, 1, "prod");
    assert_eq!(group.done(steps).left.as_deref(), Some("dev"));
    assert_eq!((group.used("dev"), group.used("prod")), (None, Some(1)));
    let refused = promote_to(&group, 1, "dev");
    assert_eq!(refused, Err(Refusal::InUseElsewhere { version: 1, other: "prod".into() }));
}

#[test]
fn ones_own_change_is_refused_and_so_is_one_of_nobody() {
    let group = Group::of(1);
    let by = |authorship: Authorship| {
        let grounds = Grounds { authorship, ..good() };
        group.ask("prod", |versions, word| {
            let overriding = Word { objections: Objections::Overridden, ..*word };
            approve(versions, 1, &overriding, &grounds).map(|steps| steps.version)
        })
    };
    let own = by(Authorship::Own { by: "ada".into() });
    assert!(matches!(own, Err(Refusal::OwnChange { .. })), "{own:?}");
    let unknown = by(Authorship::Unknown { what: "its commit is not here".into() });
    assert!(matches!(unknown, Err(Refusal::UnknownAuthor { .. })), "{unknown:?}");
    assert_eq!(by(Authorship::Another), Ok(1));
}

/// A challenger that is plainly worse than version 7.
fn worse() -> Rival {
    let labels: Vec<bool> = (0..80).map(|n| n % 2 == 0).collect();
    let test: String =
        labels.iter().enumerate().map(|(n, l)| format!("{},{n}\n", u8::from(*l))).collect();
    let of = |wrong: usize| Scores {
        labels: labels.clone(),
        scores: (0..80).map(|n| f64::from(u8::from((n % 2 == 0) == (n % wrong != 0)))).collect(),
    };
    let (challenger, champion) = (of(3), of(40));
    let contest =
        Contest { test: &test, challenger: &challenger, champion: &champion, champion_saw: &[] };
    Rival { version: 7, standing: compare(&contest) }
}

#[test]
fn what_the_evidence_says_against_it_is_refused_or_kept_with_the_reason() {
    let group = Group::of(1);
    let grounds = Grounds {
        seal: Seal::Broken { what: "scores.csv".into() },
        gate_refused: Some("AUC below the floor".into()),
        champion: Some(worse()),
        ..good()
    };
    let refused = group.ask("prod", |versions, word| approve(versions, 1, word, &grounds));
    let Err(Refusal::Objections { objections, .. }) = &refused else { panic!("{refused:?}") };
    assert_eq!(objections.len(), 3);
    let steps = group.ask("prod", |versions, word| {
        let overriding = Word { objections: Objections::Overridden, ..*word };
        approve(versions, 1, &overriding, &grounds).unwrap()
    });
    let reason = steps.updates[0].decision.reason.clone().unwrap();
    assert!(
        reason.starts_with(
            "reviewed (overriding: its evidence was changed (scores.csv); the gate refused it"
        ),
        "{reason}"
    );
    assert!(reason.contains("worse than that of version 7 (p = 0.0"), "{reason}");
}

#[test]
fn a_champion_that_cannot_be_compared_is_no_objection() {
    let standing = Standing::none(Incomparable::NotScored);
    let grounds = Grounds { champion: Some(Rival { version: 1, standing }), ..good() };
    assert_eq!(grounds.objections(), []);
}

#[test]
fn a_changed_model_cannot_be_approved_at_all() {
    let group = Group::of(1);
    let grounds = Grounds { artefact: Artefact::Gone, ..good() };
    let refused = group.ask("prod", |versions, word| {
        let overriding = Word { objections: Objections::Overridden, ..*word };
        approve(versions, 1, &overriding, &grounds)
    });
    assert!(matches!(refused, Err(Refusal::Artefact { .. })), "{refused:?}");
}

#[test]
fn a_name_that_is_no_stage_is_told_before_sagemaker_refuses_it() {
    for environment in ["pre_prod", "prod-"] {
        let refused = Group::of(1).approve(1, environment);
        assert!(matches!(refused, Err(Refusal::NoStage { .. })), "{refused:?}");
    }
}

/// Something that a person may ask for.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Approve(i32),
    Reject(i32),
    Rollback,
}

impl Wish {
    fn ask(self, group: &Group) -> Result<Steps, Refusal> {
        match self {
            Self::Approve(version) => group.approve(version, "prod"),
            Self::Reject(version) => {
                group.ask("prod", |versions, word| reject(versions, version, word))
            }
            Self::Rollback => group.rollback("prod", None),
        }
    }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let wish = prop_oneof![
        3 => (1..=4).prop_map(Wish::Approve),
        1 => (1..=4).prop_map(Wish::Reject),
        2 => Just(Wish::Rollback),
    ];
    proptest::collection::vec(wish, 1..12)
}

proptest! {
    /// The agent may die after any update; asking again leads to where it would have led. (To roll back once more
    /// after a rollback that was completed goes further back.)
    #[test]
    fn a_decision_that_broke_off_is_completed_by_asking_again(wishes in wishes(), written in 0_usize..3) {
        let mut group = Group::of(4);
        for wish in wishes {
            let Ok(steps) = wish.ask(&group) else { continue };
            let mut whole = Group { versions: group.versions.clone(), minute: group.minute };
            whole.write(&steps, usize::MAX);
            group.write(&steps, written);
            if written > 0 {
                prop_assert_eq!(group.used("prod"), whole.used("prod"), "after the first update");
            }
            if !matches!(wish, Wish::Rollback) || written < steps.updates.len() {
                let again = wish.ask(&group).unwrap();
                group.write(&again, usize::MAX);
            }
            prop_assert_eq!(group.used("prod"), whole.used("prod"));
            let standing = |group: &Group| group.versions.iter().map(|p| p.summary.life_cycle.clone()).collect::<Vec<_>>();
            prop_assert_eq!(standing(&group), standing(&whole));
        }
    }

    #[test]
    fn one_version_at_most_stands_approved_in_an_environment(wishes in wishes()) {
        let mut group = Group::of(4);
        for wish in wishes {
            if let Ok(steps) = wish.ask(&group) {
                group.write(&steps, usize::MAX);
            }
            let standing = group.versions.iter().filter(|p| is_approved_for(&p.summary, &name("prod"))).count();
            prop_assert!(standing <= 1);
        }
    }
}
