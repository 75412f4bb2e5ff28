//! Targets that fail: for good, for a while, and for too long.

use super::*;

#[tokio::test]
async fn what_fails_for_good_becomes_a_dead_letter_without_a_retry() {
    let plant = Plant::new().await;
    let target = with_parameter(start_training(), "DataWindwo", "all");
    plant.on_drift(vec![with_dead_letters(target)]).await;
    plant.tell(&drift()).await;
    let attributes = dead_letter(&plant).await;
    assert_eq!(attributes["ERROR_CODE"], "INVALID_PARAMETER");
    assert!(attributes["ERROR_MESSAGE"].contains("DataWindwo"));
    assert_eq!(attributes["RULE_ARN"], "arn:aws:events:us-east-1:111111111111:rule/drift");
    assert_eq!(attributes["TARGET_ARN"], PIPELINE);
    assert_eq!(attributes["RETRY_ATTEMPTS"], "0");
    assert_eq!(attributes.get("EXHAUSTED_RETRY_CONDITION"), None);
    let event: Value = serde_json::from_str(&plant.mail().await[0].body).unwrap();
    assert_eq!(event["detail"], drift());
    assert_eq!(counts(&plant.metrics().await), (1, 1, 1));
}

#[tokio::test]
async fn a_throttled_target_is_tried_again_until_it_takes_the_event() {
    for fault in [Fault::Throttled, Fault::Broken] {
        let plant = Plant::new().await;
        plant.on_drift(vec![start_training(), alert()]).await;
        plant.tell_as("Step Status Change", &drift()).await;
        let trouble = plant.in_trouble(fault);
        for _ in 0..3 {
            assert_eq!(trouble.settle().await.unwrap(), Activity::Idle);
            plant.bench.pass(jiff::SignedDuration::from_secs(8));
        }
        assert!(plant.bench.rehearsal.rule_metrics().await.unwrap()[0].failed_invocations == 0);
        plant.settle().await;
        assert_eq!((plant.trainings().await.len(), plant.mail().await.len()), (1, 1));
        assert_eq!(counts(&plant.metrics().await), (8, 0, 0));
    }
}

#[tokio::test]
async fn retries_end_when_there_were_enough() {
    let plant = Plant::new().await;
    let target = with_dead_letters(with_retries(start_training(), 3, 86_400));
    plant.on_drift(vec![target]).await;
    plant.tell_as("Step Status Change", &drift()).await;
    let trouble = plant.in_trouble(Fault::Throttled);
    for _ in 0..10 {
        trouble.settle().await.unwrap();
        plant.bench.pass(jiff::SignedDuration::from_secs(600));
    }
    let attributes = dead_letter(&plant).await;
    assert_eq!(attributes["ERROR_CODE"], "THROTTLING");
    assert_eq!(attributes["EXHAUSTED_RETRY_CONDITION"], "MaximumRetryAttempts");
    assert_eq!(attributes["RETRY_ATTEMPTS"], "3");
    assert_eq!(counts(&plant.metrics().await), (4, 1, 1));
    assert!(plant.trainings().await.is_empty());
}

#[tokio::test]
async fn retries_end_when_the_event_is_too_old_even_if_nobody_looked() {
    let plant = Plant::new().await;
    plant.on_drift(vec![with_retries(start_training(), 185, 60)]).await;
    plant.tell_as("Step Status Change", &drift()).await;
    let trouble = plant.in_trouble(Fault::Broken);
    trouble.settle().await.unwrap();
    plant.look_in(61).await;
    let reason = reason(&plant).await;
    assert!(reason.starts_with("INTERNAL_ERROR: "), "{reason}");
    assert!(reason.ends_with("given up (MaximumEventAgeInSeconds, retries: 1)"), "{reason}");
    assert!(plant.trainings().await.is_empty());
}
