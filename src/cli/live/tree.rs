//! The stage tree as data, and one frame of it as lines.

use crate::{
    flow::{Event, SkipReason},
    ids::StageName,
    spec::Pipeline,
};
use console::{Style, truncate_str};
use jiff::Timestamp;
use std::collections::VecDeque;

/// Lines of a running stage that are shown below it.
const TAIL: usize = 3;

/// Every stage with what is known of it.
#[derive(Debug)]
pub(super) struct Tree {
    rows: Vec<Row>,
    widest: usize,
}

#[derive(Debug)]
struct Row {
    name: StageName,
    state: State,
    tail: VecDeque<String>,
}

#[derive(Debug, Clone)]
enum State {
    Waiting,
    Running { since: Timestamp },
    Done { seconds: f64 },
    Reused,
    Asking { plan: String },
    Failed { seconds: f64, message: String },
    Skipped { reason: String },
}

impl Tree {
    /// All stages waiting.
    pub(super) fn new(pipeline: &Pipeline) -> Self {
        let row = |name: &StageName| Row {
            name: name.clone(),
            state: State::Waiting,
            tail: VecDeque::new(),
        };
        let rows: Vec<Row> = pipeline.stages.iter().map(|stage| row(&stage.name)).collect();
        let widest = rows.iter().map(|row| row.name.as_str().len()).max().unwrap_or(0);
        Self { rows, widest }
    }

    /// Takes an event into account.
    pub(super) fn event(&mut self, event: &Event, now: Timestamp) {
        let Some(row) = event.stage().and_then(|stage| self.row(stage)) else { return };
        let seconds = match row.state {
            State::Running { since } => (now - since).total(jiff::Unit::Second).unwrap_or(0.0),
            State::Waiting
            | State::Done { .. }
            | State::Reused
            | State::Asking { .. }
            | State::Failed { .. }
            | State::Skipped { .. } => 0.0,
        };
        row.state = match event {
            Event::StageReused { .. } => State::Reused,
            Event::StageStarted { .. } => State::Running { since: now },
            Event::StageSucceeded { .. } => State::Done { seconds },
            Event::StageFailed { failure, .. } => {
                State::Failed { seconds, message: failure.message.clone() }
            }
            Event::StageSkipped { reason, .. } => State::Skipped { reason: why(reason) },
            Event::StageParked { request, .. } => {
                State::Asking { plan: request.plan.short().to_owned() }
            }
            Event::StageInterrupted { .. }
            | Event::StageAwoken { .. }
            | Event::RetryScheduled { .. } => State::Waiting,
            Event::RunCreated
            | Event::CancelRequested { .. }
            | Event::RunWithdrawn { .. }
            | Event::RunFinished { .. } => return,
        };
    }

    /// Remembers a line of a stage's log.
    pub(super) fn line(&mut self, stage: &StageName, text: &str) {
        let Some(row) = self.row(stage) else { return };
        row.tail.push_back(text.lines().next().unwrap_or_default().to_owned());
        if row.tail.len() > TAIL {
            row.tail.pop_front();
        }
    }

    /// The stages that are done, one line each.
    pub(super) fn ended(&self) -> Vec<String> {
        let told = |row: &Row| match &row.state {
            State::Done { .. } => Some(format!("{}: done before", row.name)),
            State::Reused => Some(format!("{}: taken over from an earlier run", row.name)),
            State::Waiting
            | State::Running { .. }
            | State::Asking { .. }
            | State::Failed { .. }
            | State::Skipped { .. } => None,
        };
        self.rows.iter().filter_map(told).collect()
    }

    /// What to print about an event where nothing can be redrawn; call after [`Tree::event`].
    pub(super) fn sentence(&self, event: &Event) -> Option<String> {
        let stage = event.stage()?;
        let row = self.rows.iter().find(|row| row.name == *stage)?;
        let told = match &row.state {
            State::Waiting => return None,
            State::Running { .. } => "started".to_owned(),
            State::Done { seconds } => format!("done in {seconds:.2} s"),
            State::Reused => "taken over".to_owned(),
            State::Asking { plan } => format!("waits for approval of plan {plan}"),
            State::Failed { seconds, message } => format!("failed after {seconds:.2} s: {message}"),
            State::Skipped { reason } => format!("skipped: {reason}"),
        };
        Some(format!("{stage}: {told}"))
    }

