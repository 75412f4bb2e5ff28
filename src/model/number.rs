//! Numbers as text, in a form that Rust and Python read and write alike.

/// The number that `text` spells: an optional minus, digits, optionally a fraction and an exponent. Narrower than
/// either language's own parser, so that `inf`, `1_000` or `.5` is refused by both.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        }
        None => (text, "0"),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if [whole, fraction, exponent].iter().all(|digits| is_digits(digits)) {
        text.parse().ok()
    } else {
        None
    }
}

/// The shortest text that reads back as `value`, without exponent, `.0` or `-0`.
pub(super) fn text(value: f64) -> String {
    // adding zero turns -0 into 0
    format!("{}", value + 0.0)
}

/// A row of numbers with commas; a missing one is blank.
pub(super) fn row_text(values: impl IntoIterator<Item = Option<f64>>) -> String {
    let cells: Vec<String> =
        values.into_iter().map(|value| value.map(text).unwrap_or_default()).collect();
    cells.join(",")
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{parse, text};
    use proptest::prelude::*;

    #[test]
    fn reads_plain_numbers_only() {
        assert_eq!(parse("-57.50"), Some(-57.5));
        assert_eq!(parse("3e2"), Some(300.0));
        for refused in ["", "-", ".5", "5.", "inf", "NaN", "1_000", "+1", "0x10", "1e", "٣", " 1"]
        {
            assert_eq!(parse(refused), None, "{refused}");
        }
    }

    #[test]
    fn writes_integers_without_a_fraction() {
        assert_eq!(text(57.0), "57");
        assert_eq!(text(57.5), "57.5");
        assert_eq!(text(-0.0), "0");
        assert_eq!(text(1e21), "1000000000000000000000");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in -1e15..1e15f64) {
            prop_assert_eq!(parse(&text(value)), Some(value));
        }
    }
}
