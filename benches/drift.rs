//! How often three monitors call a clean batch drifted, and how often they notice a batch that is.
//!
//! `cargo bench --bench drift`. Batches are drawn from data/mammographic.csv (Age, Shape, Margin, Density) with a
//! fixed seed and held against their baseline by the naive rule (a gap of more than 0.1 between cumulative shares,
//! the container's `Simple`), by the container's `Robust`, and by `monitor::assess` at several significances. What
//! counts as drawing from the same distribution is a matter of protocol, so each one is printed.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads its environment")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a benchmark may stop and prints; it shares its draws with a test"
)]

#[path = "drift/draws.rs"]
mod draws;

use draws::{Answers, Baseline, Population, Protocol, Random, Shift};

const SIZES: [usize; 4] = [48, 96, 192, 480];
const SIGNIFICANCES: [f64; 4] = [0.05, 0.02, 0.01, 0.001];
const SEED: u64 = 1;
/// Batches per figure; DRAWS in the environment asks for another number.
const DRAWS: u32 = 2_000;

fn main() {
    let draws = std::env::var("DRAWS").ok().and_then(|text| text.parse().ok()).unwrap_or(DRAWS);
    let population = Population::read();
    println!("clean batches called drifted, % of {draws}");
    header();
    for (name, protocol) in [
        ("independent", Protocol::Independent),
        ("independent+BI-RADS", Protocol::IndependentWithBiRads),
        ("training", Protocol::Training),
        ("training, once", Protocol::TrainingOnce),
        ("all rows", Protocol::AllRows),
        ("new patients", Protocol::NewPatients),
    ] {
        table(&population, name, (protocol, Shift::Nothing), draws);
    }
    println!("\nbatches that share no patient's features with the training part, % of {draws}");
    header();
    table(&population, "left over", (Protocol::LeftOver, Shift::Nothing), draws);
    println!("\nshifted batches called drifted, % of {draws} (independent)");
    header();
    for (name, shift) in [
        ("Age +1 sd", Shift::Age(1.0)),
        ("Age +0.5 sd", Shift::Age(0.5)),
        ("Margin 5 for 30 %", Shift::Margin(0.3)),
        ("Margin 5 for 50 %", Shift::Margin(0.5)),
    ] {
        table(&population, name, (Protocol::Independent, shift), draws);
    }
}

fn header() {
    print!("{:<20} {:>5} {:>7} {:>7}", "batches", "rows", "naive", "Robust");
    for significance in SIGNIFICANCES {
        print!(" {:>7}", format!("p<{significance}"));
    }
    println!();
}

fn table(population: &Population, name: &str, (protocol, shift): (Protocol, Shift), draws: u32) {
    for size in SIZES {
        let mut random = Random::seeded(SEED);
        let mut counts = [0_u32; 2 + SIGNIFICANCES.len()];
        let mut drawn = 0;
        for _ in 0..draws {
            let Some((baseline, mut batch)) = population.draw(protocol, size, &mut random) else {
                continue;
            };
            drawn += 1;
            population.shift(&mut batch, shift, &mut random);
            let answers = Baseline::of(&baseline).ask(&batch);
            for (count, flagged) in counts.iter_mut().zip(flags(&answers)) {
                *count += u32::from(flagged);
            }
        }
        if drawn == 0 {
            continue;
        }
        print!("{name:<20} {size:>5}");
        for count in counts {
            print!(" {:>7.1}", 100.0 * f64::from(count) / f64::from(drawn));
        }
        println!();
    }
}

fn flags(answers: &Answers) -> Vec<bool> {
    let ours = SIGNIFICANCES.map(|significance| answers.ours_at(significance));
    [answers.naive, answers.robust].into_iter().chain(ours).collect()
}
