//! The hyper-parameters of SageMaker's XGBoost image, and what they mean to the stand-in.

use super::JobFailure;
use forust_ml::{GradientBooster, metric::Metric, sampler::SampleMethod};
use std::{collections::BTreeMap, ops::Bound, str::FromStr};

/// Parameters that XGBoost knows and the stand-in does not: a job that sets one fails rather than ignore it.
const NOT_HONOURED: &[&str] = &[
    "base_score",
    "booster",
    "colsample_bylevel",
    "colsample_bynode",
    "colsample_bytree",
    "csv_weights",
    "grow_policy",
    "interaction_constraints",
    "lambda_bias",
    "max_bin",
    "max_leaves",
    "monotone_constraints",
    "normalize_type",
    "num_class",
    "num_parallel_tree",
    "one_drop",
    "process_type",
    "rate_drop",
    "refresh_leaf",
    "sample_type",
    "scale_pos_weight",
    "sketch_eps",
    "skip_drop",
    "tree_method",
    "tweedie_variance_power",
    "updater",
];

/// Parameters that change nothing in the result.
const WITHOUT_EFFECT: &[&str] = &["nthread", "silent", "verbosity"];

/// A training set up by its hyper-parameters.
pub(super) struct Setup {
    /// The booster, not yet fitted.
    pub booster: GradientBooster,
    /// Does it need a validation channel to know when to stop?
    pub stops_early: bool,
}

/// Reads hyper-parameters; what is not set has XGBoost's own default.
pub(super) fn setup(parameters: &BTreeMap<String, String>) -> Result<Setup, JobFailure> {
    let rounds = parameters.get("num_round");
    let rounds =
        rounds.ok_or_else(|| JobFailure::client("Missing required hyperparameter: num_round"))?;
    let mut booster = GradientBooster::default()
        .set_iterations(number::<usize>("num_round", rounds, 1..)?)
        .set_learning_rate(0.3)
        .set_max_depth(6)
        .set_base_score(0.0)
        .set_initialize_base_score(false)
        .set_parallel(false);
    let mut stops_early = false;
    for (name, text) in parameters {
        match name.as_str() {
            "num_round" => {}
            "objective" if text == "binary:logistic" => {}
            "objective" => return Err(unsupported(name, text)),
            "eval_metric" => booster.evaluation_metric = Some(metric(text)?),
            "eta" => booster.learning_rate = number(name, text, 0.0..=1.0)?,
            "max_depth" => booster.max_depth = number(name, text, 1..)?,
            "gamma" => booster.gamma = number(name, text, 0.0..)?,
            "min_child_weight" => booster.min_leaf_weight = number(name, text, 0.0..)?,
            "max_delta_step" => booster.max_delta_step = number(name, text, 0.0..)?,
            "lambda" => booster.l2 = number(name, text, 0.0..)?,
            "alpha" => booster.l1 = number(name, text, 0.0..)?,
            "seed" => booster.seed = number(name, text, 0..)?,
            "subsample" => {
                booster.subsample =
                    number(name, text, (Bound::Excluded(0.0), Bound::Included(1.0)))?;
                if booster.subsample < 1.0 {
                    booster.sample_method = SampleMethod::Random;
                }
            }
            "early_stopping_rounds" => {
                booster.early_stopping_rounds = Some(number(name, text, 1..)?);
                stops_early = true;
            }
            other if WITHOUT_EFFECT.contains(&other) => {}
            other if NOT_HONOURED.contains(&other) => return Err(unsupported(name, text)),
            other => {
                return Err(JobFailure::client(format!(
                    "Extraneous hyperparameter found: {other}"
                )));
            }
        }
    }
    Ok(Setup { booster, stops_early })
}

fn metric(text: &str) -> Result<Metric, JobFailure> {
    match text {
        "auc" => Ok(Metric::AUC),
        "logloss" => Ok(Metric::LogLoss),
        "rmse" => Ok(Metric::RootMeanSquaredError),
        _ => Err(unsupported("eval_metric", text)),
    }
}

fn unsupported(name: &str, text: &str) -> JobFailure {
    JobFailure::client(format!(
        "the rehearsal's stand-in for XGBoost does not honour hyperparameter {name} with value {text}"
    ))
}

fn number<T: FromStr + PartialOrd>(
    name: &str,
    text: &str,
    legal: impl std::ops::RangeBounds<T>,
) -> Result<T, JobFailure> {
    text.parse()
        .ok()
        .filter(|number| legal.contains(number))
        .ok_or_else(|| JobFailure::client(format!("Hyperparameter {name}: invalid value {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        setup(&parameters(pairs)).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn the_parameters_of_the_definition_reach_the_booster() {
        let setup = setup(&parameters(&[
            ("objective", "binary:logistic"),
            ("eval_metric", "auc"),
            ("num_round", "50"),
            ("max_depth", "5"),
            ("eta", "0.2"),
            ("gamma", "4"),
            ("min_child_weight", "6"),
            ("subsample", "0.7"),
            ("seed", "200"),
            ("early_stopping_rounds", "10"),
        ]))
        .unwrap();
        let booster = setup.booster;
        assert_eq!((booster.iterations, booster.max_depth, booster.seed), (50, 5, 200));
        assert_eq!((booster.gamma, booster.min_leaf_weight, booster.subsample), (4.0, 6.0, 0.7));
        assert_eq!(booster.early_stopping_rounds, Some(10));
        assert!(setup.stops_early);
    }

    #[test]
    fn what_is_wrong_fails_the_job() {
        assert_eq!(refusal(&[]), "ClientError: Missing required hyperparameter: num_round");
        assert_eq!(
            refusal(&[("num_round", "9"), ("num_rounds", "50")]),
            "ClientError: Extraneous hyperparameter found: num_rounds"
        );
        assert_eq!(
            refusal(&[("num_round", "9"), ("eta", "1.5")]),
            "ClientError: Hyperparameter eta: invalid value 1.5"
        );
        assert_eq!(
            refusal(&[("num_round", "zero")]),
            "ClientError: Hyperparameter num_round: invalid value zero"
        );
        assert!(
            refusal(&[("num_round", "9"), ("objective", "multi:softmax")])
                .contains("does not honour")
        );
        assert!(refusal(&[("num_round", "9"), ("booster", "dart")]).contains("does not honour"));
    }
}
