//! Batches drawn from the shipped rows. The bounds are loose, benches/drift.rs prints the figures.

use super::draws::{Baseline, Population, Protocol, Random, Shift};
use relevo::monitor::{Assessment, Verdict};

const DRAWS: usize = 100;

/// Judges [`DRAWS`] batches against a baseline, both drawn from all patients.
fn judge(size: usize, shift: Shift) -> Vec<Assessment> {
    let population = Population::read();
    let mut random = Random::seeded(7);
    let mut draw = || -> Assessment {
        let drawn = population.draw(Protocol::Independent, size, &mut random);
        let (baseline, mut batch) = drawn.unwrap();
        population.shift(&mut batch, shift, &mut random);
        Baseline::of(&baseline).judge(&batch)
    };
    (0..DRAWS).map(|_| draw()).collect()
}

fn drifted(found: &[Assessment]) -> usize {
    found.iter().filter(|assessment| assessment.verdict == Verdict::Drift).count()
}

#[test]
fn a_clean_night_of_48_patients_is_seldom_called_drift() {
    let found = judge(48, Shift::Nothing);
    assert!(drifted(&found) * 100 <= 3 * DRAWS, "{} of {DRAWS}", drifted(&found));
    // p-values of a clean batch are spread over 0 to 1: those of Age, which has few ties, evenly
    for share in [0.1, 0.3, 0.5, 0.7] {
        let below =
            found.iter().filter(|assessment| assessment.features[0].p_value < share).count();
        let expected = share * DRAWS as f64;
        assert!((below as f64 - expected).abs() < 0.1 * DRAWS as f64, "{below} below {share}");
    }
}

#[test]
fn patients_one_standard_deviation_older_are_noticed() {
    let found = judge(48, Shift::Age(1.0));
    assert!(drifted(&found) * 100 >= 90 * DRAWS, "{} of {DRAWS}", drifted(&found));
    let age = |line: &String| line.starts_with("_c0: mean 5") && line.contains(" sd), KS 0.");
    assert!(found.iter().flat_map(Assessment::reasons).any(|line| age(&line)));
}

#[test]
fn the_containers_rule_flags_most_clean_nights() {
    let population = Population::read();
    let mut random = Random::seeded(7);
    let draws = 60;
    let naive = (0..draws).filter(|_| {
        let (baseline, batch) = population.draw(Protocol::Independent, 48, &mut random).unwrap();
        Baseline::of(&baseline).ask(&batch).naive
    });
    assert!(naive.count() * 2 > draws);
}
