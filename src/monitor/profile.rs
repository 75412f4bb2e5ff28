//! Reads `statistics.json`: what a judgement needs of each column, or why the file does not have it.
//!
//! Made for files of the analyser container as well as ours: whole numbers may be written `48` or `48.0`, and keys
//! that nothing here needs may be absent.

use super::{MonitorError, error::Place, sample::Sample};
use serde_json::Value;
use std::collections::BTreeMap;

const FILE: &str = "statistics.json";
/// The share of a column's values that its distribution may miss, for a sketch made of several that were merged.
const TOLERANCE: f64 = 0.01;

/// A data set column by column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profiles {
    /// Rows of the data set.
    pub(super) rows: u64,
    /// Left to right.
    pub(super) columns: Vec<Profile>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) name: String,
    /// Cells that hold something.
    pub(super) present: u64,
    pub(super) content: Content,
}

/// What the cells hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// Numbers. Mean and standard deviation are there for people: files may write them as `NaN`.
    Numbers { sample: Sample, mean: Option<f64>, std_dev: Option<f64> },
    /// Texts, each with its count.
    Texts(BTreeMap<String, u64>),
    /// More different texts than are counted one by one.
    FreeText,
    /// Nothing.
    Nothing,
}

impl Profiles {
    /// # Errors
    /// [`MonitorError`] where the file lacks what every file of the analyser has.
    pub(super) fn read(statistics: &Value) -> Result<Self, MonitorError> {
        let root = Place::root(FILE);
        let rows =
            whole(statistics.pointer("/dataset/item_count"), &root.inside("dataset.item_count"))?;
        let features = statistics
            .get("features")
            .and_then(Value::as_array)
            .ok_or_else(|| root.inside("features").is_not("a list"))?;
        let columns = features
            .iter()
            .enumerate()
            .map(|(index, feature)| {
                read_column(feature, &root.inside(&format!("features[{index}]")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rows, columns })
    }

    pub(super) fn column(&self, name: &str) -> Option<&Profile> {
        self.columns.iter().find(|column| column.name == name)
    }
}

fn read_column(feature: &Value, place: &Place) -> Result<Profile, MonitorError> {
    let name = feature.get("name").and_then(Value::as_str);
    let name =
        name.ok_or_else(|| place.inside(&format!("{}.name", place.path)).is_not("a text"))?;
    let place = place.inside(&format!("column {name}"));
    let statistics =
        feature.get("numerical_statistics").or_else(|| feature.get("string_statistics"));
    let statistics = statistics
        .ok_or_else(|| place.is_not("described by numerical_statistics or string_statistics"))?;
    let present = whole(
        statistics.pointer("/common/num_present"),
        &place.inside(&format!("common.num_present of column {name}")),
    )?;
    let content = if present == 0 {
        Content::Nothing
    } else if feature.get("numerical_statistics").is_some() {
        read_numbers(statistics, name)?
    } else {
        read_texts(statistics, &place)?
    };
    let column = Profile { name: name.to_owned(), present, content };
    column.check_size()?;
    Ok(column)
}

fn read_numbers(statistics: &Value, name: &str) -> Result<Content, MonitorError> {
    let missing = || MonitorError::NoSketch(name.to_owned());
    let levels = statistics.pointer("/distribution/kll/sketch/data").and_then(Value::as_array);
    let levels: Vec<Vec<f64>> = levels
        .ok_or_else(missing)?
        .iter()
        .map(|level| level.as_array()?.iter().map(Value::as_f64).collect())
        .collect::<Option<_>>()
        .ok_or_else(missing)?;
    let number = |key: &str| statistics.get(key).and_then(Value::as_f64);
    let sample = Sample::of_sketch(&levels);
    Ok(Content::Numbers { sample, mean: number("mean"), std_dev: number("std_dev") })
}

fn read_texts(statistics: &Value, place: &Place) -> Result<Content, MonitorError> {
    let Some(buckets) = statistics.pointer("/distribution/categorical/buckets") else {
        return Ok(Content::FreeText);
    };
    let flaw = || place.is_not("counted by buckets of value and count");
    let mut counts = BTreeMap::new();
    for bucket in buckets.as_array().ok_or_else(flaw)? {
        let value = bucket.get("value").and_then(Value::as_str).ok_or_else(flaw)?;
        let count = whole(bucket.get("count"), place)?;
        *counts.entry(value.to_owned()).or_default() += count;
    }
    Ok(Content::Texts(counts))
}

impl Profile {
    /// A distribution of other rows than the column's would give a verdict on those.
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    fn check_size(&self) -> Result<(), MonitorError> {
        let found = match &self.content {
            Content::Numbers { sample, .. } => sample.size(),
            Content::Texts(counts) => {
                counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count))
            }
            Content::FreeText | Content::Nothing => self.present,
        };
        if (found.abs_diff(self.present)) as f64 > TOLERANCE * self.present as f64 {
            let (name, present) = (self.name.clone(), self.present);
            return Err(MonitorError::Incomplete { name, found, present });
        }
        Ok(())
    }
}

