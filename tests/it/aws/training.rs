//! The train pipeline alone, then its model's way to a schedule that fires.

use super::world::{Example, Heard, World, apply, apply_all, dev, prod};
use relevo::{
    aws::{Approval, Decision, ExecutionStatus, LifeCycle, Purpose, StepDetail},
    plan::{Change, Part, RuleState},
};
use std::collections::BTreeMap;

/// Looks at an execution before it is given up; each lets it take one step.
const MOST_LOOKS: usize = 100;

#[tokio::test]
async fn a_training_needs_no_more_than_its_part_and_its_model_starts_the_schedule() {
    let (world, example) = (World::new().await, Example::read());
    let session = world.session(&dev(), Purpose::Train).await;
    let planned = world.plan(&example, &dev()).await;
    apply(&session, &planned, Part::Training, &mut Heard::default()).await.unwrap();
    let sagemaker = session.sagemaker();
    assert_eq!(sagemaker.pipeline("mammo-severity-inference-pipeline").await.unwrap(), None);

    let token = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e-train-1";
    let none = BTreeMap::new();
    let start = || sagemaker.start("mammo-severity-train-pipeline", token, &none);
    let execution = start().await.unwrap();
    assert_eq!(start().await.unwrap(), execution, "one token is one execution");
    let mut record = sagemaker.execution(&execution).await.unwrap();
    for _ in 0..MOST_LOOKS {
        if record.status.is_over() {
            break;
        }
        record = sagemaker.execution(&execution).await.unwrap();
    }
    let steps = sagemaker.steps(&execution).await.unwrap();
    assert_eq!(record.status, ExecutionStatus::Succeeded, "{record:?} {steps:#?}");
    let registered = steps.iter().find_map(|step| match &step.detail {
        StepDetail::RegisterModel(arn) => Some(arn.clone()),
        _ => None,
    });
    let package = sagemaker.package(&registered.unwrap()).await.unwrap().unwrap();
    assert_eq!(package.summary.approval, Approval::Pending);
    assert_eq!(package.commit.as_deref(), Some("0123456789abcdef0123456789abcdef01234567"));

    let deployer = world.session(&prod(), Purpose::Deploy).await;
    apply_all(&deployer, &world.plan(&example, &prod()).await).await.unwrap();
    let approver = world.session(&prod(), Purpose::Approve).await;
    let arn = &package.summary.arn;
    let stands = |stage: &str| Decision {
        approval: Some(Approval::Approved),
        reason: Some("looks right".to_owned()),
        life_cycle: Some(LifeCycle {
            stage: stage.to_owned(),
            status: "Approved".to_owned(),
            description: None,
        }),
        ..Decision::default()
    };
    approver.sagemaker().decide(arn, &stands("dev")).await.unwrap();
    let (_, elsewhere) = world.plan(&example, &prod()).await;
    assert!(elsewhere.notes[0].contains("is approved for prod yet"), "{:?}", elsewhere.notes);
    approver.sagemaker().decide(arn, &stands("prod")).await.unwrap();
    let (desired, _) = world.plan(&example, &prod()).await;
    let batch = &desired.batch;
    deployer.s3().put(&batch.bucket, &batch.key, b"3,44,1,1,3\n".to_vec()).await.unwrap();
    let folder = batch.key.rsplit_once('/').unwrap().0;
    assert_eq!(
        deployer.s3().list(&batch.bucket, folder).await.unwrap(),
        std::slice::from_ref(&batch.key)
    );
    let planned = world.plan(&example, &prod()).await;
    let [Change::PutRule { to, .. }] = &planned.1.changes[..] else { panic!("{planned:?}") };
    assert_eq!(to.state, RuleState::Enabled);
    apply_all(&deployer, &planned).await.unwrap();
    let rule = deployer.events().rule(&to.name).await.unwrap().unwrap();
    assert_eq!(rule.state, RuleState::Enabled);
}
