//! The `monitoring_config` of `constraints.json`: what is compared, and how strictly.

use super::{MonitorError, error::Place};
use serde_json::Value;

/// The file these settings stand in.
pub(super) const FILE: &str = "constraints.json";

/// What the analyser is told to check for one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) evaluate: Switch,
    /// The share of values that must have the baseline's type.
    pub(super) datatype: f64,
    /// The share of values that must be in the baseline's domain.
    pub(super) domain: f64,
    pub(super) compare: Switch,
    /// The distance that a numerical column may have from its baseline.
    pub(super) distance: f64,
    /// The same for texts.
    pub(super) categorical_distance: f64,
    pub(super) method: Method,
    pub(super) categorical_method: CategoricalMethod,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    Enabled,
    Disabled,
}

/// How a distance is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// As it is.
    Simple,
    /// Less what two samples of these sizes differ by chance.
    Robust,
}

/// What is compared between texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CategoricalMethod {
    /// The largest difference between the shares of a category.
    LInfinity,
    /// A chi-square test of the shares.
    ChiSquared,
}

impl Settings {
    /// The settings of all columns, or of the one whose `overrides` (`monitoringConfigOverrides`) are given.
    ///
    /// A threshold that is absent is the one that the container writes: 1.0 for types and domains (its manual says
    /// 0.1), 0.1 for distances.
    ///
    /// # Errors
    /// A setting has a value that the analyser does not know.
    pub(super) fn read(
        constraints: &Value,
        overrides: Option<&Value>,
    ) -> Result<Self, MonitorError> {
        let lookup = |path: &'static str| {
            overrides
                .and_then(|layer| layer.pointer(path))
                .or_else(|| constraints.get("monitoring_config")?.pointer(path))
        };
        let number = |path: &'static str, default: f64| match lookup(path) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite() && *number >= 0.0)
                .ok_or_else(|| flaw(path, "a number of at least 0")),
        };
        let word = |path: &'static str| match lookup(path) {
            None | Some(Value::Null) => Ok(""),
            Some(value) => value.as_str().ok_or_else(|| flaw(path, "a text")),
        };
        let switch = |path: &'static str| match word(path)? {
            "" | "Enabled" => Ok(Switch::Enabled),
            "Disabled" => Ok(Switch::Disabled),
            _ => Err(flaw(path, "Enabled or Disabled")),
        };
        let distance = number("/distribution_constraints/comparison_threshold", 0.1)?;
        Ok(Self {
            evaluate: switch("/evaluate_constraints")?,
            datatype: number("/datatype_check_threshold", 1.0)?,
            domain: number("/domain_content_threshold", 1.0)?,
            compare: switch("/distribution_constraints/perform_comparison")?,
            distance,
            categorical_distance: number(
                "/distribution_constraints/categorical_comparison_threshold",
                distance,
            )?,
            method: method(word(METHOD)?)?,
            categorical_method: categorical_method(word(CATEGORICAL_METHOD)?)?,
        })
    }
}

const METHOD: &str = "/distribution_constraints/comparison_method";
const CATEGORICAL_METHOD: &str = "/distribution_constraints/categorical_drift_method";

/// The manual lists the long words, the container writes the short ones.
fn method(word: &str) -> Result<Method, MonitorError> {
    match word {
        "Simple" | "linf_simple" => Ok(Method::Simple),
        "" | "Robust" | "linf_robust" => Ok(Method::Robust),
        _ => Err(flaw(METHOD, "Simple or Robust")),
    }
}

fn categorical_method(word: &str) -> Result<CategoricalMethod, MonitorError> {
    match word {
        "" | "LInfinity" => Ok(CategoricalMethod::LInfinity),
        "ChiSquared" => Ok(CategoricalMethod::ChiSquared),
        _ => Err(flaw(CATEGORICAL_METHOD, "LInfinity or ChiSquared")),
    }
}

fn flaw(path: &str, expected: &'static str) -> MonitorError {
    Place::root(FILE)
        .inside(&format!("monitoring_config{}", path.replace('/', ".")))
        .is_not(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Header, Table, constraints};
    use serde_json::json;

    #[test]
    fn our_own_file_says_what_an_empty_one_means() {
        let written = constraints(&Table::read(["1\n"], Header::Absent).unwrap());
        assert_eq!(Settings::read(&written, None), Settings::read(&json!({}), None));
    }

    #[test]
    fn a_column_overrides_single_settings() {
        let file = json!({ "monitoring_config": {
            "datatype_check_threshold": 0.9,
            "distribution_constraints": { "comparison_threshold": 0.2, "comparison_method": "Simple" },
        } });
        let overrides = json!({
            "evaluate_constraints": "Disabled",
            "distribution_constraints": { "comparison_threshold": 0.3 },
        });
        let settings = Settings::read(&file, Some(&overrides)).unwrap();
        assert_eq!(settings.evaluate, Switch::Disabled);
        assert!((settings.datatype - 0.9).abs() < 1e-12);
        assert!((settings.distance - 0.3).abs() < 1e-12);
        assert!((settings.categorical_distance - 0.3).abs() < 1e-12);
        assert_eq!(settings.method, Method::Simple);
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let file =
            |value: Value| json!({ "monitoring_config": { "distribution_constraints": value } });
        for (setting, message) in [
            (json!({ "comparison_method": "Bold" }), "comparison_method is not Simple or Robust"),
            (
                json!({ "comparison_threshold": "0.1" }),
                "comparison_threshold is not a number of at least 0",
            ),
            (
                json!({ "perform_comparison": "On" }),
                "perform_comparison is not Enabled or Disabled",
            ),
            (
                json!({ "categorical_drift_method": "G" }),
                "categorical_drift_method is not LInfinity or ChiSquared",
            ),
        ] {
            let error = Settings::read(&file(setting), None).unwrap_err().to_string();
            let expected =
                format!("constraints.json: monitoring_config.distribution_constraints.{message}");
            assert_eq!(error, expected);
        }
    }
}
