//! The story as a table for people: one line a day.

use super::record::DayRecord;
use crate::monitor::Verdict;

/// Runs of quiet days longer than this are told in one line.
const LONGEST_QUIET: usize = 4;

const HEADINGS: [&str; 7] = ["DAY", "DATE", "MODEL", "ROWS", "VERDICT", "DRIFT", "WHAT HAPPENED"];

/// What the drift column is, for below the table.
pub const EXPLAINED: &str =
    "DRIFT: the column that changed most, in multiples of what counts as drift (above 1)";

/// The table, without colour. Long stretches in which nothing happened are folded to their first and last day.
#[must_use]
pub fn timeline(days: &[DayRecord]) -> String {
    let mut lines: Vec<[String; 7]> = vec![HEADINGS.map(str::to_owned)];
    for stretch in stretches(days) {
        match stretch {
            [first, hidden @ .., last] if stretch.len() > LONGEST_QUIET => {
                let told = format!("{} more clean nights", hidden.len());
                let skipped = [":", "", "", "", "", "", &told].map(str::to_owned);
                lines.extend([cells(first), skipped, cells(last)]);
            }
            days => lines.extend(days.iter().map(cells)),
        }
    }
    aligned(&lines)
}

/// Consecutive days that can be folded together: quiet clean ones by the same model.
fn stretches(days: &[DayRecord]) -> impl Iterator<Item = &[DayRecord]> {
    days.chunk_by(|one, next| is_quiet(one) && is_quiet(next) && version(one) == version(next))
}

fn is_quiet(day: &DayRecord) -> bool {
    let clean = day.night.as_ref().is_some_and(|night| night.verdict == Verdict::Clean);
    day.turns.is_empty() && clean
}

fn version(day: &DayRecord) -> Option<i32> {
    day.night.as_ref().and_then(|night| night.version)
}

fn cells(day: &DayRecord) -> [String; 7] {
    let night = day.night.as_ref();
    let figure = night.and_then(|night| night.measure.as_ref());
    let model = match night {
        None => "none".to_owned(),
        Some(_) => version(day).map_or("-".to_owned(), |version| version.to_string()),
    };
    let figure = figure
        .map_or_else(String::new, |measure| format!("{:.2} {}", measure.figure, measure.feature));
    let dash = || "-".to_owned();
    [
        day.day.to_string(),
        day.date.to_string(),
        model,
        night.map_or_else(dash, |night| night.rows.to_string()),
        night.map_or_else(dash, |night| night.verdict.to_string()),
        figure,
        day.happened(),
    ]
}

fn aligned(lines: &[[String; 7]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEADINGS.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |cells: &[String; 7]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match column {
                // Numbers stand under each other.
                0 | 3 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            })
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{super::record::examples, *};

    #[test]
    fn each_day_of_the_default_story_has_a_line() {
        let table = timeline(&examples::story(8));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 9, "{table}");
        assert!(lines[0].starts_with("DAY  DATE        MODEL"), "{table}");
        assert!(lines[1].contains("2026-11-02  none"), "{table}");
        assert!(lines[5].contains("drift") && lines[5].contains("4.21 Age"), "{table}");
        assert!(lines[5].contains("alert, retrained: version 2"), "{table}");
        assert!(lines[7].contains("version 2 approved"), "{table}");
        assert!(lines.iter().all(|line| line.chars().count() <= 110), "{table}");
    }

    #[test]
    fn a_year_fits_on_a_screen() {
        let table = timeline(&examples::story(366));
        assert!(table.lines().count() < 25, "{table}");
        assert!(table.contains("more clean nights"), "{table}");
        assert!(table.contains("drift"), "{table}");
    }
}
