//! The two-sample Kolmogorov-Smirnov test: how often chance alone sets two samples this far apart.

/// Most steps of the exact count: two full sketches take half of it.
const MAX_EXACT_STEPS: u64 = 1 << 24;
/// Below this the series in `exp(-1 / x^2)` converges faster, above the one in `exp(-x^2)`.
const TURN: f64 = 1.18;

/// The probability that two samples of one distribution are at least as far apart as these.
///
/// `counts` are the two samples' counts at each different number, ascending. Every way to deal the pooled numbers
/// out to two samples of these sizes is equally likely; the exact answer counts the ways that lead this far, and
/// ties are allowed for, because the distance is looked at only where the number changes.
pub(super) fn exact(counts: &[[u64; 2]]) -> Option<f64> {
    // the smaller sample is the one whose position is counted
    let totals = total(counts);
    let counts: Vec<[u64; 2]> = if totals[0] < totals[1] {
        counts.iter().map(|[a, b]| [*b, *a]).collect()
    } else {
        counts.to_vec()
    };
    let [n, m] = total(&counts);
    let steps = (n + m).checked_mul(m + 1)?;
    if steps > MAX_EXACT_STEPS || m == 0 {
        return None;
    }
    // distances in units of 1 / (n m) are whole numbers, so that equal ones compare equal
    let observed = reached(&counts).map(|[a, b]| (a * m).abs_diff(b * n)).max()?;
    if observed == 0 {
        return Some(1.0);
    }
    let mut walk = Walk { n, m, step: 0, low: 0, mass: vec![1.0], far: 0.0 };
    for [a, b] in reached(&counts) {
        while walk.step < a + b {
            walk.advance();
        }
        walk.set_aside(observed);
    }
    Some(walk.far.min(1.0))
}

fn total(counts: &[[u64; 2]]) -> [u64; 2] {
    counts.iter().fold([0; 2], |sum, [a, b]| [sum[0] + a, sum[1] + b])
}

/// How many of each sample lie at or below each number.
fn reached(counts: &[[u64; 2]]) -> impl Iterator<Item = [u64; 2]> {
    counts.iter().scan([0; 2], |sum: &mut [u64; 2], [a, b]| {
        *sum = [sum[0] + a, sum[1] + b];
        Some(*sum)
    })
}

/// All deals at once, from the smallest pooled number up.
struct Walk {
    n: u64,
    m: u64,
    /// Numbers dealt so far.
    step: u64,
    /// `mass[k]`: the probability that `low + k` of them went to the second sample and no distance was reached yet.
    low: u64,
    mass: Vec<f64>,
    /// The probability that one was.
    far: f64,
}

impl Walk {
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    fn advance(&mut self) {
        let left = (self.n + self.m - self.step) as f64;
        let mut next = vec![0.0; self.mass.len() + 1];
        for (index, mass) in self.mass.iter().enumerate() {
            let second = self.low + index as u64;
            let to_second = self.m.saturating_sub(second) as f64 / left;
            let to_first = (self.n + second).saturating_sub(self.step) as f64 / left;
            next[index + 1] += mass * to_second;
            next[index] += mass * to_first;
        }
        self.mass = next;
        self.step += 1;
    }

    fn set_aside(&mut self, observed: u64) {
        let (n, m, step, low) = (self.n, self.m, self.step, self.low);
        let is_far = |index: usize| {
            let second = low + index as u64;
            second > step || ((step - second) * m).abs_diff(second * n) >= observed
        };
        for (index, mass) in self.mass.iter_mut().enumerate() {
            if is_far(index) {
                self.far += *mass;
                *mass = 0.0;
            }
        }
        let Some(first) = self.mass.iter().position(|mass| *mass > 0.0) else {
            self.mass.clear();
            return;
        };
        let last = self.mass.iter().rposition(|mass| *mass > 0.0).unwrap_or(first);
        self.low += first as u64;
        self.mass = self.mass[first..=last].to_vec();
    }
}

/// The same for large samples of sizes `n` and `m` whose distance is `gap`, by the limiting distribution with
/// Stephens' correction for finite samples. Ties make it too large, never too small.
pub(super) fn asymptotic(gap: f64, n: f64, m: f64) -> f64 {
    let root = (n * m / (n + m)).sqrt();
    tail((root + 0.12 + 0.11 / root) * gap)
}

/// The probability that the limit of the scaled distance exceeds `x`.
fn tail(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    // ten terms of either series are below 1e-16 on its side
    let p = if x < TURN {
        let base = -(std::f64::consts::PI / x).powi(2) / 8.0;
        let sum: f64 =
            (0..10).map(|k| f64::from(2 * k + 1).powi(2)).map(|odd| (base * odd).exp()).sum();
        1.0 - std::f64::consts::TAU.sqrt() / x * sum
    } else {
        let term = |k: i32| {
            let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
            sign * (-2.0 * f64::from(k).powi(2) * x * x).exp()
        };
        (1..=10).map(term).sum()
    };
    p.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts of a number that only one of the samples has, alternating as `pattern` says.
    fn of(pattern: &str) -> Vec<[u64; 2]> {
        pattern.chars().map(|side| if side == 'a' { [1, 0] } else { [0, 1] }).collect()
    }

    #[test]
    fn small_samples_are_counted_out() {
        // of the 20 deals of 3 and 3, 2 separate the samples completely
        assert!((exact(&of("aaabbb")).unwrap() - 0.1).abs() < 1e-12);
        assert!((exact(&of("bbbaaa")).unwrap() - 0.1).abs() < 1e-12);
        // of the 10 deals of 2 and 3
        assert!((exact(&of("aabbb")).unwrap() - 0.2).abs() < 1e-12);
        assert!((exact(&of("ababa")).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ties_are_dealt_together() {
        // two numbers, four of each: as far apart as it gets in 2 of the 70 deals
        let p = exact(&[[4, 0], [0, 4]]).unwrap();
        assert!((p - 2.0 / 70.0).abs() < 1e-12, "{p}");
        assert_eq!(exact(&[[3, 4]]), Some(1.0));
        assert_eq!(exact(&[[3, 0]]), None);
    }

    #[test]
    fn the_limit_is_met_by_its_table() {
        // scipy.special.kolmogorov
        for (x, p) in [
            (0.3, 0.999_990_694_198_665_5),
            (0.5, 0.963_945_243_664_875_1),
            (1.17, 0.129_390_042_185_618_84),
            (1.19, 0.117_742_292_879_771_66),
            (2.0, 0.000_670_925_255_779_695_3),
            (5.0, 3.857_499_695_927_836e-22),
        ] {
            assert!((tail(x) / p - 1.0).abs() < 1e-12, "{x}: {}", tail(x));
        }
        assert!((tail(TURN - 1e-9) - tail(TURN + 1e-9)).abs() < 1e-8);
        assert!((tail(0.0) - 1.0).abs() < 1e-12);
        assert!((tail(0.01) - 1.0).abs() < 1e-12);
        assert!(tail(6.0) < 1e-30);
    }

    #[test]
    fn the_limit_is_near_the_exact_answer() {
        let pattern: String =
            (0..600).map(|k| if k < 40 || k % 3 > 0 { 'a' } else { 'b' }).collect();
        let counts = of(&pattern);
        let [n, m] = total(&counts);
        let gap = super::super::distance::largest_gap(&counts);
        let (exact, limit) = (exact(&counts).unwrap(), asymptotic(gap, n as f64, m as f64));
        assert!((exact / limit - 1.0).abs() < 0.15, "{exact} {limit}");
    }
}
