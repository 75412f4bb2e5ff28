//! `constraint_violations.json`: the file in which the analyser says what a batch does not keep.

use super::{MonitorError, error::Place};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// One entry of `constraint_violations.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The column, or `Missing columns` and `Extra columns` for the data set.
    pub feature_name: String,
    /// Which check the batch did not pass.
    pub constraint_check_type: CheckKind,
    /// The analyser's sentence.
    #[serde(default)]
    pub description: String,
}

/// The checks of the analyser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum CheckKind {
    /// Too few values have the baseline's type.
    DataType,
    /// More cells are empty than in the baseline.
    Completeness,
    /// The distribution is too far from the baseline's.
    BaselineDrift,
    /// A column of the baseline is not there.
    MissingColumn,
    /// A column is there that the baseline does not have.
    ExtraColumn,
    /// Too many values that the baseline does not have.
    CategoricalValues,
    /// A check that this version does not know, by the analyser's word.
    Other(String),
}

const NAMES: [(CheckKind, &str); 6] = [
    (CheckKind::DataType, "data_type_check"),
    (CheckKind::Completeness, "completeness_check"),
    (CheckKind::BaselineDrift, "baseline_drift_check"),
    (CheckKind::MissingColumn, "missing_column_check"),
    (CheckKind::ExtraColumn, "extra_column_check"),
    (CheckKind::CategoricalValues, "categorical_values_check"),
];

impl CheckKind {
    /// The word the file uses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => NAMES.iter().find(|(kind, _)| kind == known).map_or("", |(_, word)| word),
        }
    }
}

impl From<String> for CheckKind {
    fn from(word: String) -> Self {
        let known = NAMES.into_iter().find(|(_, name)| *name == word);
        known.map_or(Self::Other(word), |(kind, _)| kind)
    }
}

impl From<CheckKind> for String {
    fn from(kind: CheckKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The content of `constraint_violations.json`.
#[must_use]
pub fn violations_file(violations: &[Violation]) -> Value {
    json!({ "violations": violations })
}

/// Reads `constraint_violations.json`, also one with checks that are not known here.
///
/// # Errors
/// The file has no list of violations, or one of them names no column or no check.
pub fn read_violations(file: &Value) -> Result<Vec<Violation>, MonitorError> {
    let root = Place::root("constraint_violations.json");
    let list = file.get("violations").and_then(Value::as_array);
    list.ok_or_else(|| root.inside("violations").is_not("a list"))?
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let place = root.inside(&format!("violations[{index}]"));
            let flaw = |_| place.is_not("an entry with feature_name and constraint_check_type");
            Violation::deserialize(entry).map_err(flaw)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_container_is_read_and_written_again() {
        let file = json!({ "violations": [
            {
                "feature_name": "State_MI",
                "constraint_check_type": "data_type_check",
                "description": "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: Only 99.71751412429379% of data is Integral.",
            },
            {
                "feature_name": "review_body",
                "constraint_check_type": "embedding_check",
                "description": "of a later version",
            },
        ] });
        let violations = read_violations(&file).unwrap();
        assert_eq!(violations[0].constraint_check_type, CheckKind::DataType);
        assert_eq!(violations[1].constraint_check_type.to_string(), "embedding_check");
        assert_eq!(violations_file(&violations), file);
    }

    #[test]
    fn every_check_has_its_word() {
        for (kind, word) in NAMES {
            assert_eq!(kind.as_str(), word);
            assert_eq!(CheckKind::from(word.to_owned()), kind);
        }
    }

    #[test]
    fn another_file_is_refused() {
        let refused = |file: Value| read_violations(&file).unwrap_err().to_string();
        assert_eq!(refused(json!({})), "constraint_violations.json: violations is not a list");
        assert_eq!(
            refused(json!({ "violations": [{ "feature_name": "a" }] })),
            "constraint_violations.json: violations[0] is not an entry with feature_name and constraint_check_type"
        );
    }
}
