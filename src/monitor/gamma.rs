//! The chi-square distribution, through the incomplete gamma function.

/// Coefficients of Lanczos' approximation for g = 7, nine terms.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];
/// Terms after which both expansions have long converged for the tables that are tested.
const MAX_TERMS: usize = 100_000;

/// The probability that a chi-square variable with `freedom` degrees is at least `statistic`.
pub(super) fn chi_square_tail(statistic: f64, freedom: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "degrees of freedom are counts of categories")]
    let shape = freedom as f64 / 2.0;
    let x = statistic / 2.0;
    if freedom == 0 || x <= 0.0 {
        return 1.0;
    }
    let tail =
        if x < shape + 1.0 { 1.0 - lower_series(shape, x) } else { upper_fraction(shape, x) };
    tail.clamp(0.0, 1.0)
}

/// The logarithm of the gamma function of a positive number.
pub(super) fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let mut sum = LANCZOS[0];
    let mut denominator = x;
    for coefficient in &LANCZOS[1..] {
        denominator += 1.0;
        sum += coefficient / denominator;
    }
    let base = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

/// `x^a e^-x / Gamma(a)`, the factor of both expansions.
fn scale(a: f64, x: f64) -> f64 {
    (a * x.ln() - x - ln_gamma(a)).exp()
}

/// The lower regularised function: every term is positive, so nothing cancels.
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut next) = (1.0 / a, 1.0 / a, a);
    for _ in 0..MAX_TERMS {
        next += 1.0;
        term *= x / next;
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum * scale(a, x)
}

/// The upper regularised function by its continued fraction, evaluated from the front (Lentz).
fn upper_fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away_from_zero(b);
    let mut fraction = d;
    let mut i = 0.0;
    for _ in 0..MAX_TERMS {
        i += 1.0;
        let numerator = -i * (i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction * scale(a, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-11 * other.abs()
    }

    #[test]
    fn two_degrees_are_an_exponential() {
        for statistic in [0.01, 1.0, 2.0, 5.0, 30.0, 400.0] {
            assert!(
                close(chi_square_tail(statistic, 2), (-statistic / 2.0_f64).exp()),
                "{statistic}"
            );
        }
    }

    #[test]
    fn the_tables_are_met() {
        // scipy.stats.chi2.sf
        for (statistic, freedom, p) in [
            (0.5, 1, 0.479_500_122_186_953_37),
            (3.2, 3, 0.361_805_027_497_531_74),
            (30.0, 19, 0.051_798_458_893_023_89),
            (150.0, 100, 0.000_903_932_042_354_018_4),
            (2_500.0, 1_900, 3.511_573_930_588_049e-19),
            (700.0, 3, 2.099_130_853_420_448_7e-151),
        ] {
            assert!((chi_square_tail(statistic, freedom) / p - 1.0).abs() < 1e-10, "{statistic}");
        }
        assert!(close(chi_square_tail(0.0, 3), 1.0));
        assert!(close(chi_square_tail(7.0, 0), 1.0));
    }

    #[test]
    fn the_gamma_function_continues_the_factorial() {
        assert!(close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln()));
        assert!(close(ln_gamma(11.0), 3_628_800.0_f64.ln()));
    }
}
