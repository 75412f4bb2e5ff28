//! Every check fails alone, and says what to do.

use super::world::{World, prod, run};
use jiff::SignedDuration;
use relevo::{
    aws::{Access, Purpose},
    doctor::{Subject, examine},
    foundation::Member,
    ids::{AccountId, Arn},
    preflight::{Check, Outcome},
    rehearsal::{Landscape, Rehearsal},
    spec::Environment,
};
use std::sync::Arc;

async fn examined(world: &World, environment: &Environment) -> Vec<Check> {
    let access = world.access();
    let now = world.bench.now();
    examine(Subject { access, environment, branch: "main", run: &run(), now }).await
}

fn of<'c>(checks: &'c [Check], what: &str) -> &'c Outcome {
    let found = checks.iter().find(|check| check.what == what);
    &found.unwrap_or_else(|| panic!("no {what} in {checks:#?}")).outcome
}

fn failed<'c>(checks: &'c [Check], what: &str) -> (&'c str, &'c str) {
    match of(checks, what) {
        Outcome::Failed { why, fix } => (why, fix),
        other => panic!("{what}: {other:?}"),
    }
}

fn is_ok(checks: &[Check], what: &str) -> bool {
    matches!(of(checks, what), Outcome::Ok { .. })
}

#[tokio::test]
async fn a_wrong_external_id_names_the_cause_and_the_fix_and_the_rest_is_unknown() {
    let world = World::new().await;
    let stranger = Environment { external_id: Some("guessed".to_owned()), ..prod() };
    let checks = examined(&world, &stranger).await;
    let (why, fix) = failed(&checks, "deploy role");
    assert!(why.contains("AssumeRole") && fix.contains("guessed"), "{why} {fix}");
    assert!(is_ok(&checks, "agent's identity") && is_ok(&checks, "clock"));
    assert!(matches!(of(&checks, "bucket"), Outcome::Unknown { .. }));
    assert!(matches!(of(&checks, "image: monitor"), Outcome::Unknown { .. }));
    assert!(is_ok(&checks, "fire times"));
    assert!(world.tap.writes().is_empty());
}

#[tokio::test]
async fn a_role_of_another_account_is_told_with_the_file_to_correct() {
    let world = World::new().await;
    let account: AccountId = "999999999999".parse().unwrap();
    let checks = examined(&world, &Environment { account, ..prod() }).await;
    let (why, fix) = failed(&checks, "deploy role");
    assert!(why.contains("222222222222") && fix.contains("environments/prod.yaml"), "{why} {fix}");
    assert!(world.tap.writes().is_empty());
}

#[tokio::test]
async fn a_bucket_and_a_key_that_are_not_there_fail_alone() {
    let world = World::new().await;
    let missing = Environment {
        bucket: "sagemaker-nobodys-bucket".parse().unwrap(),
        kms_key: "arn:aws:kms:us-east-1:222222222222:key/none".parse().unwrap(),
        ..prod()
    };
    let checks = examined(&world, &missing).await;
    assert!(failed(&checks, "bucket").0.contains("sagemaker-nobodys-bucket"));
    assert!(failed(&checks, "bucket").1.contains("agent bootstrap --env prod"));
    assert!(failed(&checks, "key").0.contains("key/none"));
    assert!(failed(&checks, "store scripts and data").1.contains("s3:PutObject"));
    for well in ["deploy role", "trust policy", "registry", "deploy role cannot approve"] {
        assert!(is_ok(&checks, well), "{well}: {checks:#?}");
    }
    assert!(world.tap.writes().is_empty());
}

#[tokio::test]
async fn a_region_without_images_and_a_group_of_strangers_fail() {
    let world = World::new().await;
    let elsewhere = Environment { region: "mars-north-1".parse().unwrap(), ..prod() };
    let checks = examined(&world, &elsewhere).await;
    assert!(failed(&checks, "image: xgboost").1.contains("images.xgboost"));
    assert!(failed(&checks, "bucket").0.contains("us-east-1"));
    let group = "arn:aws:sagemaker:us-east-1:555555555555:model-package-group/theirs";
    let strangers = Environment { model_package_group: group.parse().unwrap(), ..prod() };
    let checks = examined(&world, &strangers).await;
    assert!(failed(&checks, "registry").1.contains("put-model-package-group-policy"));
}

