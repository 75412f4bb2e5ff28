//! The numbers of one column as a sketch keeps them: each different number with the count it stands for.

/// Numbers in ascending order, each once. Exact while the sketch holds every number itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// A number, and how many numbers of the column it stands for.
    points: Vec<(f64, u64)>,
    size: u64,
    levels: usize,
}

impl Sample {
    /// An item of level `i` stands for `2^i` numbers.
    pub(super) fn of_sketch(levels: &[Vec<f64>]) -> Self {
        let mut items: Vec<(f64, u64)> = levels
            .iter()
            .zip(0_u32..)
            .flat_map(|(items, level)| items.iter().map(move |item| (*item, weight(level))))
            .collect();
        items.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut points: Vec<(f64, u64)> = Vec::with_capacity(items.len());
        for (number, weight) in items {
            match points.last_mut() {
                // -0 and 0 are one number
                #[expect(clippy::float_cmp, reason = "equal numbers are one point")]
                Some(last) if last.0 == number => last.1 = last.1.saturating_add(weight),
                _ => points.push((number, weight)),
            }
        }
        let size = points.iter().fold(0_u64, |sum, point| sum.saturating_add(point.1));
        Self { points, size, levels: levels.len() }
    }

    /// The different numbers and their counts, ascending.
    pub(super) fn points(&self) -> &[(f64, u64)] {
        &self.points
    }

    /// How many numbers there are in all.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether numbers stand for others, so that counts are estimates.
    pub(super) fn is_estimate(&self) -> bool {
        self.levels > 1
    }
}

/// A level above 63 cannot be reached by counting rows.
fn weight(level: u32) -> u64 {
    1_u64.checked_shl(level).unwrap_or(u64::MAX)
}

/// The counts of two samples side by side at each number that either has, ascending.
pub(super) fn side_by_side(one: &Sample, other: &Sample) -> Vec<(f64, [u64; 2])> {
    let ours = one.points.iter().map(|(number, count)| (*number, [*count, 0]));
    let theirs = other.points.iter().map(|(number, count)| (*number, [0, *count]));
    let mut all: Vec<(f64, [u64; 2])> = ours.chain(theirs).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    #[expect(clippy::float_cmp, reason = "equal numbers are one point")]
    all.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = [kept.1[0] + next.1[0], kept.1[1] + next.1[1]];
        }
        same
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_a_higher_level_counts_more() {
        let sample = Sample::of_sketch(&[vec![3.0, 1.0, 3.0], vec![2.0, 3.0]]);
        assert_eq!(sample.points(), [(1.0, 1), (2.0, 2), (3.0, 4)]);
        assert_eq!(sample.size(), 7);
        assert!(sample.is_estimate());
    }

    #[test]
    fn a_number_of_one_side_only_counts_zero_on_the_other() {
        let one = Sample::of_sketch(&[vec![1.0, 2.0]]);
        let other = Sample::of_sketch(&[vec![2.0, 3.0, -0.0]]);
        let both = side_by_side(&one, &other);
        assert_eq!(both, [(0.0, [0, 1]), (1.0, [1, 0]), (2.0, [1, 1]), (3.0, [0, 1])]);
    }
}
