//! `statistics.json`: what a data set looks like, column by column.

use super::{Column, InferredType, Table, kll::kll};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most values of a text column that are counted one by one (the analyser's histogram threshold).
pub(super) const MAX_CATEGORIES: usize = 120;

/// The content of `statistics.json`.
#[must_use]
pub fn statistics(table: &Table) -> Value {
    json!({
        "version": 0.0,
        "dataset": { "item_count": table.rows() },
        "features": table.columns().iter().map(feature).collect::<Vec<_>>(),
    })
}

fn feature(column: &Column) -> Value {
    let inferred = column.inferred_type();
    let mut feature = json!({ "name": column.name, "inferred_type": inferred.as_str() });
    match inferred {
        InferredType::Integral | InferredType::Fractional => {
            feature["numerical_statistics"] = numerical(column);
        }
        InferredType::String | InferredType::Unknown => {
            feature["string_statistics"] = textual(column);
        }
    }
    feature
}

fn presence(column: &Column) -> Value {
    let present = column.present();
    json!({ "num_present": present, "num_missing": column.cells.len() - present })
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn numerical(column: &Column) -> Value {
    let numbers = column.numbers();
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let mean = sum / count;
    let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count;
    json!({
        "common": presence(column),
        "mean": mean,
        "sum": sum,
        "std_dev": variance.sqrt(),
        "min": numbers.iter().copied().reduce(f64::min),
        "max": numbers.iter().copied().reduce(f64::max),
        "distribution": { "kll": kll(&numbers) },
    })
}

fn textual(column: &Column) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for text in column.texts() {
        *counts.entry(text).or_default() += 1;
    }
    let mut statistics =
        json!({ "common": presence(column), "distinct_count": counts.len() as f64 });
    if counts.len() <= MAX_CATEGORIES {
        let buckets: Vec<Value> =
            counts.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect();
        statistics["distribution"] = json!({ "categorical": { "buckets": buckets } });
    }
    statistics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Header;

    fn of(text: &str) -> Value {
        statistics(&Table::read([text], Header::Absent).unwrap())
    }

    #[test]
    fn a_numerical_column_has_moments_and_a_distribution() {
        let file = of("1\n2\n\"\"\n3\n");
        assert_eq!(file["dataset"], json!({ "item_count": 4 }));
        let numbers = &file["features"][0]["numerical_statistics"];
        assert_eq!(numbers["common"], json!({ "num_present": 3, "num_missing": 1 }));
        assert_eq!(numbers["mean"], json!(2.0));
        assert_eq!(numbers["sum"], json!(6.0));
        assert!((numbers["std_dev"].as_f64().unwrap() - (2.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(numbers["distribution"]["kll"]["buckets"].as_array().unwrap().len(), 10);
        assert_eq!(numbers["distribution"]["kll"]["sketch"]["data"], json!([[1.0, 2.0, 3.0]]));
        assert!(file["features"][0].get("string_statistics").is_none());
    }

    #[test]
    fn a_text_column_counts_its_values() {
        let file = of("b,1\na,1\nb,1\n");
        assert_eq!(
            file["features"][0],
            json!({
                "name": "_c0",
                "inferred_type": "String",
                "string_statistics": {
                    "common": { "num_present": 3, "num_missing": 0 },
                    "distinct_count": 2.0,
                    "distribution": { "categorical": { "buckets": [
                        { "value": "a", "count": 1 },
                        { "value": "b", "count": 2 },
                    ] } },
                },
            })
        );
    }

    #[test]
    fn a_column_of_free_text_is_counted_but_not_listed() {
        let rows: String = (0..200).map(|row| format!("name{row}\n")).collect();
        let file = of(&rows);
        assert_eq!(file["features"][0]["string_statistics"]["distinct_count"], json!(200.0));
        assert!(file["features"][0]["string_statistics"].get("distribution").is_none());
    }
}
