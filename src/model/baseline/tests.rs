use super::*;
use crate::model::auc;
use proptest::prelude::*;

fn examples(rows: &[(f64, f64, bool)]) -> Examples {
    Examples {
        columns: vec!["Age".to_owned(), "Shape".to_owned()],
        features: rows.iter().map(|(age, shape, _)| vec![*age, *shape]).collect(),
        labels: rows.iter().map(|(_, _, label)| *label).collect(),
    }
}

fn leafy(max_depth: u32) -> TreeOptions {
    TreeOptions { max_depth, min_leaf: 1, smoothing: 1.0 }
}

#[test]
fn cuts_between_tied_values_are_found_in_any_order() {
    // seven rows on which linfa-trees' own tree depends on the row order
    let mut rows: Vec<(f64, f64, bool)> =
        [(1.0, 1.0, 0), (1.0, 2.0, 1), (2.0, 1.0, 0), (2.0, 2.0, 1)]
            .into_iter()
            .chain([(2.0, 2.0, 1), (3.0, 1.0, 1), (3.0, 2.0, 1)])
            .map(|(age, shape, label)| (age, shape, label == 1))
            .collect();
    let tree = Baseline::fit(&examples(&rows), &leafy(2)).unwrap();
    assert_eq!(tree.leaves(), 3);
    let scores = tree.scores(&examples(&rows).features);
    assert_eq!(auc(&scores, &examples(&rows).labels).unwrap().value, 1.0);
    rows.reverse();
    assert_eq!(Baseline::fit(&examples(&rows), &leafy(2)).unwrap(), tree);
}

#[test]
fn leaves_score_with_laplace_and_are_not_pruned() {
    // both halves are mostly negative: a tree of labels would be one leaf
    let rows: Vec<(f64, f64, bool)> =
        (0..40).map(|n| (f64::from(n), 0.0, n >= 20 && n % 3 == 0)).collect();
    let options = TreeOptions { max_depth: 1, min_leaf: 10, smoothing: 1.0 };
    let tree = Baseline::fit(&examples(&rows), &options).unwrap();
    assert_eq!((tree.score(&[0.0, 0.0]), tree.score(&[39.0, 0.0])), (1.0 / 23.0, 8.0 / 21.0));
    insta::assert_snapshot!(tree, @"
    7 of 40 positive, score 0.190
      Age <= 20.5: 0 of 21 positive, score 0.043
      Age >  20.5: 7 of 19 positive, score 0.381
    ");
    assert_eq!(tree.importance(), [("Age", 1.0), ("Shape", 0.0)]);
}

#[test]
fn one_class_is_one_leaf() {
    let tree = Baseline::fit(&examples(&[(1.0, 1.0, true), (2.0, 1.0, true)]), &leafy(3)).unwrap();
    assert_eq!((tree.leaves(), tree.score(&[5.0, 5.0])), (1, 0.75));
    assert_eq!(tree.importance(), [("Age", 0.0), ("Shape", 0.0)]);
}

#[test]
fn values_that_are_not_finite_are_refused() {
    for value in [f64::NAN, f64::INFINITY] {
        let refused = Baseline::fit(&examples(&[(1.0, 1.0, true), (value, 1.0, false)]), &leafy(3));
        assert_eq!(refused, Err(FitError::NotFinite { row: 2 }));
    }
    assert_eq!(Baseline::fit(&examples(&[]), &leafy(3)), Err(FitError::NoRows));
    assert!(Baseline::fit(&examples(&[(1.0, 1.0, true)]), &leafy(99)).is_err());
}

#[test]
fn survives_json() {
    let rows: Vec<(f64, f64, bool)> =
        (0..90).map(|n| (f64::from(n % 7), f64::from(n % 4), n % 3 == 0)).collect();
    let tree = Baseline::fit(&examples(&rows), &TreeOptions::default()).unwrap();
    let text = serde_json::to_string(&tree).unwrap();
    assert_eq!(serde_json::from_str::<Baseline>(&text).unwrap(), tree);
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        rows in proptest::collection::vec((0_u8..6, 0_u8..4, any::<bool>()), 2..120),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut rows: Vec<(f64, f64, bool)> =
            rows.into_iter().map(|(age, shape, label)| (f64::from(age), f64::from(shape), label)).collect();
        let tree = Baseline::fit(&examples(&rows), &leafy(4)).unwrap();
        let middle = turn.index(rows.len());
        rows.rotate_left(middle);
        prop_assert_eq!(&Baseline::fit(&examples(&rows), &leafy(4)).unwrap(), &tree);
        rows.reverse();
        prop_assert_eq!(Baseline::fit(&examples(&rows), &leafy(4)).unwrap(), tree);
    }

    #[test]
    fn every_leaf_has_its_least_rows(rows in proptest::collection::vec((0_u8..30, any::<bool>()), 20..120)) {
        let rows: Vec<(f64, f64, bool)> = rows.into_iter().map(|(age, label)| (f64::from(age), 0.0, label)).collect();
        let tree = Baseline::fit(&examples(&rows), &TreeOptions::default()).unwrap();
        fn smallest(node: &Node) -> u32 {
            node.cut.as_ref().map_or(node.rows, |cut| smallest(&cut.below).min(smallest(&cut.above)))
        }
        prop_assert!(smallest(&tree.root) >= 10);
    }
}
