//! What SageMaker's jobs say of themselves in CloudWatch, and what of it reaches the stage's log.

use super::promotion::promoted;
use crate::{cloud::DEV, world::World};

/// Every line of a group in dev, with its stream.
fn lines(world: &World, group: &str) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let logs =
            aws_sdk_cloudwatchlogs::Client::new(&world.app(".agent").await.account(DEV).await);
        let found = logs.filter_log_events().log_group_name(group).send().await.unwrap();
        let events = found.events.unwrap_or_default().into_iter();
        events.map(|e| (e.log_stream_name.unwrap(), e.message.unwrap())).collect()
    })
}

#[test]
fn each_job_has_a_stream_of_its_own_and_no_row_stands_in_it() {
    let world = promoted();
    let data = world.read("data/mammographic.csv");
    for (group, jobs) in [("ProcessingJobs", 3), ("TrainingJobs", 1)] {
        let lines = lines(&world, &format!("/aws/sagemaker/{group}"));
        let done = lines.iter().filter(|(_, message)| message == "Reporting job SUCCESS");
        assert_eq!(done.count(), jobs, "{lines:?}");
        assert!(lines.iter().all(|(stream, _)| stream.contains("/algo-1-")), "{lines:?}");
        for row in data.lines().skip(1) {
            assert!(!lines.iter().any(|(_, message)| message.contains(row)), "{row}");
        }
    }
}

#[test]
fn the_end_of_a_failed_job_s_log_is_brought_along() {
    let world = World::new();
    world.edit(
        "templates/pipelines/train.json.hbs",
        r#""max_depth": "5""#,
        r#""max_depth": "deep""#,
    );
    world.commit("Grow trees of a depth that is no number");
    let told = world.agent(&["run", "--branch", "main"]).exits(1);
    told.says("the end of its log (/aws/sagemaker/TrainingJobs, ");
    told.says("  | 2 channels").says("  | Reporting job FAILURE");
    let (_, last) = lines(&world, "/aws/sagemaker/TrainingJobs").pop().unwrap();
    assert_eq!(last, "Reporting job FAILURE");
}