#[tokio::test]
async fn a_clock_two_hours_off_is_told() {
    let world = World::new().await;
    let there = world.bench.now();
    let ahead = there + SignedDuration::from_hours(2);
    let keys = Rehearsal::base_credentials();
    let access = Access::through(
        world.bench.rehearsal.http_client(),
        &keys.access_key_id,
        &keys.secret_access_key,
    );
    let environment = prod();
    let subject = Subject {
        access: &access,
        environment: &environment,
        branch: "main",
        run: &run(),
        now: ahead,
    };
    let checks = examine(subject).await;
    assert!(failed(&checks, "clock").0.contains("2 h ahead"));
}

/// The account has a role that asks for no external id; the environment file has one all the same.
#[tokio::test]
async fn an_external_id_that_nobody_asks_for_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let now: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let careless = Environment { external_id: None, ..prod() };
    let landscape = Landscape::from(&[careless]);
    let file = folder.path().join("rehearsal.sqlite");
    let rehearsal = Rehearsal::open(&file, landscape, Arc::new(move || now)).await.unwrap();
    let keys = Rehearsal::base_credentials();
    let client = rehearsal.http_client();
    let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key);
    let environment = prod();
    let checks = examine(Subject {
        access: &access,
        environment: &environment,
        branch: "main",
        run: &run(),
        now,
    })
    .await;
    for doubtful in ["external id", "trust policy"] {
        assert!(matches!(of(&checks, doubtful), Outcome::Warning { .. }), "{checks:#?}");
    }
    assert!(is_ok(&checks, "deploy role"));
}

#[tokio::test]
async fn a_diagnosing_session_reads_policies_and_writes_nothing() {
    let world = World::new().await;
    let session = world.session(&prod(), Purpose::Diagnose).await;
    let policy = session.kms().policy(&prod().kms_key).await.unwrap();
    let judged = relevo::preflight::events_may_use(&policy, prod().kms_key.as_str());
    assert!(matches!(judged, Outcome::Ok { .. }), "{judged:?}");
    let error = session.logs().create_group(&prod().log_group).await.unwrap_err();
    assert_eq!(error.class, relevo::aws::ErrorClass::Denied);
    let reader = world.session(&prod(), Purpose::Read).await;
    assert!(reader.kms().policy(&prod().kms_key).await.is_err());
}

#[tokio::test]
async fn a_key_that_the_file_names_by_an_alias_is_judged_as_the_key_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let now: jiff::Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let alias: Arn = "arn:aws:kms:us-east-1:222222222222:alias/ml".parse().unwrap();
    let member = Member {
        environment: prod(),
        written_key: alias.clone(),
        before: vec![],
        stage_images: [].into(),
    };
    let landscape = Landscape::of(&[member]);
    let file = folder.path().join("rehearsal.sqlite");
    let rehearsal = Rehearsal::open(&file, landscape, Arc::new(move || now)).await.unwrap();
    let keys = Rehearsal::base_credentials();
    let client = rehearsal.http_client();
    let access = Access::through(client, &keys.access_key_id, &keys.secret_access_key);
    let examined = async |kms_key: &Arn| {
        let environment = Environment { kms_key: kms_key.clone(), ..prod() };
        let (access, environment) = (&access, &environment);
        examine(Subject { access, environment, branch: "main", run: &run(), now }).await
    };
    let checks = examined(&alias).await;
    for well in ["key", "key: EventBridge", "use the key", "bucket: encryption"] {
        assert!(is_ok(&checks, well), "{well}: {checks:#?}");
    }
    let nobodys = "arn:aws:kms:us-east-1:222222222222:alias/nobodys".parse().unwrap();
    let checks = examined(&nobodys).await;
    let outcome = of(&checks, "use the key");
    assert!(matches!(outcome, Outcome::Unknown { .. }), "it is not the role's fault: {outcome:?}");
}
