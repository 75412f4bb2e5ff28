//! What the new training is trained on.

use super::ward::{Ward, only, usual};
use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use relevo::{ids::S3Uri, watch::Action};
use std::collections::BTreeMap;

/// Labelled rows of a hospital with older patients, as they arrive.
fn arrived() -> String {
    let rows: String = (0..60)
        .map(|n| format!("4,{},{},{},3,{}\n", 70 + n % 25, n % 4 + 1, n % 5 + 1, n % 2))
        .collect();
    format!("BI-RADS,Age,Shape,Margin,Density,Severity\n{rows}")
}

#[tokio::test]
async fn data_that_arrived_is_trained_on_and_noted_with_the_version() {
    let ward = Ward::new(usual()).await;
    ward.put("arrived/too-old.csv", &arrived()).await;
    ward.pass(100 * 24);
    ward.put("arrived/2027/march.csv", &arrived()).await;
    ward.put("arrived/notes.txt", "not for training").await;
    ward.night(24, &ward.drifted()).await;
    let pass = ward.look().await;
    let answer = only(&pass);
    let Action::StartTraining(training) = &answer.action else { panic!("{answer:#?}") };
    assert_eq!((training.supply.arrived, training.supply.copies.len()), (1, 2));
    assert!(
        ward.mails().await[0].body.contains("trains on the base data and 1 files that arrived")
    );

    let execution = answer.training.as_ref().unwrap();
    let given = ward.sagemaker().list_pipeline_parameters_for_execution();
    let given = given.pipeline_execution_arn(execution).send().await.unwrap();
    let given: BTreeMap<String, String> = given
        .pipeline_parameters()
        .iter()
        .map(|one| (one.name().unwrap().to_owned(), one.value().unwrap().to_owned()))
        .collect();
    let data: S3Uri = given["InputDataUrl"].parse().unwrap();
    assert!(data.key().ends_with(&format!("/data/train-dataset/{}/", given["InputDataDigest"])));
    let champion = ward.newest_version().await.model_data.unwrap();
    assert_eq!(given["ChampionUrl"], champion, "version 1 is in use");

    assert_eq!(ward.finish(execution).await, PipelineExecutionStatus::Succeeded);
    let version = ward.newest_version().await;
    assert_eq!(version.summary.version, 2);
    assert_eq!(version.notes["data_window"], given["DataWindow"]);
    assert!(
        version.notes.values().any(|note| *note == given["InputDataDigest"]),
        "{:?}",
        version.notes
    );
    let base = ward.rows_of(&ward.first_training().await).await;
    assert_eq!(ward.rows_of(execution).await, base + 60, "every row that arrived is used");
}

#[tokio::test]
async fn data_that_changes_while_it_is_copied_is_chosen_anew() {
    let ward = Ward::new(usual()).await;
    ward.put("arrived/march.csv", &arrived()).await;
    ward.night(24, &ward.drifted()).await;
    // The watcher has decided, and dies; then the file is written again.
    assert!(ward.dies(super::ward::Fate::after(1)).await);
    ward.put("arrived/march.csv", &format!("{}4,80,1,1,3,1\n", arrived())).await;
    let pass = ward.look().await;
    let Action::StartTraining(training) = &only(&pass).action else { panic!("{pass:#?}") };
    assert_eq!(training.supply.arrived, 1);
    let execution = only(&pass).training.as_ref().unwrap();
    assert_eq!(ward.finish(execution).await, PipelineExecutionStatus::Succeeded);
    assert_eq!(ward.trainings().await.len(), 1);
}
