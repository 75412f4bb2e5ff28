//! The story as a picture: the drift figure of each night above, the model in use below, on one axis of dates.
//!
//! Plain SVG with a ground of its own, so that it reads the same in a dark viewer and a light one. Colours are Okabe and
//! Ito's, told apart by colour-blind readers, and every verdict has a shape of its own besides.

mod axes;
mod drawing;
mod labels;
mod layout;
mod nights;

use super::record::DayRecord;
use drawing::Drawing;
use layout::Layout;

/// What stands above the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// What was promoted, and where to.
    pub title: String,
    /// On which data.
    pub subtitle: String,
}

/// Draws the story. Without a single day there is only the frame.
#[must_use]
pub fn plot(caption: &Caption, days: &[DayRecord]) -> String {
    let labels = labels::place(days);
    let layout = Layout::of(days, labels.lanes());
    let mut drawing = Drawing::new(layout.width, layout.height());
    drawing.describe(&caption.title, &description(days));
    axes::heading(&mut drawing, &layout, caption);
    axes::figures(&mut drawing, &layout);
    labels.draw(&mut drawing, &layout);
    nights::models(&mut drawing, &layout, days);
    nights::figures(&mut drawing, &layout, days);
    axes::dates(&mut drawing, &layout, days);
    axes::legend(&mut drawing, &layout, days);
    drawing.finish()
}

/// The picture in words, for those who cannot see it.
fn description(days: &[DayRecord]) -> String {
    let mut told = format!(
        "The largest drift figure of each of {} nights against its threshold, and the model version in use.",
        days.iter().filter(|day| day.night.is_some()).count()
    );
    for day in days.iter().filter(|day| !day.turns.is_empty()) {
        told.push_str(&format!(" {}: {}.", day.date, day.happened()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{super::record::examples, *};

    fn caption() -> Caption {
        Caption { title: "Closed loop".to_owned(), subtitle: "data < & > \"quoted\"".to_owned() }
    }

    #[test]
    fn the_picture_names_axes_units_dates_models_and_turns() {
        let svg = plot(&caption(), &examples::story(8));
        for words in [
            "Closed loop",
            "drift, in multiples of its threshold",
            "drift begins here",
            "of the night (UTC)",
            "11-06",
            "version 1",
            "version 2",
            "alert",
            "data &lt; &amp; &gt; &quot;quoted&quot;",
            "<title",
            "<desc",
        ] {
            assert!(svg.contains(words), "{words}: {svg}");
        }
    }

    #[test]
    fn every_element_that_is_opened_is_closed() {
        for days in [0, 8, 40, 370] {
            let story = if days == 0 { Vec::new() } else { examples::story(days) };
            let svg = plot(&caption(), &story);
            for name in ["svg", "g", "text", "title", "desc", "style"] {
                let opened = svg.matches(&format!("<{name} ")).count();
                let opened = opened + svg.matches(&format!("<{name}>")).count();
                assert_eq!(opened, svg.matches(&format!("</{name}>")).count(), "{name}");
            }
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{days}");
        }
    }

    #[test]
    fn the_same_story_is_the_same_picture() {
        let story = examples::story(30);
        assert_eq!(plot(&caption(), &story), plot(&caption(), &story));
    }
}
