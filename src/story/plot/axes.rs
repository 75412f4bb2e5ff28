//! What the figures are read by: heading, axes, grid, threshold, dates, legend.

use super::{
    Caption,
    drawing::{Anchor, Drawing, Point},
    layout::Layout,
    nights,
};
use crate::{monitor::Verdict, story::record::DayRecord};

/// Figures are multiples of what counts as drift.
const THRESHOLD: f64 = 1.0;

/// Ground, title and subtitle.
pub(super) fn heading(drawing: &mut Drawing, layout: &Layout, caption: &Caption) {
    drawing.rect("ground", Point(0.5, 0.5), Point(layout.width - 0.5, layout.height() - 0.5));
    let Point(x, y) = layout.corner();
    drawing.text("title", Point(x, y), Anchor::Start, &caption.title);
    drawing.text("faint", Point(x, y + 21.0), Anchor::Start, &caption.subtitle);
}

/// The upper panel: its grid, its axis, the threshold.
pub(super) fn figures(drawing: &mut Drawing, layout: &Layout) {
    let (left, right) = (layout.left(), layout.right());
    let (top, bottom) = (layout.figures_top(), layout.figures_bottom());
    drawing.rect("panel", Point(left, top), Point(right, bottom));
    let threshold = layout.y(THRESHOLD);
    drawing.rect("alarm", Point(left, top), Point(right, threshold));
    let grid = layout.grid();
    let mut value = 0.0;
    while value <= layout.top {
        let y = layout.y(value);
        drawing.line("grid", Point(left, y), Point(right, y));
        drawing.text("faint", Point(left - 8.0, y + 4.5), Anchor::End, &format!("{value}"));
        value += grid;
    }
    drawing.line("threshold", Point(left, threshold), Point(right, threshold));
    let above = Point(left + 8.0, threshold - 6.0);
    drawing.text("threshold-text small", above, Anchor::Start, "drift begins here");
    drawing.line("axis", Point(left, bottom), Point(right, bottom));
    let middle = Point(30.0, f64::midpoint(top, bottom));
    drawing.upwards("", middle, "drift, in multiples of its threshold");
}

/// Dates below the models, and what they are.
pub(super) fn dates(drawing: &mut Drawing, layout: &Layout, days: &[DayRecord]) {
    let bottom = layout.models_bottom();
    for (index, day) in days.iter().enumerate().step_by(layout.date_step()) {
        let x = layout.x(index);
        drawing.line("axis", Point(x, bottom), Point(x, bottom + 5.0));
        let date = day.date.strftime("%m-%d").to_string();
        drawing.text("small", Point(x, bottom + 19.0), Anchor::Middle, &date);
    }
    let middle = f64::midpoint(layout.left(), layout.right());
    let years = match (days.first(), days.last()) {
        (Some(first), Some(last)) if first.date.year() != last.date.year() => {
            format!("{} to {}, ", first.date.year(), last.date.year())
        }
        (Some(first), _) => format!("{}, ", first.date.year()),
        (None, _) => String::new(),
    };
    let name = format!("{years}month and day of the night (UTC)");
    drawing.text("faint small", Point(middle, bottom + 40.0), Anchor::Middle, &name);
}

/// Each verdict that occurs, with its shape.
pub(super) fn legend(drawing: &mut Drawing, layout: &Layout, days: &[DayRecord]) {
    let y = layout.models_bottom() + 70.0;
    let mut x = layout.left();
    for verdict in [
        Verdict::Clean,
        Verdict::Drift,
        Verdict::DataDefect,
        Verdict::TooFewRows,
        Verdict::InfrastructureFailure,
    ] {
        let occurs = |day: &DayRecord| day.night.as_ref().is_some_and(|n| n.verdict == verdict);
        if !days.iter().any(occurs) {
            continue;
        }
        nights::mark(drawing, verdict, (Point(x + 6.0, y), nights::RADIUS));
        let text = format!("{verdict} night");
        drawing.text("small", Point(x + 18.0, y + 4.5), Anchor::Start, &text);
        #[expect(clippy::cast_precision_loss, reason = "a verdict's name is short")]
        let length = text.chars().count() as f64;
        x += 18.0 + length * 7.2 + 20.0;
    }
    let end = Point(layout.right(), y + 4.5);
    let told = "the column that changed most: the smaller of −log10 p and distance, each over its threshold";
    drawing.text("faint small", end, Anchor::End, told);
}
