use super::*;
use crate::monitor::{Header, Table, constraints, statistics, violations};
use proptest::prelude::*;
use serde_json::json;

/// Six hundred rows: an age, a number with four values and blanks, and a text.
fn baseline() -> String {
    (0..600).map(|row| line(row, 40 + row * 7 % 31)).collect()
}

fn line(row: usize, age: usize) -> String {
    let density =
        if row.is_multiple_of(12) { String::new() } else { (row * 5 % 4 + 1).to_string() };
    format!("{age},{density},{}\n", ["low", "low", "high"][row % 3])
}

/// Rows of the same distribution as [`baseline`].
fn clean(rows: usize) -> String {
    (0..rows).map(|row| line(row + 13, 40 + (row * 11 + 5) % 31)).collect()
}

fn table(text: &str) -> Table {
    Table::read([text], Header::Absent).unwrap()
}

fn names() -> Vec<String> {
    ["Age", "Density", "Risk"].map(str::to_owned).to_vec()
}

fn judge(batch: &str) -> Assessment {
    judge_with(batch, |_, _| ()).unwrap()
}

/// `adjust` may change the constraints and the batch's statistics.
fn judge_with(
    batch: &str,
    adjust: impl FnOnce(&mut Value, &mut Value),
) -> Result<Assessment, MonitorError> {
    let (baseline, batch) = (table(&baseline()), table(batch));
    let (mut constraints, mut batch_statistics) = (constraints(&baseline), statistics(&batch));
    adjust(&mut constraints, &mut batch_statistics);
    let baseline_statistics = statistics(&baseline);
    let found = violations(&batch, &baseline_statistics, &constraints)?;
    assess(&Evidence {
        baseline_statistics: &baseline_statistics,
        batch_statistics: &batch_statistics,
        violations: &found,
        constraints: Some(&constraints),
        names: &names(),
        limits: Limits::default(),
    })
}

#[test]
fn a_batch_like_its_baseline_is_clean() {
    let found = judge(&clean(48));
    assert_eq!(found.verdict, Verdict::Clean, "{found}");
    assert_eq!((found.rows, found.baseline_rows, found.features.len()), (48, 600, 3));
    assert_eq!(found.to_string(), "clean (48 rows against 600)");
}

#[test]
fn a_shift_is_drift_and_is_told_in_one_line() {
    let older: String = (0..48).map(|row| line(row + 13, 49 + row * 11 % 31)).collect();
    let found = judge(&older);
    assert_eq!(found.verdict, Verdict::Drift);
    assert_eq!(found.reasons(), ["Age: mean 55.0 -> 64.0 (+1.01 sd), KS 0.30, p 7e-4"]);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["verdict"], "drift");
    assert_eq!(json["features"][0]["test"], "kolmogorov-smirnov");
    assert_eq!(json["features"][0]["column"], "_c0");
    assert_eq!(serde_json::from_value::<Assessment>(json).unwrap(), found);
}

#[test]
fn a_change_of_categories_is_drift() {
    let risky: String =
        (0..48).map(|row| line(row, 40 + row * 11 % 31).replace("low", "high")).collect();
    let found = judge(&risky);
    assert_eq!(found.verdict, Verdict::Drift);
    assert_eq!(
        found.reasons(),
        ["Risk: 'high' 33 % -> 100 %, 'low' 67 % -> 0 %, exact test, p 1e-21"]
    );
}

#[test]
fn a_meaningless_difference_of_many_rows_is_no_drift() {
    // one year in thirty, certain by the number of rows
    let older: String = (0..20_000).map(|row| line(row, 41 + row * 7 % 31)).collect();
    let found = judge(&older);
    assert_eq!(found.verdict, Verdict::Clean, "{found}");
    assert!(found.features[0].distance < 0.1);
    let strict = judge_with(&older, |constraints, _| {
        let threshold = json!(0.01);
        constraints["monitoring_config"]["distribution_constraints"]["comparison_threshold"] =
            threshold;
    });
    let strict = strict.unwrap();
    assert!((strict.features[0].threshold - 0.01).abs() < 1e-12);
}

#[test]
fn the_analysers_own_word_for_drift_decides_nothing() {
    let violation = Violation {
        feature_name: "_c0".to_owned(),
        constraint_check_type: CheckKind::BaselineDrift,
        description: "Baseline drift distance: 0.15 exceeds threshold: 0.1".to_owned(),
    };
    let (baseline, batch) = (statistics(&table(&baseline())), statistics(&table(&clean(48))));
    let evidence = Evidence {
        baseline_statistics: &baseline,
        batch_statistics: &batch,
        violations: &[violation],
        constraints: None,
        names: &[],
        limits: Limits::default(),
    };
    let found = assess(&evidence).unwrap();
    assert_eq!((found.verdict, found.violations.len()), (Verdict::Clean, 1));
    let mut unknown = evidence.violations.to_vec();
    unknown[0].constraint_check_type = CheckKind::Other("embedding_check".to_owned());
    let found = assess(&Evidence { violations: &unknown, ..evidence }).unwrap();
    assert_eq!(found.verdict, Verdict::DataDefect);
}

