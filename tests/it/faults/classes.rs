//! Which class each fault is of, where no further attempt makes it good.

use super::{proxy::Fault, world::World};
use relevo::{
    aws::{ErrorClass, Purpose},
    plan::tags,
};

/// Attempts of each call.
const ATTEMPTS: usize = 3;

#[tokio::test]
async fn each_fault_that_stays_has_its_class() {
    let world = World::new().await;
    let session = world.session(Purpose::Read).await;
    for (fault, class, attempts) in [
        (Fault::Fails(500), ErrorClass::Unavailable, ATTEMPTS),
        (Fault::Fails(503), ErrorClass::Unavailable, ATTEMPTS),
        (Fault::Throttles(None), ErrorClass::Throttled, ATTEMPTS),
        (Fault::Throttles(Some(9)), ErrorClass::Throttled, ATTEMPTS),
        (Fault::ResetBefore, ErrorClass::Unavailable, ATTEMPTS),
        (Fault::ResetAfter, ErrorClass::Unavailable, ATTEMPTS),
        (Fault::Truncated, ErrorClass::Unavailable, ATTEMPTS),
        (Fault::Expired, ErrorClass::Expired, 1),
    ] {
        for operation in ["GetTopicAttributes", "DescribePipeline", "lambda GET", "DescribeRule"] {
            world.proxy.spoil(operation, ATTEMPTS, fault);
            let error = match operation {
                "GetTopicAttributes" => {
                    session.sns().topic("arn:aws:sns:us-east-1:222222222222:t").await.unwrap_err()
                }
                "DescribePipeline" => session.sagemaker().pipeline("p").await.unwrap_err(),
                "lambda GET" => session.lambda().head("f").await.unwrap_err(),
                _ => session.events().rule("r").await.unwrap_err(),
            };
            assert_eq!(error.class, class, "{operation} {fault:?}: {error}");
            assert_eq!(world.proxy.spoilt(), attempts, "{operation} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_pipeline_whose_answers_are_lost_is_made_and_changed_once() {
    let world = World::new().await;
    let (desired, _) = world.planned().await;
    let sagemaker = world.session(Purpose::Deploy).await.sagemaker();
    let (mut spec, tags) = (desired.train.clone(), tags(&world.prod));
    for operation in ["CreatePipeline", "UpdatePipeline"] {
        for fault in [Fault::ResetAfter, Fault::Truncated, Fault::Fails(500)] {
            spec.description.push('+');
            world.proxy.spoil(operation, 1, fault);
            match operation {
                "CreatePipeline" => {
                    let arn = sagemaker.create_pipeline(&spec, &tags).await.unwrap();
                    assert_eq!(arn, spec.arn, "{fault:?}");
                }
                _ => sagemaker.update_pipeline(&spec.arn, &spec, &tags).await.unwrap(),
            }
            assert_eq!(world.proxy.spoilt(), 1);
            let there = sagemaker.pipeline(&spec.name).await.unwrap().unwrap();
            assert_eq!(there.description, spec.description, "{operation} {fault:?}");
            if operation == "CreatePipeline" {
                world.proxy.plan([]);
                let remover = world.past(Purpose::Destroy).await.sagemaker();
                let token = "0".repeat(32);
                remover.delete_pipeline(&spec.name, &token).await.unwrap();
            }
        }
        world.proxy.plan([]);
        sagemaker.create_pipeline(&spec, &tags).await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let world = World::new().await;
    let logs = world.session(Purpose::Deploy).await.logs();
    let group = &world.prod.log_group;
    logs.create_group(group).await.unwrap();
    world.proxy.spoil("DescribeLogGroups", 3, Fault::EmptyPage("logGroups"));
    assert!(logs.group(&group.name).await.unwrap().is_some());
    assert_eq!(world.proxy.spoilt(), 3);
    world.proxy.spoil("DescribeLogGroups", usize::MAX, Fault::EmptyPage("logGroups"));
    let endless = logs.group(&group.name).await.unwrap_err();
    assert_eq!(endless.class, ErrorClass::LimitExceeded);
}