/// A count, written as a whole number or as `48.0`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "checked to be a whole number in the range that f64 counts exactly"
)]
fn whole(value: Option<&Value>, place: &Place) -> Result<u64, MonitorError> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    match value.and_then(Value::as_f64) {
        Some(count) if count.fract() == 0.0 && (0.0..EXACT).contains(&count) => Ok(count as u64),
        _ => Err(place.is_not("a count")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Header, Table, statistics};
    use serde_json::json;

    fn file() -> Value {
        statistics(&Table::read(["1,a,\n2,b,\n2,b,\n"], Header::Absent).unwrap())
    }

    fn flaw(pointer: &str, value: Value) -> String {
        let mut file = file();
        *file.pointer_mut(pointer).unwrap() = value;
        Profiles::read(&file).unwrap_err().to_string()
    }

    #[test]
    fn our_own_file_is_read_whole() {
        let profiles = Profiles::read(&file()).unwrap();
        assert_eq!(profiles.rows, 3);
        let [numbers, texts, nothing] = &profiles.columns[..] else { panic!() };
        let Content::Numbers { sample, mean, .. } = &numbers.content else { panic!() };
        assert_eq!(sample.points(), [(1.0, 1), (2.0, 2)]);
        assert_eq!(*mean, Some(5.0 / 3.0));
        assert_eq!(
            texts.content,
            Content::Texts([("a".to_owned(), 1), ("b".to_owned(), 2)].into())
        );
        assert_eq!(nothing.content, Content::Nothing);
    }

    #[test]
    fn counts_may_be_written_as_floats_and_moments_may_be_no_numbers() {
        let mut file = file();
        file["dataset"]["item_count"] = json!(3.0);
        file["features"][0]["numerical_statistics"]["common"]["num_present"] = json!(3.0);
        file["features"][0]["numerical_statistics"]["mean"] = json!("NaN");
        let profiles = Profiles::read(&file).unwrap();
        assert_eq!(profiles.rows, 3);
        assert!(matches!(profiles.columns[0].content, Content::Numbers { mean: None, .. }));
    }

    #[test]
    fn a_file_without_what_is_needed_is_refused_with_its_place() {
        assert_eq!(
            Profiles::read(&json!([])).unwrap_err().to_string(),
            "statistics.json: dataset.item_count is not a count"
        );
        assert_eq!(flaw("/features", json!({})), "statistics.json: features is not a list");
        assert_eq!(
            flaw("/features/1/name", json!(1)),
            "statistics.json: features[1].name is not a text"
        );
        assert_eq!(
            flaw("/features/0/numerical_statistics/distribution/kll/sketch", json!(null)),
            "statistics.json: column _c0 has no sketch of its distribution (numerical_statistics.distribution.kll.sketch)"
        );
        assert_eq!(
            flaw("/features/0/numerical_statistics/distribution/kll/sketch/data", json!([[1.0]])),
            "statistics.json: the distribution of column _c0 stands for 1 values, the column has 3"
        );
        assert_eq!(
            flaw(
                "/features/1/string_statistics/distribution/categorical/buckets/0/count",
                json!(-1)
            ),
            "statistics.json: column _c1 is not a count"
        );
    }
}