#[test]
fn few_rows_are_too_few_but_a_defect_is_a_defect() {
    assert_eq!(judge(&clean(19)).verdict, Verdict::TooFewRows);
    assert_eq!(judge(&clean(1)).reasons(), ["rows: 1, at least 20 are needed"]);
    assert_eq!(judge(&clean(20)).verdict, Verdict::Clean);
    let found = judge("55,2\n");
    assert_eq!(found.verdict, Verdict::DataDefect);
    assert_eq!(
        found.reasons(),
        [
            "Missing columns: There are missing columns in current dataset. Number of columns in current dataset: 2, Number of columns in baseline constraints: 3",
            "Risk: the column is missing",
        ]
    );
}

#[test]
fn a_defect_is_no_drift_however_far_the_numbers_moved() {
    let text = clean(48).replacen("45,", "x,", 1).replace("low", "high");
    let found = judge(&text);
    assert_eq!(found.verdict, Verdict::DataDefect);
    assert!(
        found
            .defects
            .contains(&"Age: some cells are text, the baseline has numbers only".to_owned())
    );
    assert!(found.drifted().count() > 0, "the rest is compared all the same");
    let new_category = judge(&clean(48).replacen("high", "extreme", 1));
    assert_eq!(new_category.verdict, Verdict::DataDefect);
    let extra: String = clean(48).lines().map(|line| format!("{line},1\n")).collect();
    assert!(judge(&extra).defects.contains(&"_c3: the baseline has no such column".to_owned()));
    let blank: String =
        clean(48).lines().map(|line| format!(",{}\n", line.split_once(',').unwrap().1)).collect();
    assert!(judge(&blank).defects.contains(&"Age: every cell is blank".to_owned()));
}

#[test]
fn a_few_more_blanks_are_chance_where_the_baseline_has_some() {
    let blanks = |count: usize| -> String {
        clean(48)
            .lines()
            .enumerate()
            .map(|(row, line)| {
                let mut cells: Vec<&str> = line.split(',').collect();
                cells[1] = if row < count { "" } else { "2" };
                cells.join(",") + "\n"
            })
            .collect()
    };
    let found = judge(&blanks(6));
    assert_eq!(found.violations[0].constraint_check_type, CheckKind::Completeness);
    assert_eq!(found.by_chance, ["Density: 8.3 % blank -> 12.5 %, exact test, p 0.29"]);
    assert!(found.defects.is_empty());
    assert_eq!(judge(&blanks(16)).verdict, Verdict::DataDefect);
    // the baseline has no blank age
    let one = clean(48).replacen("45,", ",", 1);
    assert_eq!(judge(&one).verdict, Verdict::DataDefect);
}

#[test]
fn a_file_that_lacks_the_distribution_gives_no_verdict() {
    let error = judge_with(&clean(48), |_, batch| {
        batch["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"] = Value::Null;
    });
    assert_eq!(error.unwrap_err(), MonitorError::NoSketch("_c0".to_owned()));
}

#[test]
fn free_text_is_not_compared_and_is_said_not_to_be() {
    let text =
        |rows: usize| -> String { (0..rows).map(|row| format!("{row},name{row}\n")).collect() };
    let (baseline, batch) = (statistics(&table(&text(300))), statistics(&table(&text(50))));
    let evidence = Evidence {
        baseline_statistics: &baseline,
        batch_statistics: &batch,
        violations: &[],
        constraints: None,
        names: &[],
        limits: Limits::default(),
    };
    assert_eq!(assess(&evidence).unwrap().not_compared, ["_c1"]);
}

#[test]
fn a_hundred_thousand_rows_are_judged_by_their_sketches() {
    let rows = |shift: usize| -> String {
        (0..100_000).map(|row| format!("{}\n", row * 7 % 997 + shift)).collect()
    };
    let (baseline, same, moved) = (
        statistics(&table(&rows(0))),
        statistics(&table(&rows(3))),
        statistics(&table(&rows(200))),
    );
    let evidence = Evidence {
        baseline_statistics: &baseline,
        batch_statistics: &same,
        violations: &[],
        constraints: None,
        names: &[],
        limits: Limits::default(),
    };
    assert_eq!(assess(&evidence).unwrap().verdict, Verdict::Clean);
    let found = assess(&Evidence { batch_statistics: &moved, ..evidence }).unwrap();
    assert_eq!(found.verdict, Verdict::Drift, "{found}");
    assert!((found.features[0].distance - 0.2).abs() < 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_of_rows_changes_no_verdict(order in Just((0..60).collect::<Vec<usize>>()).prop_shuffle()) {
        let text = clean(60);
        let lines: Vec<&str> = text.lines().collect();
        let turned: String = order.iter().map(|index| format!("{}\n", lines[*index])).collect();
        let (found, expected) = (judge(&turned), judge(&text));
        prop_assert_eq!(&found.verdict, &expected.verdict);
        for (one, other) in found.features.iter().zip(&expected.features) {
            prop_assert!((one.p_value - other.p_value).abs() < 1e-12);
        }
    }

    #[test]
    fn a_baseline_never_drifts_from_itself(rows in 20_usize..120) {
        let itself = statistics(&table(&clean(rows)));
        let evidence = Evidence {
            baseline_statistics: &itself,
            batch_statistics: &itself,
            violations: &[],
            constraints: None,
            names: &[],
            limits: Limits::default(),
        };
        let found = assess(&evidence).unwrap();
        prop_assert_eq!(found.verdict, Verdict::Clean);
        prop_assert!(found.features.iter().all(|feature| feature.p_value > 0.999));
    }
}
