//! Training: gradient boosting in place of the XGBoost image.

use super::{
    Files, JobFailure, archive,
    features::{Features, number},
    hyperparameters, score, text,
};
use std::collections::BTreeMap;

/// Where a training job finds its channels.
const CHANNELS: &str = "/opt/ml/input/data";

/// Rows of numbers with a label in front.
pub(super) struct Labelled {
    /// What stands behind the labels.
    pub(super) features: Features,
    labels: Vec<f64>,
}

/// Trains on the channels `train` and `validation` and gives the content of `model.tar.gz`.
///
/// # Errors
/// A hyper-parameter is unknown or out of range; a channel is missing, is not numeric or has one class only.
pub(in crate::rehearsal) fn train(
    parameters: &BTreeMap<String, String>,
    files: &Files,
) -> Result<Vec<u8>, JobFailure> {
    let mut setup = hyperparameters::setup(parameters)?;
    let train = Labelled::of_channel(files, "train")?
        .ok_or_else(|| JobFailure::client("the channel 'train' is missing or has no data"))?;
    if train.labels.iter().all(|label| Some(label) == train.labels.first()) {
        return Err(JobFailure::client("the channel 'train' has rows of one class only"));
    }
    let validation = Labelled::of_channel(files, "validation")?;
    if setup.stops_early && validation.is_none() {
        return Err(JobFailure::client(
            "Must have at least 1 validation dataset for early stopping",
        ));
    }
    if validation
        .as_ref()
        .is_some_and(|validation| validation.features.columns() != train.features.columns())
    {
        return Err(JobFailure::client("the channels have different numbers of columns"));
    }
    let weights = validation.as_ref().map(|validation| vec![1.0; validation.labels.len()]);
    let evaluation = validation.as_ref().zip(weights.as_ref()).filter(|_| setup.stops_early);
    let evaluation = evaluation.map(|(validation, weights)| {
        vec![(validation.features.matrix(), validation.labels.as_slice(), weights.as_slice())]
    });
    setup
        .booster
        .fit_unweighted(&train.features.matrix(), &train.labels, evaluation)
        .map_err(JobFailure::algorithm)?;
    score::note_columns(&mut setup.booster, train.features.columns());
    let model = setup.booster.json_dump().map_err(JobFailure::algorithm)?;
    archive::pack(model.as_bytes()).map_err(JobFailure::algorithm)
}

impl Labelled {
    fn of_channel(files: &Files, channel: &str) -> Result<Option<Self>, JobFailure> {
        let folder = format!("{CHANNELS}/{channel}/");
        let texts: Vec<&str> = files
            .keys()
            .filter(|path| path.starts_with(&folder))
            .map(|path| text(files, path))
            .collect::<Result<_, _>>()?;
        if texts.is_empty() { Ok(None) } else { Self::read(&texts).map(Some) }
    }

    /// Reads headerless CSV: the label first, 0 or 1; a blank feature is a missing one.
    pub(super) fn read(texts: &[&str]) -> Result<Self, JobFailure> {
        let mut labels = Vec::new();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for text in texts {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            for record in reader.records() {
                let record = record.map_err(JobFailure::client)?;
                let mut cells = record.iter().map(number);
                match cells.next() {
                    Some(Ok(label)) if label == 0.0 || label == 1.0 => labels.push(label),
                    _ => {
                        return Err(JobFailure::client(
                            "label must be in [0,1] for logistic regression",
                        ));
                    }
                }
                rows.push(cells.collect::<Result<_, _>>()?);
            }
        }
        let features = Features::of(&rows)?;
        if let Some(column) = features.blank_column() {
            return Err(JobFailure::client(format!("feature {column} has no value in any row")));
        }
        Ok(Self { features, labels })
    }

    /// The labels as truth values.
    pub(super) fn truth(&self) -> Vec<bool> {
        self.labels.iter().map(|label| *label > 0.5).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::score::score, *};
    use proptest::prelude::*;

    /// Label 1 above 50, with one exception in ten.
    fn rows(from: u32) -> String {
        (from..from + 200)
            .map(|row| {
                let x = row * 37 % 100;
                let label = u8::from((x > 50) != (row % 10 == 0));
                format!("{label},{x},{}\n", row % 7)
            })
            .collect()
    }

    fn files() -> Files {
        Files::from([
            ("/opt/ml/input/data/train/train.csv".to_owned(), rows(0).into_bytes()),
            ("/opt/ml/input/data/validation/validation.csv".to_owned(), rows(1_000).into_bytes()),
        ])
    }

    fn parameters(more: &[(&str, &str)]) -> BTreeMap<String, String> {
        [("num_round", "20"), ("objective", "binary:logistic"), ("seed", "1"), ("subsample", "0.7")]
            .iter()
            .chain(more)
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn the_model_finds_the_rule_and_training_again_gives_the_same_bytes() {
        let model = train(&parameters(&[]), &files()).unwrap();
        assert_eq!(model, train(&parameters(&[]), &files()).unwrap());
        let scores =
            score(&model, &Labelled::read(&["0,10,3\n1,90,3\n"]).unwrap().features).unwrap();
        assert!(scores[0] < 0.3 && scores[1] > 0.7, "{scores:?}");
    }

    #[test]
    fn early_stopping_needs_a_validation_channel() {
        let early = parameters(&[("early_stopping_rounds", "3"), ("eval_metric", "auc")]);
        assert!(train(&early, &files()).is_ok());
        let mut files = files();
        files.remove("/opt/ml/input/data/validation/validation.csv");
        let failure = train(&early, &files).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "ClientError: Must have at least 1 validation dataset for early stopping"
        );
    }

    #[test]
    fn bad_data_fails_the_job_without_showing_it() {
        for (text, message) in [
            ("2,1\n", "label must be in [0,1] for logistic regression"),
            ("1,one\n0,2\n", "a cell is not a number"),
            ("1,1\n1,2\n", "the channel 'train' has rows of one class only"),
            ("1,,2\n0,,1\n", "feature 0 has no value in any row"),
            ("1,inf\n0,1\n", "a cell is not a number"),
            ("1\n0\n", "the rows have no features, or not the same number"),
        ] {
            let path = "/opt/ml/input/data/train/t.csv".to_owned();
            let files = Files::from([(path, text.as_bytes().to_vec())]);
            let failure = train(&parameters(&[]), &files).unwrap_err();
            assert_eq!(failure.to_string(), format!("ClientError: {message}"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_the_rows_training_ends(
            rows in proptest::collection::vec((any::<bool>(), proptest::option::of(-3_i8..4), -1e9_f64..1e9), 1..30),
            subsample in 1_u8..=10,
        ) {
            let text: String = rows
                .iter()
                .map(|(label, small, large)| {
                    let small = small.map_or_else(String::new, |small| small.to_string());
                    format!("{},{small},{large}\n", u8::from(*label))
                })
                .collect();
            let files = Files::from([("/opt/ml/input/data/train/t.csv".to_owned(), text.clone().into_bytes())]);
            let subsample = (f64::from(subsample) / 10.0).to_string();
            if let Ok(model) = train(&parameters(&[("subsample", &subsample)]), &files) {
                let scores = score(&model, &Labelled::read(&[&text]).unwrap().features).unwrap();
                prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
            }
        }
    }
}
