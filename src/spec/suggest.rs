//! "Did you mean": the known word that is nearest to an unknown one.

/// Words longer than this are not compared: no name in our files comes near it, and the comparison
/// takes time with the square of the length.
const LONGEST_WORD: usize = 64;

/// The candidate nearest to `word`, if it is near enough to be a slip of the finger.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if word.chars().count() > LONGEST_WORD {
        return None;
    }
    let folded = fold(word);
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A sentence that offers the nearest candidate or, failing that, names them all.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> Option<String> {
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean '{candidate}'?"));
    }
    let known = candidates.into_iter().collect::<Vec<_>>();
    (!known.is_empty()).then(|| format!("known here: {}", known.join(", ")))
}

/// More wrong letters than this make another word.
const MOST_SLIPS: usize = 3;

/// A third of the letters may be wrong, at least one.
fn tolerance(candidate: &str) -> usize {
    (candidate.chars().count() / 3).clamp(1, MOST_SLIPS)
}

/// `At_Least` and `at-least` are the same slip.
fn fold(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment), counted only as far as [`MOST_SLIPS`] need it.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(before_last[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        before_last = std::mem::replace(&mut last, row);
        let hopeless = |row: &[usize]| row.iter().all(|distance| *distance > MOST_SLIPS);
        // A swap reaches back two rows.
        if hopeless(&last) && hopeless(&before_last) {
            return usize::MAX;
        }
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_does_not() {
        let known = ["needs", "timeout", "at-least", "in", "on"];
        assert_eq!(nearest("need", known), Some("needs"));
        assert_eq!(nearest("tiemout", known), Some("timeout"));
        assert_eq!(nearest("At_Least", known), Some("at-least"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"n".repeat(100_000), known), None);
    }

    #[test]
    fn a_swap_of_neighbours_counts_once() {
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("abcd"), &letters("abdc")), 1);
        assert_eq!(distance(&letters(""), &letters("abc")), 3);
    }
}
