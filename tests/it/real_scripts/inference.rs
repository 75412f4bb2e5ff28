//! The inference pipeline both ways.

use super::pipelines::{ARTIFACTS, BUCKET, Pipelines, outputs};
use crate::python::equipped_python;
use relevo::{definition::Kind, rehearsal::unpack_model};
use std::{path::Path, process::Command};

const ONE: &str = "one-token-of-at-least-thirty-two-letters";
const OTHER: &str = "other-token-of-at-least-thirty-two-letters";

/// What XGBoost's own predict says of the batch, with as many trees as training found best.
const PREDICT: &str = "
import sys, numpy, xgboost
booster = xgboost.Booster(model_file=sys.argv[1])
rows = xgboost.DMatrix(numpy.loadtxt(sys.argv[2], delimiter=',', ndmin=2))
for score in booster.predict(rows, iteration_range=(0, booster.best_iteration + 1)):
    print(repr(float(score)))
";

fn predictions(python: &Path, folder: &Path, model: &[u8], batch: &[u8]) -> Vec<f64> {
    let (model_file, batch_file) = (folder.join("model.ubj"), folder.join("batch.csv"));
    std::fs::write(&model_file, model).unwrap();
    std::fs::write(&batch_file, batch).unwrap();
    let mut command = Command::new(python);
    command.args(["-c", PREDICT]).args([model_file, batch_file]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_is_scored_by_the_model_that_the_function_found_as_xgboost_itself_scores_it() {
    let Some(python) = equipped_python() else { return };
    let pipelines = Pipelines::new(Some(&python)).await;
    let trained = pipelines.train().await;
    pipelines.approve().await;
    let (id, steps) = pipelines.execute(Kind::Inference, ONE).await;
    let reasons: Vec<_> = steps.iter().filter_map(|step| step.failure_reason()).collect();
    assert!(reasons.is_empty(), "{reasons:?}");
    let batch = pipelines.bytes(BUCKET, &id, "output/batch/batch.csv").await;
    let scored = pipelines.bytes(BUCKET, &id, "output/inference/batch.csv.out").await;
    let uri = outputs(&steps).into_iter().find(|(name, _)| name == "model_artifact_uri").unwrap().1;
    let path = uri.split_once(&format!("/{trained}/")).unwrap().1;
    let model = unpack_model(&pipelines.bytes(ARTIFACTS, &trained, path).await).unwrap();
    let expected = predictions(&python, pipelines.bench.folder.path(), &model, &batch);
    let (batch, scored) = (String::from_utf8(batch).unwrap(), String::from_utf8(scored).unwrap());
    assert_eq!(batch.lines().count(), expected.len());
    for ((row, line), expected) in batch.lines().zip(scored.lines()).zip(expected) {
        let (joined, score) = line.rsplit_once(',').unwrap();
        assert_eq!(joined, row);
        assert!((score.parse::<f64>().unwrap() - expected).abs() < 1e-6, "{score}, {expected}");
    }
    assert_eq!(batch.lines().count(), scored.lines().count());
}

#[tokio::test]
async fn script_and_function_give_what_their_stand_ins_give_but_take_no_model_of_theirs() {
    let Some(python) = equipped_python() else { return };
    let mut pipelines = Pipelines::new(None).await;
    let (_, none) = pipelines.execute(Kind::Inference, ONE).await;
    pipelines.train().await;
    pipelines.approve().await;
    let (stand_in, steps) = pipelines.execute(Kind::Inference, OTHER).await;
    assert!(steps.iter().all(|step| step.failure_reason().is_none()));
    pipelines.use_python(&python).await;
    let (real, real_steps) = pipelines.execute(Kind::Inference, &format!("real-{OTHER}")).await;
    assert_eq!(outputs(&real_steps), outputs(&steps));
    let batch = "output/batch/batch.csv";
    let bytes = pipelines.bytes(BUCKET, &real, batch).await;
    assert_eq!(bytes, pipelines.bytes(BUCKET, &stand_in, batch).await);
    let failed = real_steps.last().unwrap();
    assert_eq!(
        (failed.step_name(), failed.failure_reason()),
        (
            Some("Mammo-Transform"),
            Some("ClientError: the model is none of XGBoost's; train with the real scripts too")
        )
    );
    // The same exception, in the same words, where nothing is approved.
    let empty = Pipelines::new(Some(&python)).await;
    let (_, real_none) = empty.execute(Kind::Inference, ONE).await;
    let reason = real_none[0].failure_reason().unwrap();
    assert!(reason.contains("NoApprovedModel"), "{reason}");
    assert_eq!(Some(reason), none[0].failure_reason());
}
