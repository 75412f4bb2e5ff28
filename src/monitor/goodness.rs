//! The chi-square method of the analyser: how well the texts of a batch fit the shares of the baseline.
//!
//! This is `categoricalChiSquareTest` of awslabs/deequ: a goodness-of-fit test that takes the baseline's shares for
//! the truth. A test that knows that the baseline is a sample too would be a two-sample test.

use super::gamma::chi_square_tail;
use std::collections::BTreeMap;

/// Below this count a category is too rare to be expected in a table of two (Cochran's rule).
const RARE_OF_TWO: f64 = 10.0;
/// The same in larger tables, where a fifth of the categories may be rare (the rule of Yates, Moore and McCabe).
const RARE: f64 = 5.0;

/// What a chi-square test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    pub(super) statistic: f64,
    pub(super) p_value: f64,
}

/// `None` where fewer than two categories are left after joining the rare ones.
pub(super) fn fit(batch: &BTreeMap<String, u64>, baseline: &BTreeMap<String, u64>) -> Option<Fit> {
    let observed = |text: &String| batch.get(text).copied().unwrap_or(0);
    let (known, total) =
        baseline.iter().fold((0, 0), |(known, total): (u64, u64), (text, count)| {
            (known + observed(text), total + count)
        });
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    let mut cells: Vec<(f64, f64)> = baseline
        .iter()
        .map(|(text, count)| (observed(text) as f64, *count as f64 / total as f64 * known as f64))
        .collect();
    while cells.len() >= 2 && too_many_are_rare(&cells) {
        // the rarest joins the next
        cells.sort_by(|one, other| other.1.total_cmp(&one.1));
        let rarest = cells.pop()?;
        let next = cells.last_mut()?;
        *next = (next.0 + rarest.0, next.1 + rarest.1);
    }
    if cells.len() < 2 {
        return None;
    }
    let statistic = cells.iter().map(|(seen, expected)| (seen - expected).powi(2) / expected).sum();
    let p_value = chi_square_tail(statistic, cells.len() as u64 - 1);
    Some(Fit { statistic, p_value })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a fifth of a small count"
)]
fn too_many_are_rare(cells: &[(f64, f64)]) -> bool {
    let (rare, most) = if cells.len() > 2 {
        (RARE, (0.2 * cells.len() as f64) as usize)
    } else {
        (RARE_OF_TWO, 0)
    };
    cells.iter().filter(|(_, expected)| *expected < rare).count() > most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
        counts.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
    }

    fn statistic(batch: &[(&str, u64)], baseline: &[(&str, u64)]) -> f64 {
        fit(&counts(batch), &counts(baseline)).unwrap().statistic
    }

    #[test]
    fn the_results_are_those_of_deequs_own_tests() {
        let batch = [("a", 207), ("b", 20), ("c", 25), ("d", 14), ("e", 25)];
        let baseline = [("a", 223), ("b", 20), ("c", 25), ("d", 12), ("e", 13)];
        let p = fit(&counts(&batch), &counts(&baseline)).unwrap().p_value;
        assert!((p - 0.013_227_994_814_265_176).abs() < 1e-12);
        let batch = [("a", 100), ("b", 20), ("c", 25), ("d", 10), ("e", 5), ("f", 2)];
        let baseline = [("a", 100), ("b", 22), ("c", 25), ("d", 5), ("e", 13), ("f", 2)];
        assert!((statistic(&batch, &baseline) - 8.789_790_456_457_125).abs() < 1e-9);
        let batch = [("a", 100), ("b", 40), ("c", 30), ("d", 10)];
        let baseline = [("a", 100), ("b", 40), ("c", 30), ("e", 4)];
        assert!((statistic(&batch, &baseline) - 0.387_543_252_595_156_26).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_tested_where_one_category_is_left() {
        let few = counts(&[("a", 100), ("b", 4), ("c", 3)]);
        assert_eq!(fit(&few, &few), None);
        assert_eq!(fit(&counts(&[("a", 15)]), &counts(&[("c", 20), ("d", 20)])), None);
    }
}
