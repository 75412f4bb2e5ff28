//! Where things go: from days and figures to pixels.

use super::drawing::Point;
use crate::story::record::DayRecord;

/// Figures above this are drawn at the upper edge with their number: one night must not press all others to the ground.
const LARGEST_SHOWN: f64 = 10.0;
/// The axis reaches at least so far, so that the threshold stands well inside.
const SMALLEST_TOP: f64 = 2.0;
/// Where the panel's left and right edges are.
const LEFT: f64 = 78.0;
const RIGHT: f64 = 976.0;
/// Height of the heading above the turns.
const HEADING: f64 = 74.0;
/// Height of one line of turns.
pub(super) const LANE: f64 = 19.0;
const FIGURES: f64 = 250.0;
/// Between figures and models.
const GAP: f64 = 14.0;
const MODELS: f64 = 34.0;
/// Below the models: dates, their name, the legend.
const FOOT: f64 = 98.0;

/// The picture's measures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    days: usize,
    lanes: usize,
    /// The figure at the upper edge.
    pub(super) top: f64,
}

impl Layout {
    pub(super) fn of(days: &[DayRecord], lanes: usize) -> Self {
        let measures = || days.iter().filter_map(|day| day.night.as_ref()?.measure.as_ref());
        let largest = measures().map(|measure| measure.figure).fold(0.0, f64::max);
        let top = (largest.min(LARGEST_SHOWN) * 1.12).max(SMALLEST_TOP);
        Self { width: 1000.0, days: days.len(), lanes, top }
    }

    pub(super) fn height(&self) -> f64 {
        self.models_bottom() + FOOT
    }

    /// The middle of a day.
    #[expect(clippy::cast_precision_loss, reason = "a story has some hundred days")]
    pub(super) fn x(&self, index: usize) -> f64 {
        LEFT + (index as f64 + 0.5) * self.slot()
    }

    /// The pixels of one day.
    #[expect(clippy::cast_precision_loss, reason = "a story has some hundred days")]
    pub(super) fn slot(&self) -> f64 {
        (RIGHT - LEFT) / self.days.max(1) as f64
    }

    /// The height of a figure, at the upper edge if it is larger than the axis.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value / self.top).clamp(0.0, 1.0);
        self.figures_bottom() - share * FIGURES
    }

    /// Is the figure larger than the axis?
    pub(super) fn exceeds(&self, value: f64) -> bool {
        value > self.top
    }

    pub(super) fn left(&self) -> f64 {
        LEFT
    }

    pub(super) fn right(&self) -> f64 {
        RIGHT
    }

    /// The baseline of a line of turns.
    #[expect(clippy::cast_precision_loss, reason = "there are a handful of lanes")]
    pub(super) fn lane(&self, lane: usize) -> f64 {
        HEADING + (lane as f64 + 0.75) * LANE
    }

    #[expect(clippy::cast_precision_loss, reason = "there are a handful of lanes")]
    pub(super) fn figures_top(&self) -> f64 {
        HEADING + self.lanes as f64 * LANE + 8.0
    }

    pub(super) fn figures_bottom(&self) -> f64 {
        self.figures_top() + FIGURES
    }

    pub(super) fn models_top(&self) -> f64 {
        self.figures_bottom() + GAP
    }

    pub(super) fn models_bottom(&self) -> f64 {
        self.models_top() + MODELS
    }

    /// The upper left corner of the picture, within its margin.
    pub(super) fn corner(&self) -> Point {
        Point(24.0, 34.0)
    }

    /// The distance of grid lines: the smallest of a half, 1 and 2 that leaves no more than eight.
    pub(super) fn grid(&self) -> f64 {
        [0.5, 1.0, 2.0].into_iter().find(|step| self.top / step <= 8.0).unwrap_or(2.0)
    }

    /// Every how many days a date fits.
    pub(super) fn date_step(&self) -> usize {
        /// Pixels of a date with its margin.
        const DATE: f64 = 46.0;
        let steps = [1, 2, 7, 14, 28, 56];
        #[expect(clippy::cast_precision_loss, reason = "steps are small")]
        let fits = |step: &usize| self.slot() * *step as f64 >= DATE;
        steps.into_iter().find(fits).unwrap_or(112)
    }
}
