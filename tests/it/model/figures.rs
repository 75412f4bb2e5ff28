//! The areas under the curve, their differences and the baseline's tree against scikit-learn.

use super::*;

/// Scores of two correlated models with plenty of ties, the same at every run.
fn scored_cases() -> Vec<(Vec<bool>, Vec<f64>, Vec<f64>)> {
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut case = |rows: usize, steps: u64| {
        let mut case = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let (label, shared) = (draw(3) == 0, draw(steps));
            let lift = if label { steps / 3 } else { 0 };
            case.0.push(label);
            case.1.push((shared + lift + draw(steps / 2)) as f64 / 7.0);
            case.2.push((shared + draw(steps / 2) + lift / 2) as f64);
        }
        case
    };
    [(40, 6), (124, 12), (500, 1000), (2000, 9)].map(|(rows, steps)| case(rows, steps)).into()
}

#[test]
fn auc_equals_scikit_learn_and_delong_an_independent_reading() {
    let Some(python) = equipped_python() else { return };
    let cases = scored_cases();
    let asked: Vec<Value> = cases
        .iter()
        .map(|(labels, a, b)| {
            let labels: Vec<u8> = labels.iter().map(|label| u8::from(*label)).collect();
            json!({"labels": labels, "a": a, "b": b})
        })
        .collect();
    let answers = ask(&python, "tests/python/check_metrics.py", &json!({"cases": asked}));
    for ((labels, a, b), answer) in cases.iter().zip(answers.as_array().unwrap()) {
        let one = auc(a, labels).unwrap();
        let two = difference(labels, a, b).unwrap();
        for (name, ours) in [
            ("auc", one.value),
            ("standard_error", one.standard_error),
            ("difference", two.value),
            ("difference_error", two.standard_error),
            ("p_value", two.p_value),
        ] {
            let theirs = answer[name].as_f64().unwrap();
            assert!(
                (ours - theirs).abs() < 1e-12,
                "{name} of {} rows: {ours}, {theirs}",
                labels.len()
            );
        }
    }
}

/// The imputed parts that the pipeline trains and judges on.
fn parts(seed: u64) -> [Examples; 3] {
    let files = preprocess(&[mammographic()], &contract(), seed).unwrap();
    let columns = ["Age", "Shape", "Margin", "Density"].map(str::to_owned);
    [0, 1, 2].map(|part| Examples::read(files[part].0, &files[part].1, &columns).unwrap())
}

#[test]
fn the_tree_equals_scikit_learn() {
    let Some(python) = equipped_python() else { return };
    let [train, _, _] = parts(7);
    for (max_depth, min_leaf) in [(3, 10), (5, 1), (5, 20)] {
        // without smoothing a score is the leaf's share, as scikit-learn predicts it
        let tree =
            Baseline::fit(&train, &TreeOptions { max_depth, min_leaf, smoothing: 0.0 }).unwrap();
        let labels: Vec<u8> = train.labels.iter().map(|label| u8::from(*label)).collect();
        let question = json!({
            "features": train.features, "labels": labels, "max_depth": max_depth, "min_leaf": min_leaf
        });
        let answer = ask(&python, "tests/python/check_tree.py", &question);
        assert_eq!(tree.leaves() as u64, answer["leaves"].as_u64().unwrap(), "depth {max_depth}");
        let theirs: Vec<f64> =
            answer["scores"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let ours = auc(&tree.scores(&train.features), &train.labels).unwrap().value;
        let theirs = auc(&theirs, &train.labels).unwrap().value;
        assert!((ours - theirs).abs() < 1e-12, "depth {max_depth}: {ours}, {theirs}");
    }
}

#[test]
fn the_baseline_of_the_shipped_data_is_a_tree_a_person_can_read() {
    // the seed of the train pipeline
    let [train, _, test] = parts(200);
    let tree = Baseline::fit(&train, &TreeOptions::default()).unwrap();
    let auc = auc(&tree.scores(&test.features), &test.labels).unwrap();
    let figures = format!(
        "AUC {:.4} ({:.4} to {:.4}), {} rows",
        auc.value,
        auc.lower,
        auc.upper,
        test.labels.len()
    );
    insta::assert_snapshot!(format!("{tree}{figures}"), @"
    282 of 580 positive, score 0.486
      Margin <= 1.5: 30 of 236 positive, score 0.130
        Age <= 64.5: 19 of 204 positive, score 0.097
          Age <= 40.5: 1 of 64 positive, score 0.030
          Age >  40.5: 18 of 140 positive, score 0.134
        Age >  64.5: 11 of 32 positive, score 0.353
          Shape <= 1.5: 7 of 16 positive, score 0.444
          Shape >  1.5: 4 of 16 positive, score 0.278
      Margin >  1.5: 252 of 344 positive, score 0.731
        Shape <= 3.5: 51 of 95 positive, score 0.536
          Age <= 54.5: 9 of 33 positive, score 0.286
          Age >  54.5: 42 of 62 positive, score 0.672
        Shape >  3.5: 201 of 249 positive, score 0.805
          Age <= 64.5: 109 of 146 positive, score 0.743
          Age >  64.5: 92 of 103 positive, score 0.886
    AUC 0.8716 (0.7956 to 0.9221), 124 rows
    ");
}
