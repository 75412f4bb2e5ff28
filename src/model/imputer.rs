//! Medians of the training part, which stand in for missing values everywhere else.

use super::{data_set::DataSet, flaw::DataError, number};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One median per feature. Fitted on training rows only and shipped with the model, so that inference fills a
/// blank with the number training used.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imputer {
    columns: Vec<String>,
    medians: BTreeMap<String, f64>,
}

impl Imputer {
    /// The medians of `train`. With an even count it is the mean of the two middle values.
    ///
    /// # Errors
    /// [`DataError::EmptyColumn`] if a feature has no value at all.
    pub fn fit(train: &DataSet) -> Result<Self, DataError> {
        let mut medians = BTreeMap::new();
        for (index, name) in train.columns.iter().enumerate() {
            let values =
                train.rows.iter().filter_map(|row| row.features.get(index).copied().flatten());
            let median = median(values.collect());
            let median = median.ok_or_else(|| DataError::EmptyColumn { column: name.clone() })?;
            medians.insert(name.clone(), median);
        }
        Ok(Self { columns: train.columns.clone(), medians })
    }

    /// The row with its blanks filled.
    #[must_use]
    pub fn apply(&self, row: &[Option<f64>]) -> Vec<f64> {
        let filled = self.columns.iter().zip(row);
        filled
            .filter_map(|(name, value)| value.or_else(|| self.medians.get(name).copied()))
            .collect()
    }

    /// Names of the features, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The content of `imputer.json`, the same bytes as the Python script writes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let quoted = |name: &String| serde_json::Value::from(name.as_str()).to_string();
        let columns: Vec<String> = self.columns.iter().map(quoted).collect();
        let entry = |name: &String| {
            self.medians.get(name).map(|m| format!("{}:{}", quoted(name), number::text(*m)))
        };
        let medians: Vec<String> = self.columns.iter().filter_map(entry).collect();
        format!("{{\"columns\":[{}],\"medians\":{{{}}}}}\n", columns.join(","), medians.join(","))
    }

    /// Reads `imputer.json`.
    ///
    /// # Errors
    /// [`DataError::Imputer`] if it is not one, or a column has no median.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let imputer: Self = serde_json::from_str(text)
            .map_err(|error| DataError::Imputer { problem: error.to_string() })?;
        match imputer.columns.iter().find(|name| !imputer.medians.contains_key(*name)) {
            Some(name) => {
                Err(DataError::Imputer { problem: format!("column '{name}' has no median") })
            }
            None => Ok(imputer),
        }
    }
}

/// The middle of `values`; `None` if there are none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some((values[middle - 1] + upper) / 2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Row;

    fn train(ages: &[Option<f64>]) -> DataSet {
        let rows = ages.iter().map(|age| Row { features: vec![*age], label: false }).collect();
        DataSet { columns: vec!["Age".to_owned()], rows }
    }

    #[test]
    fn fills_blanks_with_the_median_of_what_is_there() {
        let imputer =
            Imputer::fit(&train(&[Some(40.0), None, Some(61.0), Some(58.0), Some(57.0)])).unwrap();
        assert_eq!(imputer.apply(&[None]), [57.5]);
        assert_eq!(imputer.apply(&[Some(3.0)]), [3.0]);
    }

    #[test]
    fn a_column_without_any_value_is_refused() {
        assert_eq!(
            Imputer::fit(&train(&[None])),
            Err(DataError::EmptyColumn { column: "Age".to_owned() })
        );
    }

    #[test]
    fn survives_its_file() {
        let imputer = Imputer::fit(&train(&[Some(40.0), Some(61.0)])).unwrap();
        assert_eq!(imputer.to_json(), "{\"columns\":[\"Age\"],\"medians\":{\"Age\":50.5}}\n");
        assert_eq!(Imputer::from_json(&imputer.to_json()), Ok(imputer));
        assert!(Imputer::from_json(r#"{"columns":["Age"],"medians":{}}"#).is_err());
    }
}
