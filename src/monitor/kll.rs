//! The distribution of a numerical column: ten equal buckets, and a quantile sketch after Karnin, Lang and Liberty.

use serde_json::{Value, json};

/// Buckets of a distribution (the analyser's own number).
const BUCKETS: usize = 10;
/// Items a level of the sketch holds before it is compacted (the analyser's own parameter `k`).
const LEVEL_SIZE: usize = 2_048;
/// How much smaller each higher level is (the analyser's own parameter `c`); recorded, as readers expect it.
const SHRINKING_FACTOR: f64 = 0.64;

/// The `kll` object of a column's numbers.
pub(super) fn kll(numbers: &[f64]) -> Value {
    json!({
        "buckets": buckets(numbers),
        "sketch": {
            "parameters": { "c": SHRINKING_FACTOR, "k": LEVEL_SIZE as f64 },
            "data": sketch(numbers),
        },
    })
}

/// Counts in ten equal ranges from the smallest to the largest number; the last range includes its upper bound.
fn buckets(numbers: &[f64]) -> Vec<Value> {
    let Some((low, high)) = range(numbers) else { return Vec::new() };
    let width = (high - low) / BUCKETS as f64;
    let mut counts = [0_u64; BUCKETS];
    for number in numbers {
        let index = if width > 0.0 { ((number - low) / width).floor() } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped below; the number is at least `low`"
        )]
        let index = (index as usize).min(BUCKETS - 1);
        counts[index] += 1;
    }
    let bound = |index: usize| if index == BUCKETS { high } else { low + width * index as f64 };
    counts
        .iter()
        .enumerate()
        .map(|(index, count)| {
            json!({
                "lower_bound": bound(index),
                "upper_bound": bound(index + 1),
                "count": *count as f64,
            })
        })
        .collect()
}

fn range(numbers: &[f64]) -> Option<(f64, f64)> {
    let low = numbers.iter().copied().reduce(f64::min)?;
    let high = numbers.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

/// Levels of the sketch: an item of level `i` stands for `2^i` numbers.
///
/// Where the published sketch tosses a coin, this one always keeps the second of each pair, so that the same
/// numbers give the same file.
fn sketch(numbers: &[f64]) -> Vec<Vec<f64>> {
    let mut levels = vec![numbers.to_vec()];
    let mut level = 0;
    while levels[level].len() > LEVEL_SIZE {
        let mut full = std::mem::take(&mut levels[level]);
        full.sort_by(f64::total_cmp);
        let kept: Vec<f64> = full.chunks_exact(2).map(|pair| pair[1]).collect();
        if full.len() % 2 == 1 {
            levels[level] = full.split_off(full.len() - 1);
        }
        levels.push(kept);
        level += 1;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_buckets_span_the_range_and_the_last_includes_its_end() {
        let numbers: Vec<f64> = (0..=10).map(f64::from).collect();
        let buckets = buckets(&numbers);
        assert_eq!(buckets.len(), 10);
        assert_eq!(buckets[0], json!({"lower_bound": 0.0, "upper_bound": 1.0, "count": 1.0}));
        assert_eq!(buckets[9], json!({"lower_bound": 9.0, "upper_bound": 10.0, "count": 2.0}));
    }

    #[test]
    fn a_constant_column_fills_its_first_bucket() {
        assert_eq!(buckets(&[3.0; 4])[0]["count"], json!(4.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_is_lost(numbers in proptest::collection::vec(-1e6_f64..1e6, 1..9_000)) {
            let counted: f64 = buckets(&numbers).iter().map(|bucket| bucket["count"].as_f64().unwrap()).sum();
            prop_assert_eq!(counted as usize, numbers.len());
            let levels = sketch(&numbers);
            let weight: usize = levels.iter().enumerate().map(|(level, items)| items.len() << level).sum();
            prop_assert_eq!(weight, numbers.len());
            prop_assert!(levels.iter().all(|items| items.len() <= LEVEL_SIZE));
        }
    }
}
