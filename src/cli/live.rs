//! A run as it happens: a tree that redraws itself on a terminal, plain lines on a pipe, JSON lines for programs.

mod tree;

use super::output::{Format, Output, harmless};
use crate::{
    clock::Clock,
    engine::Watch,
    logs::LogLine,
    queue::Reason,
    store::{RunRecord, StoredEvent},
};
use console::Term;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tree::Tree;

/// Redrawing this often looks alive and costs nothing.
const FRAME: Duration = Duration::from_millis(100);

/// Shows one run.
#[derive(Debug)]
pub(crate) struct Live {
    output: Output,
    clock: Arc<dyn Clock>,
    tree: Mutex<Tree>,
    /// Lines of the last frame, to be drawn over.
    drawn: Mutex<usize>,
}

impl Live {
    /// A display for `run`, with its heading already shown.
    pub(crate) fn new(output: &Output, clock: Arc<dyn Clock>, run: &RunRecord) -> Self {
        let heading = format!(
            "{}  {} → {}  commit {}  run {}",
            run.pipeline.name,
            run.reference,
            run.environment,
            run.commit.short(),
            run.id.short()
        );
        if output.format == Format::Text {
            output.talk(&output.paint_talk(console::Style::new().bold(), &heading));
        }
        let tree = Tree::new(&run.pipeline);
        Self { output: output.clone(), clock, tree: Mutex::new(tree), drawn: Mutex::new(0) }
    }

    /// Takes up what happened before this process, and says which stages need not run again.
    pub(crate) fn begin(&self, past: &[StoredEvent]) {
        let mut tree = lock(&self.tree);
        for stored in past {
            tree.event(&stored.event, stored.at);
        }
        if self.output.format == Format::Text && !self.output.is_live() {
            tree.ended().iter().for_each(|line| self.output.talk(line));
        }
    }

    /// Redraws until it is dropped; to be polled beside the run.
    pub(crate) async fn redraw(&self) -> std::convert::Infallible {
        loop {
            self.draw();
            self.clock.sleep(FRAME).await;
        }
    }

    /// Draws the last frame; what follows is printed below it.
    pub(crate) fn finish(&self) {
        self.draw();
        *lock(&self.drawn) = 0;
    }

    /// Says something above the tree, which would else be drawn over it.
    pub(crate) fn say(&self, text: &str) {
        if self.output.is_live() {
            let term = Term::stderr();
            let mut drawn = lock(&self.drawn);
            let _undrawn = term.clear_last_lines(*drawn);
            *drawn = 0;
        }
        self.output.talk(text);
    }

    fn draw(&self) {
        if !self.output.is_live() {
            return;
        }
        let term = Term::buffered_stderr();
        let width = usize::from(term.size().1);
        let paint = |style, text: &str| self.output.paint_talk(style, text);
        let frame = lock(&self.tree).frame(self.clock.now(), width, &paint);
        let mut drawn = lock(&self.drawn);
        // Nothing to be done about a terminal that cannot be drawn on.
        let _undrawn = term.clear_last_lines(*drawn);
        for line in &frame {
            let _undrawn = term.write_line(line);
        }
        let _undrawn = term.flush();
        *drawn = frame.len();
    }
}

impl Watch for Live {
    fn event(&self, _run: &RunRecord, stored: &StoredEvent) {
        lock(&self.tree).event(&stored.event, stored.at);
        match self.output.format {
            Format::Json => self.json(stored),
            Format::Text if self.output.is_live() => self.draw(),
            Format::Text => {
                if let Some(line) = lock(&self.tree).sentence(&stored.event) {
                    self.output.talk(&line);
                }
            }
        }
    }

    fn line(&self, line: &LogLine) {
        let message = harmless(&line.message);
        lock(&self.tree).line(&line.stage, &message);
        match self.output.format {
            Format::Json => self.json(line),
            Format::Text if self.output.is_live() => {}
            Format::Text => self.output.talk(&format!("{} | {message}", line.stage)),
        }
    }

    fn waiting(&self, run: &RunRecord, why: &Reason) {
        match self.output.format {
            Format::Json => self.json(&serde_json::json!({ "waiting": run.id, "why": why })),
            Format::Text => {
                self.output.talk(&format!("waiting for {}: {why}", run.environment));
            }
        }
    }
}

impl Live {
    fn json(&self, value: &impl serde::Serialize) {
        // A display must not stop a run.
        let _unheard = self.output.json_line(value);
    }
}

/// A display goes on after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
