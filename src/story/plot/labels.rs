//! Turns of the story above the figures, in as many lines as it takes for none to cover another.

use super::{
    drawing::{Anchor, Drawing, Point},
    layout::Layout,
};
use crate::story::record::DayRecord;

/// Lines of turns at most; what fits in none is left to the timeline.
const MOST_LANES: usize = 12;
/// Pixels of a character, on the safe side.
const CHARACTER: f64 = 6.9;
/// Between two labels of one line.
const MARGIN: f64 = 12.0;

/// Labels with their places.
#[derive(Debug)]
pub(super) struct Labels(Vec<Label>);

#[derive(Debug)]
struct Label {
    day: usize,
    lane: usize,
    text: String,
    anchor: Anchor,
}

/// Gives each day with a turn the first line in which it covers no other.
pub(super) fn place(days: &[DayRecord]) -> Labels {
    let layout = Layout::of(days, 0);
    let mut ends = [f64::MIN; MOST_LANES];
    let mut labels = Vec::new();
    let told = days.iter().enumerate().filter(|(_, day)| !day.turns.is_empty());
    let texts =
        told.flat_map(|(index, day)| day.turns.iter().map(move |turn| (index, turn.to_string())));
    for (day, text) in texts {
        #[expect(clippy::cast_precision_loss, reason = "labels are short")]
        let width = text.chars().count() as f64 * CHARACTER;
        let x = layout.x(day);
        let (anchor, from) =
            if x + width > layout.right() { (Anchor::End, x - width) } else { (Anchor::Start, x) };
        if let Some((lane, end)) = ends.iter_mut().enumerate().find(|(_, end)| **end <= from) {
            *end = from + width + MARGIN;
            labels.push(Label { day, lane, text, anchor });
        }
    }
    Labels(labels)
}

impl Labels {
    /// How many lines they take.
    pub(super) fn lanes(&self) -> usize {
        self.0.iter().map(|label| label.lane + 1).max().unwrap_or(0)
    }

    /// Each label, and a line from it down to its night.
    pub(super) fn draw(&self, drawing: &mut Drawing, layout: &Layout) {
        let bottom = layout.models_top();
        for label in &self.0 {
            let (x, y) = (layout.x(label.day), layout.lane(label.lane));
            drawing.line("turn", Point(x, y - 10.0), Point(x, bottom));
            let aside = match label.anchor {
                Anchor::End => x - 4.0,
                Anchor::Start | Anchor::Middle => x + 4.0,
            };
            drawing.text("small", Point(aside, y), label.anchor, &label.text);
        }
    }
}
