use super::*;
use crate::monitor::{Header, constraints, violations_file};
use proptest::prelude::*;
use serde_json::json;

/// Forty rows: whole numbers, fractions, a text of three kinds and a column with blanks.
fn baseline() -> String {
    (0..40)
        .map(|row| {
            let blank = if row % 4 == 0 { "" } else { "1" };
            format!("{},{}.5,{},{blank}\n", 40 + row % 20, row % 7, ["a", "b", "b"][row % 3])
        })
        .collect()
}

fn table(text: &str) -> Table {
    Table::read([text], Header::Absent).unwrap()
}

fn check(batch: &str, adjust: impl FnOnce(&mut Value)) -> Vec<Violation> {
    let baseline = table(&baseline());
    let mut constraints = constraints(&baseline);
    adjust(&mut constraints);
    violations(&table(batch), &statistics(&baseline), &constraints).unwrap()
}

fn kinds(found: &[Violation]) -> Vec<(&str, &str)> {
    found.iter().map(|v| (v.feature_name.as_str(), v.constraint_check_type.as_str())).collect()
}

#[test]
fn a_batch_that_breaks_every_check_of_its_columns() {
    let batch: String = (0..40)
        .map(|row| {
            let age = if row == 0 { "?".to_owned() } else { (row + 80).to_string() };
            format!(
                "{age},{}.5,{},{}\n",
                row % 7 + 4,
                ["a", "c"][row % 2],
                if row < 15 { "" } else { "1" }
            )
        })
        .collect();
    insta::assert_json_snapshot!(violations_file(&check(&batch, |_| ())), @r#"
    {
      "violations": [
        {
          "feature_name": "_c0",
          "constraint_check_type": "data_type_check",
          "description": "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: Only 97.5% of data is Integral."
        },
        {
          "feature_name": "_c1",
          "constraint_check_type": "baseline_drift_check",
          "description": "Baseline drift distance: 0.19750776405003784 exceeds threshold: 0.1"
        },
        {
          "feature_name": "_c2",
          "constraint_check_type": "categorical_values_check",
          "description": "Categorical values requirement is not met. Expected match: 100.0%. Observed: Only 50.0% of data is in the domain of the baseline."
        },
        {
          "feature_name": "_c2",
          "constraint_check_type": "baseline_drift_check",
          "description": "Baseline drift distance: 0.24750776405003788 exceeds threshold: 0.1"
        },
        {
          "feature_name": "_c3",
          "constraint_check_type": "completeness_check",
          "description": "Completeness requirement is not met. Expected completeness: 75.0%. Observed: Only 62.5% of data is complete."
        }
      ]
    }
    "#);
}

#[test]
fn a_missing_and_an_extra_column_are_told_by_their_number() {
    let short: String = baseline().lines().map(|line| format!("{}\n", &line[..2])).collect();
    insta::assert_json_snapshot!(violations_file(&check(&short, |_| ())), @r#"
    {
      "violations": [
        {
          "feature_name": "Missing columns",
          "constraint_check_type": "missing_column_check",
          "description": "There are missing columns in current dataset. Number of columns in current dataset: 1, Number of columns in baseline constraints: 4"
        }
      ]
    }
    "#);
    let wide: String = baseline().lines().map(|line| format!("{line},0\n")).collect();
    let found = check(&wide, |_| ());
    assert_eq!(kinds(&found), [("Extra columns", "extra_column_check")]);
    assert!(
        found[0]
            .description
            .contains("current dataset: 5, Number of columns in baseline constraints: 4")
    );
}

#[test]
fn a_renamed_column_is_missing_and_extra() {
    let baseline = Table::read(["age,shape\n40,1\n50,2\n"], Header::Present).unwrap();
    let batch = Table::read(["age,form\n40,1\n50,2\n"], Header::Present).unwrap();
    let found = violations(&batch, &statistics(&baseline), &constraints(&baseline)).unwrap();
    assert_eq!(
        kinds(&found),
        [("Missing columns", "missing_column_check"), ("Extra columns", "extra_column_check")]
    );
}

#[test]
fn thresholds_are_read_from_the_file() {
    let shifted: String =
        baseline().lines().map(|line| format!("{}{}\n", "9", &line[1..])).collect();
    assert_eq!(kinds(&check(&shifted, |_| ())), [("_c0", "baseline_drift_check")]);
    let lenient = |file: &mut Value| {
        file["monitoring_config"]["distribution_constraints"]["comparison_threshold"] = json!(0.99);
    };
    assert!(check(&shifted, lenient).is_empty());
    let one_text: String = baseline().replacen("40", "x", 1);
    assert_eq!(kinds(&check(&one_text, |_| ())), [("_c0", "data_type_check")]);
    let nine_tenths =
        |file: &mut Value| file["monitoring_config"]["datatype_check_threshold"] = json!(0.9);
    assert!(check(&one_text, nine_tenths).is_empty());
    let new_text: String = baseline().replacen(",a,", ",z,", 1);
    assert_eq!(kinds(&check(&new_text, |_| ())), [("_c2", "categorical_values_check")]);
    let nine_tenths =
        |file: &mut Value| file["monitoring_config"]["domain_content_threshold"] = json!(0.9);
    assert!(check(&new_text, nine_tenths).is_empty());
}

#[test]
fn the_simple_method_flags_what_chance_explains() {
    let few: String = baseline().lines().take(12).map(|line| format!("{line}\n")).collect();
    let simple = |file: &mut Value| {
        file["monitoring_config"]["distribution_constraints"]["comparison_method"] =
            json!("Simple");
    };
    let drifted = |found: Vec<Violation>| {
        found.iter().filter(|v| v.constraint_check_type == CheckKind::BaselineDrift).count()
    };
    assert!(drifted(check(&few, simple)) > 0);
    assert_eq!(drifted(check(&few, |_| ())), 0);
}

#[test]
fn texts_are_compared_by_the_method_of_the_file() {
    let others: String = baseline().replace(",a,", ",b,");
    let chi_squared = |file: &mut Value| {
        file["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] =
            json!("ChiSquared");
    };
    assert!(check(&others, |_| ()).is_empty());
    let found = check(&others, chi_squared);
    assert_eq!(kinds(&found), [("_c2", "baseline_drift_check")]);
    assert!(found[0].description.starts_with("Baseline drift confidence: 0.99"), "{found:?}");
}

#[test]
fn what_is_switched_off_is_not_checked() {
    let broken = "x,y,z,\n";
    assert!(!check(broken, |_| ()).is_empty());
    assert!(
        check(broken, |file| file["monitoring_config"]["evaluate_constraints"] = json!("Disabled"))
            .is_empty()
    );
    let shifted: String =
        baseline().lines().map(|line| format!("{}{}\n", "9", &line[1..])).collect();
    let no_comparison = |file: &mut Value| {
        file["monitoring_config"]["distribution_constraints"]["perform_comparison"] =
            json!("Disabled");
    };
    assert!(check(&shifted, no_comparison).is_empty());
    let not_this_column = |file: &mut Value| {
        file["features"][0]["monitoringConfigOverrides"] =
            json!({ "evaluate_constraints": "Disabled" });
    };
    assert!(check(&shifted, not_this_column).is_empty());
}

#[test]
fn a_column_without_any_value_is_incomplete_and_nothing_else() {
    let blank: String =
        baseline().lines().map(|line| format!(",{}\n", line.split_once(',').unwrap().1)).collect();
    assert_eq!(kinds(&check(&blank, |_| ())), [("_c0", "completeness_check")]);
}

#[test]
fn files_of_two_baselines_are_refused() {
    let one = table("1,2\n");
    let other = table("1\n");
    let error = violations(&one, &statistics(&other), &constraints(&one)).unwrap_err();
    assert_eq!(error, MonitorError::UnknownColumn("_c1".to_owned()));
}

#[test]
fn constraints_of_another_shape_are_refused_with_their_place() {
    let batch = table("1\n");
    let refused = |constraints: Value| {
        violations(&batch, &statistics(&batch), &constraints).unwrap_err().to_string()
    };
    assert_eq!(refused(json!({})), "constraints.json: features is not a list");
    assert_eq!(
        refused(json!({ "features": [{ "name": "_c0" }] })),
        "constraints.json: features[0].inferred_type is not a text"
    );
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let cell = prop_oneof![
        Just(String::new()),
        (-5_i32..50).prop_map(|n| n.to_string()),
        (-5.0_f64..5.0).prop_map(|n| n.to_string()),
        "[a-c]",
    ];
    proptest::collection::vec((cell.clone(), cell.clone(), cell), 1..60)
        .prop_map(|rows| rows.into_iter().map(|(a, b, c)| format!("{a},{b},{c}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_batch_equal_to_its_baseline_violates_nothing(rows in rows()) {
        let table = table(&rows.join("\n"));
        prop_assert_eq!(violations(&table, &statistics(&table), &constraints(&table)).unwrap(), []);
    }

    #[test]
    fn the_order_of_rows_changes_nothing(rows in rows(), others in rows()) {
        let baseline = table(&rows.join("\n"));
        let found = |rows: &[String]| {
            violations(&table(&rows.join("\n")), &statistics(&baseline), &constraints(&baseline)).unwrap()
        };
        let turned: Vec<String> = others.iter().rev().cloned().collect();
        prop_assert_eq!(found(&others), found(&turned));
    }
}