    /// The whole tree as lines of at most `width` columns.
    pub(super) fn frame(
        &self,
        now: Timestamp,
        width: usize,
        paint: &dyn Fn(Style, &str) -> String,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let (mark, style, told) = row.appearance(now);
            let head = format!("{mark} {:<widest$}  {told}", row.name, widest = self.widest);
            lines.push(paint(style, &truncate_str(&head, width, "…")));
            if matches!(row.state, State::Running { .. }) {
                let indent = row.tail.iter().map(|line| format!("    {line}"));
                lines.extend(
                    indent.map(|line| paint(Style::new().dim(), &truncate_str(&line, width, "…"))),
                );
            }
        }
        lines
    }

    fn row(&mut self, stage: &StageName) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.name == *stage)
    }
}

impl Row {
    /// Mark, colour and words of a row. The mark alone tells the state, for those who see no colour.
    fn appearance(&self, now: Timestamp) -> (&'static str, Style, String) {
        let plain = Style::new();
        match &self.state {
            State::Waiting => ("·", plain.dim(), String::new()),
            State::Running { since } => {
                let seconds = (now - *since).total(jiff::Unit::Second).unwrap_or(0.0);
                ("▸", plain.cyan(), format!("{seconds:.1} s"))
            }
            State::Done { seconds } => {
                let last = self.tail.back().map(String::as_str).unwrap_or_default();
                ("✔", plain.green(), format!("{seconds:.2} s  {last}"))
            }
            State::Reused => ("✔", plain.green(), "taken over from an earlier run".to_owned()),
            State::Failed { message, .. } => ("✘", plain.red(), message.clone()),
            State::Asking { plan: asked } => {
                ("?", plain.yellow(), format!("waits for approval of plan {asked}"))
            }
            State::Skipped { reason } => ("–", plain.dim(), reason.clone()),
        }
    }
}

fn why(reason: &SkipReason) -> String {
    match reason {
        SkipReason::ConditionFalse => "its condition is false".to_owned(),
        SkipReason::NeedNotMet { need, .. } => format!("'{need}' did not succeed"),
        SkipReason::NotCalledFor => "nothing called for it".to_owned(),
        SkipReason::Cancelled => "cancelled".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Attempt, spec::SourceFile, spec::check_pipeline};

    fn tree() -> Tree {
        let text = include_str!("../../../pipeline.yaml").to_owned();
        let file = SourceFile { name: "pipeline.yaml".to_owned(), text };
        Tree::new(&check_pipeline(&file).unwrap().0)
    }

    #[test]
    fn a_running_stage_shows_its_last_lines_and_its_time() {
        let (mut tree, stage) = (tree(), "train-test".parse::<StageName>().unwrap());
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        tree.event(&Event::StageStarted { stage: stage.clone(), attempt: Attempt::FIRST }, start);
        for text in ["one", "two", "three", "four"] {
            tree.line(&stage, text);
        }
        let later = start + jiff::SignedDuration::from_millis(1500);
        let frame = tree.frame(later, 40, &|_, text| text.to_owned());
        assert_eq!(frame[1..5], ["▸ train-test        1.5 s", "    two", "    three", "    four"]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let (mut tree, stage) = (tree(), "gate".parse::<StageName>().unwrap());
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        tree.event(&Event::StageStarted { stage: stage.clone(), attempt: Attempt::FIRST }, now);
        tree.line(&stage, &"long ".repeat(50));
        let frame = tree.frame(now, 20, &|_, text| text.to_owned());
        assert!(frame.iter().all(|line| console::measure_text_width(line) <= 20), "{frame:?}");
    }
}
