//! The normal distribution, as far as intervals and p-values need it.

/// The 97.5 % quantile of the standard normal distribution: half the width of a 95 % interval in standard errors.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

/// Beyond this many standard errors the two-sided p-value is below 2e-16 and called zero.
const FARTHEST: f64 = 8.2;

/// The probability that a standard normal variable lies at least `z` from zero.
pub(super) fn two_sided(z: f64) -> f64 {
    let z = z.abs();
    if z > FARTHEST {
        return 0.0;
    }
    // Phi(z) = 1/2 + phi(z) (z + z^3/3 + z^5/(3*5) + ...); every term is positive, so nothing cancels
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term > sum * f64::EPSILON {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    (1.0 - 2.0 * density * sum).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::{Z_95, two_sided};

    #[test]
    fn agrees_with_the_tables() {
        for (z, p) in
            [(0.0, 1.0), (Z_95, 0.05), (1.0, 0.317_310_507_862_914), (-3.0, 0.002_699_796_063_260)]
        {
            assert!((two_sided(z) - p).abs() < 1e-14, "{z}: {}", two_sided(z));
        }
        assert!(two_sided(9.0) < 1e-15);
    }
}
