//! `constraints.json`: what later data is held against.

use super::{Column, InferredType, Table, statistics::MAX_CATEGORIES};
use serde_json::{Value, json};

/// The content of `constraints.json` that the analyser suggests for a baseline data set.
///
/// The thresholds are those the container writes (data type and domain 1.0), not the 0.1 its manual states.
#[must_use]
pub fn constraints(table: &Table) -> Value {
    json!({
        "version": 0.0,
        "features": table.columns().iter().map(feature).collect::<Vec<_>>(),
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity",
            },
        },
    })
}

fn feature(column: &Column) -> Value {
    let inferred = column.inferred_type();
    let mut feature = json!({
        "name": column.name,
        "inferred_type": inferred.as_str(),
        "completeness": column.completeness(),
    });
    match inferred {
        InferredType::Integral | InferredType::Fractional => {
            let non_negative = column.numbers().iter().all(|number| *number >= 0.0);
            feature["num_constraints"] = json!({ "is_non_negative": non_negative });
        }
        InferredType::String => {
            let domains = column.distinct();
            if domains.len() <= MAX_CATEGORIES {
                feature["string_constraints"] = json!({ "domains": domains });
            }
        }
        InferredType::Unknown => {}
    }
    feature
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Header;

    #[test]
    fn each_column_is_held_against_what_the_baseline_showed() {
        let table = Table::read(["1,-0.5,x,\n2,1,y,\n,2,x,\n3,3,x,\n"], Header::Absent).unwrap();
        insta::assert_json_snapshot!(constraints(&table)["features"], @r#"
        [
          {
            "name": "_c0",
            "inferred_type": "Integral",
            "completeness": 0.75,
            "num_constraints": {
              "is_non_negative": true
            }
          },
          {
            "name": "_c1",
            "inferred_type": "Fractional",
            "completeness": 1.0,
            "num_constraints": {
              "is_non_negative": false
            }
          },
          {
            "name": "_c2",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {
              "domains": [
                "x",
                "y"
              ]
            }
          },
          {
            "name": "_c3",
            "inferred_type": "Unknown",
            "completeness": 0.0
          }
        ]
        "#);
    }
}
