//! The nights themselves: a mark for each figure, a band for each model.

use super::{
    drawing::{Anchor, Drawing, Point},
    layout::Layout,
};
use crate::{monitor::Verdict, story::record::DayRecord};

/// How many model colours there are; a story with more versions begins again.
const COLOURS: i32 = 4;
/// Narrower bands go without words.
const WORDS: f64 = 62.0;
const NUMBER: f64 = 15.0;
/// Of a disc, in pixels.
pub(super) const RADIUS: f64 = 4.6;

/// The largest figure of each night, joined by a line where nights follow each other.
pub(super) fn figures(drawing: &mut Drawing, layout: &Layout, days: &[DayRecord]) {
    let places: Vec<Option<Point>> =
        days.iter().enumerate().map(|(i, d)| place(layout, i, d)).collect();
    for run in places.split(Option::is_none) {
        let points: Vec<Point> = run.iter().flatten().copied().collect();
        if points.len() > 1 {
            drawing.trace("trace", &points);
        }
    }
    for (index, day) in days.iter().enumerate() {
        let Some(night) = &day.night else { continue };
        let at = place(layout, index, day)
            .unwrap_or(Point(layout.x(index), layout.figures_bottom() - 9.0));
        mark(drawing, night.verdict, (at, radius(layout)));
        let Some(measure) = &night.measure else { continue };
        if night.verdict == Verdict::Clean && !layout.exceeds(measure.figure) {
            continue;
        }
        let arrow = if layout.exceeds(measure.figure) { "↑ " } else { "" };
        let told = format!("{arrow}{} {:.1}", measure.feature, measure.figure);
        let right = at.0 + 100.0 > layout.right();
        let (aside, anchor) =
            if right { (at.0 - 10.0, Anchor::End) } else { (at.0 + 10.0, Anchor::Start) };
        drawing.text(
            "small on-light",
            Point(aside, at.1.max(layout.figures_top() + 8.0) + 4.5),
            anchor,
            &told,
        );
    }
}

fn place(layout: &Layout, index: usize, day: &DayRecord) -> Option<Point> {
    let measure = day.night.as_ref()?.measure.as_ref()?;
    Some(Point(layout.x(index), layout.y(measure.figure)))
}

/// Discs of a long story are smaller, so that they do not cover each other.
fn radius(layout: &Layout) -> f64 {
    (layout.slot() * 0.55).clamp(1.6, RADIUS)
}

/// The mark of a verdict: each has a shape of its own.
pub(super) fn mark(drawing: &mut Drawing, verdict: Verdict, (at, radius): (Point, f64)) {
    match verdict {
        Verdict::Clean => drawing.disc("clean", at, radius),
        Verdict::Drift => drawing.shape("drift", at, "M0 -8 8 0 0 8 -8 0z"),
        Verdict::DataDefect => drawing.shape("defect", at, "M-5 -5 5 5M-5 5 5 -5"),
        Verdict::TooFewRows => drawing.disc("few", at, radius),
        Verdict::InfrastructureFailure => drawing.shape("failure", at, "M0 -7 7 6 -7 6z"),
    }
}

/// Which version predicts, night after night.
pub(super) fn models(drawing: &mut Drawing, layout: &Layout, days: &[DayRecord]) {
    let (top, bottom) = (layout.models_top(), layout.models_bottom());
    let middle = f64::midpoint(top, bottom) + 4.5;
    drawing.text("", Point(layout.left() - 8.0, middle), Anchor::End, "model");
    let mut from = 0;
    for run in days.chunk_by(|one, next| in_use(one) == in_use(next)) {
        let half = layout.slot() / 2.0;
        let last = from + run.len() - 1;
        let (left, right) = (layout.x(from) - half, layout.x(last) + half);
        from += run.len();
        let (class, text_class, name) = match run.first().and_then(in_use) {
            None => ("none".to_owned(), "faint", "none".to_owned()),
            Some(version) => {
                let colour = (version - 1).rem_euclid(COLOURS);
                let on = if colour % 2 == 0 { "on-dark" } else { "on-light" };
                (format!("model{colour}"), on, version.to_string())
            }
        };
        drawing.rect(&class, Point(left, top), Point(right, bottom));
        let told = match right - left {
            width if width >= WORDS && name != "none" => format!("version {name}"),
            width if width >= NUMBER => name,
            _ => continue,
        };
        let centre = Point(f64::midpoint(left, right), middle);
        drawing.text(&format!("{text_class} small"), centre, Anchor::Middle, &told);
    }
}

fn in_use(day: &DayRecord) -> Option<i32> {
    day.night.as_ref().and_then(|night| night.version)
}
