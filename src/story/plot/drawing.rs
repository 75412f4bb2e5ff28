//! Writing SVG: shapes with a class each, and text that cannot break out of its element.

use std::fmt::Write as _;

/// Looks of everything that is drawn, by class.
const STYLE: &str = "\
text { font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-size: 13px; fill: #1f2933 }
.title { font-size: 19px; font-weight: 600 }
.faint { fill: #52606d }
.small { font-size: 12px }
.ground { fill: #ffffff; stroke: #cbd2d9 }
.panel { fill: #f7f9fb; stroke: none }
.alarm { fill: #fdf1e7; stroke: none }
.grid { stroke: #e1e7ec; stroke-width: 1 }
.axis { stroke: #829ab1; stroke-width: 1 }
.threshold { stroke: #b34700; stroke-width: 1.6; stroke-dasharray: 6 4 }
.threshold-text { fill: #9a3d00 }
.trace { fill: none; stroke: #9fb3c8; stroke-width: 1.4 }
.turn { stroke: #829ab1; stroke-width: 1; stroke-dasharray: 2 3 }
.clean { fill: #0072b2; stroke: #ffffff; stroke-width: 1 }
.drift { fill: #d55e00; stroke: #ffffff; stroke-width: 1 }
.defect { fill: none; stroke: #1f2933; stroke-width: 2.4 }
.few { fill: #ffffff; stroke: #52606d; stroke-width: 1.8 }
.failure { fill: #1f2933; stroke: #ffffff; stroke-width: 1 }
.none { fill: #e4e7eb }
.model0 { fill: #0072b2 }
.model1 { fill: #e69f00 }
.model2 { fill: #009e73 }
.model3 { fill: #cc79a7 }
.on-dark { fill: #ffffff; font-weight: 600 }
.on-light { fill: #1f2933; font-weight: 600 }
";

/// A place in the picture: right and down from its upper left corner, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point(pub(super) f64, pub(super) f64);

/// Which end of a text its point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture that is being drawn.
#[derive(Debug)]
pub(super) struct Drawing {
    body: String,
}

impl Drawing {
    /// An empty card.
    pub(super) fn new(width: f64, height: f64) -> Self {
        let mut drawing = Self { body: String::new() };
        drawing.push(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"title description\">"
        ));
        drawing
    }

    /// Title and description come first, for screen readers; looks and ground follow.
    pub(super) fn describe(&mut self, title: &str, description: &str) {
        self.push(&format!("<title id=\"title\">{}</title>", escaped(title)));
        self.push(&format!("<desc id=\"description\">{}</desc>", escaped(description)));
        self.push(&format!("<style>\n{STYLE}</style>"));
    }

    /// A rectangle between two corners.
    pub(super) fn rect(&mut self, class: &str, from: Point, to: Point) {
        let (width, height) = (to.0 - from.0, to.1 - from.1);
        self.push(&format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
            from.0, from.1
        ));
    }

    /// A straight line.
    pub(super) fn line(&mut self, class: &str, from: Point, to: Point) {
        self.push(&format!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// Lines from point to point.
    pub(super) fn trace(&mut self, class: &str, points: &[Point]) {
        let points: Vec<String> = points.iter().map(|p| format!("{:.1},{:.1}", p.0, p.1)).collect();
        self.push(&format!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }

    /// A disc.
    pub(super) fn disc(&mut self, class: &str, at: Point, radius: f64) {
        self.push(&format!(
            "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"/>",
            at.0, at.1
        ));
    }

    /// A shape given as an SVG path around `at`.
    pub(super) fn shape(&mut self, class: &str, at: Point, path: &str) {
        self.push(&format!(
            "<path class=\"{class}\" transform=\"translate({:.1} {:.1})\" d=\"{path}\"/>",
            at.0, at.1
        ));
    }

    /// Text at a point.
    pub(super) fn text(&mut self, class: &str, at: Point, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(&format!(
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            at.0,
            at.1,
            escaped(text)
        ));
    }

    /// Text that runs upwards, centred on a point.
    pub(super) fn upwards(&mut self, class: &str, at: Point, text: &str) {
        self.push(&format!(
            "<text class=\"{class}\" transform=\"translate({:.1} {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            at.0,
            at.1,
            escaped(text)
        ));
    }

    /// The whole document.
    pub(super) fn finish(mut self) -> String {
        self.push("</svg>");
        self.body
    }

    fn push(&mut self, element: &str) {
        // Writing to a text cannot fail.
        let _written = writeln!(self.body, "{element}");
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}
