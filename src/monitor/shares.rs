//! Whether two samples share one distribution over categories: chi-square, or Fisher's exact test for two of them.

use super::gamma::{chi_square_tail, ln_gamma};

/// Below this expected count a category is rare; a fifth of them may be, in a test of three or more (Cochran's rule).
const RARE: f64 = 5.0;
/// And none may be rarer than this.
const TOO_RARE: f64 = 1.0;
/// Tables whose probabilities differ by less are equally likely.
const SAME: f64 = 1e-7;

/// What a test of two columns of counts found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    pub(super) statistic: f64,
    pub(super) p_value: f64,
    pub(super) test: Kind,
}

/// By which test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ChiSquare,
    FisherExact,
}

/// `counts` are the two samples' counts of each category. The rarest categories are pooled until the chi-square
/// distribution holds; where two are left, the exact probability is counted instead. The statistic is Pearson's.
pub(super) fn compare(counts: &[[f64; 2]]) -> Difference {
    let cells = pooled(counts);
    let statistic = pearson(&cells);
    match cells[..] {
        [one, other] => {
            Difference { statistic, p_value: fisher(one, other), test: Kind::FisherExact }
        }
        _ => {
            let freedom = cells.len().saturating_sub(1) as u64;
            let p_value = chi_square_tail(statistic, freedom);
            Difference { statistic, p_value, test: Kind::ChiSquare }
        }
    }
}

/// Half the sum of the differences between shares: the share of one sample that would have to move to make the other.
pub(super) fn total_variation(counts: &[[f64; 2]]) -> f64 {
    let totals = totals(counts);
    if totals.contains(&0.0) {
        return 0.0;
    }
    let sum: f64 = counts.iter().map(|[a, b]| (a / totals[0] - b / totals[1]).abs()).sum();
    (sum / 2.0).min(1.0)
}

fn totals(counts: &[[f64; 2]]) -> [f64; 2] {
    counts.iter().fold([0.0; 2], |sum, [a, b]| [sum[0] + a, sum[1] + b])
}

fn pooled(counts: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let totals = totals(counts);
    let smaller = totals[0].min(totals[1]) / (totals[0] + totals[1]);
    let expected = |cell: &[f64; 2]| (cell[0] + cell[1]) * smaller;
    let mut cells: Vec<[f64; 2]> =
        counts.iter().filter(|cell| cell[0] + cell[1] > 0.0).copied().collect();
    // largest first; of equal ones the earlier category stays in front, so that order is no chance
    cells.sort_by(|one, other| expected(other).total_cmp(&expected(one)));
    while cells.len() > 2 && !holds(&cells.iter().map(expected).collect::<Vec<_>>()) {
        let Some(rarest) = cells.pop() else { break };
        if let Some(next) = cells.last_mut() {
            *next = [next[0] + rarest[0], next[1] + rarest[1]];
        }
        cells.sort_by(|one, other| expected(other).total_cmp(&expected(one)));
    }
    cells
}

fn holds(expected: &[f64]) -> bool {
    let rare = expected.iter().filter(|count| **count < RARE).count();
    rare * 5 <= expected.len() && expected.iter().all(|count| *count >= TOO_RARE)
}

fn pearson(cells: &[[f64; 2]]) -> f64 {
    let totals = totals(cells);
    let all = totals[0] + totals[1];
    let cell = |[a, b]: &[f64; 2]| {
        let expected = totals.map(|total| (a + b) * total / all);
        (a - expected[0]).powi(2) / expected[0] + (b - expected[1]).powi(2) / expected[1]
    };
    if totals.contains(&0.0) { 0.0 } else { cells.iter().map(cell).sum() }
}

/// The probability of every table with these margins that is no more likely than this one.
pub(super) fn fisher(one: [f64; 2], other: [f64; 2]) -> f64 {
    let [a, b, c, d] = [one[0], one[1], other[0], other[1]].map(f64::round);
    let (row, column, all) = (a + b, a + c, a + b + c + d);
    let choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let margins = choose(all, column);
    let likelihood = |x: f64| choose(row, x) + choose(all - row, column - x) - margins;
    let limit = likelihood(a) + SAME;
    let mut x = (row + column - all).max(0.0);
    let mut p = 0.0;
    while x <= row.min(column) {
        let next = likelihood(x);
        if next <= limit {
            p += next.exp();
        }
        x += 1.0;
    }
    p.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_categories_are_counted_out() {
        // Fisher's tea: 3 of 4 cups right on both sides
        let found = compare(&[[3.0, 1.0], [1.0, 3.0]]);
        assert_eq!(found.test, Kind::FisherExact);
        assert!((found.p_value - 34.0 / 70.0).abs() < 1e-12);
        assert!((found.statistic - 2.0).abs() < 1e-12);
    }

    #[test]
    fn frequent_categories_are_compared_by_chi_square() {
        let found = compare(&[[10.0, 20.0], [20.0, 20.0], [30.0, 20.0]]);
        assert_eq!(found.test, Kind::ChiSquare);
        assert!((found.statistic - 16.0 / 3.0).abs() < 1e-12);
        assert!((found.p_value - (-8.0_f64 / 3.0).exp()).abs() < 1e-12);
    }

    #[test]
    fn rare_categories_are_pooled_with_the_next_rarest() {
        let cells = pooled(&[[300.0, 20.0], [1.0, 0.0], [300.0, 22.0], [2.0, 2.0], [80.0, 6.0]]);
        assert_eq!(cells, [[300.0, 22.0], [300.0, 20.0], [83.0, 8.0]]);
    }

    #[test]
    fn one_category_shows_no_difference() {
        for counts in [&[[30.0, 3.0]][..], &[[30.0, 3.0], [0.0, 0.0]], &[]] {
            let found = compare(counts);
            assert!((found.p_value - 1.0).abs() < 1e-12);
            assert!(found.statistic.abs() < 1e-12);
        }
    }

    #[test]
    fn what_must_move_is_the_distance() {
        assert!((total_variation(&[[50.0, 1.0], [50.0, 3.0]]) - 0.25).abs() < 1e-12);
        assert!(total_variation(&[[50.0, 0.0]]).abs() < 1e-12);
    }
}
