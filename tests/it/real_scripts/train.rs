//! The train pipeline both ways: what is exact must be equal, what is estimated must agree.

use super::pipelines::{ARTIFACTS, BUCKET, Pipelines};
use crate::python::equipped_python;
use relevo::rehearsal::{Containers as _, Files, Training};
use std::{collections::BTreeMap, time::Duration};

/// The AUC and half the width of its 95 % interval.
async fn auc(pipelines: &Pipelines, id: &str) -> (f64, f64) {
    let evaluation = pipelines.json(ARTIFACTS, id, "output/evaluation/evaluation.json").await;
    let auc = &evaluation["classification_metrics"]["auc"];
    (auc["value"].as_f64().unwrap(), 1.96 * auc["standard_deviation"].as_f64().unwrap())
}

#[tokio::test]
async fn scripts_and_stand_ins_split_impute_and_describe_alike_and_their_models_agree() {
    let Some(python) = equipped_python() else { return };
    let (real, stand_in) = (Pipelines::new(Some(&python)).await, Pipelines::new(None).await);
    let (id, other) = tokio::join!(real.train(), stand_in.train());
    let in_bucket =
        ["train/train.csv", "validation/validation.csv", "test/test.csv", "baseline/baseline.csv"];
    for path in in_bucket.map(|path| format!("output/{path}")) {
        let bytes = real.bytes(BUCKET, &id, &path).await;
        assert!(bytes == stand_in.bytes(BUCKET, &other, &path).await, "{path}");
    }
    for path in ["output/imputer/imputer.json", "dataqualitycheckstep/constraints.json"] {
        let json = real.json(ARTIFACTS, &id, path).await;
        assert_eq!(json, stand_in.json(ARTIFACTS, &other, path).await, "{path}");
    }
    let ((one, width), (two, other_width)) = (auc(&real, &id).await, auc(&stand_in, &other).await);
    let apart = (one - two).abs();
    assert!(apart < width && apart < other_width, "{one} ± {width}, {two} ± {other_width}");
    // They are two models all the same.
    let scores = "output/evaluation/scores.csv";
    let scored = real.bytes(ARTIFACTS, &id, scores).await;
    assert!(scored != stand_in.bytes(ARTIFACTS, &other, scores).await);
}

/// A training job on 200 rows of which every tenth breaks the rule.
fn training(parameters: &[(&str, &str)]) -> Training {
    let rows: String = (0..200_u32)
        .map(|row| {
            let x = row * 37 % 100;
            format!("{},{x},{}\n", u8::from((x > 50) != (row % 10 == 0)), row % 7)
        })
        .collect();
    let channel =
        |name: &str| (format!("/opt/ml/input/data/{name}/{name}.csv"), rows.clone().into_bytes());
    let hyper_parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let channels = Files::from([channel("train"), channel("validation")]);
    Training { hyper_parameters, channels, longest: Duration::from_secs(60) }
}

#[tokio::test]
async fn training_again_gives_the_same_bytes() {
    let Some(bench) = super::Bench::new().await else { return };
    let job = || {
        training(&[
            ("num_round", "9"),
            ("objective", "binary:logistic"),
            ("subsample", "0.7"),
            ("seed", "1"),
        ])
    };
    let (one, other) = tokio::join!(bench.scripts.train(job()), bench.scripts.train(job()));
    let one = one.unwrap();
    assert_eq!(one, other.unwrap());
    assert!(relevo::rehearsal::unpack_model(&one).is_ok());
}

#[tokio::test]
async fn hyper_parameters_and_data_are_refused_in_the_words_of_the_image() {
    let Some(bench) = super::Bench::new().await else { return };
    let rounds = ("num_round", "9");
    let refused = async |job: Training| bench.scripts.train(job).await.unwrap_err().to_string();
    let (none, extraneous, range, channel, class) = tokio::join!(
        refused(training(&[])),
        refused(training(&[rounds, ("num_rounds", "50")])),
        refused(training(&[rounds, ("eta", "1.5")])),
        async {
            let mut job = training(&[rounds]);
            job.channels.insert("/opt/ml/input/data/test/t.csv".to_owned(), b"1,1\n".to_vec());
            refused(job).await
        },
        async {
            let mut job = training(&[rounds, ("objective", "binary:logistic")]);
            let path = "/opt/ml/input/data/train/train.csv";
            job.channels.insert(path.to_owned(), b"7,1,1\n1,2,2\n".to_vec());
            refused(job).await
        },
    );
    assert_eq!(none, "ClientError: Missing required hyperparameter: num_round");
    assert_eq!(extraneous, "ClientError: Extraneous hyperparameter found: num_rounds");
    assert_eq!(range, "ClientError: Hyperparameter eta: invalid value 1.5");
    assert_eq!(channel, "ClientError: Extraneous channel found: test");
    assert_eq!(class, "ClientError: label must be in [0,1] for logistic regression");
}
