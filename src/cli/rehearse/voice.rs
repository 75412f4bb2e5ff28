//! The story read aloud: a heading a day, a sentence a line, colour where a person looks.

use crate::{
    cli::output::{Format, Output},
    story::audience::{Audience, Sentence, Voice},
};
use console::Style;
use jiff::tz::TimeZone;

/// Reads the story on standard error; programs get the document alone.
pub(super) struct Teller<'a> {
    output: &'a Output,
    day: Option<u32>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, day: None }
    }

    /// Something beside the story.
    pub(super) fn aside(&self, text: &str) {
        if self.output.format == Format::Text {
            self.output.talk(&format!("note: {text}"));
        }
    }
}

impl Audience for Teller<'_> {
    fn hear(&mut self, sentence: &Sentence) {
        if self.output.format == Format::Json {
            return;
        }
        let Sentence { at, day, voice, text } = sentence;
        let at = at.to_zoned(TimeZone::UTC);
        if self.day != Some(*day) {
            self.day = Some(*day);
            let heading = format!("day {day}  {}", at.strftime("%A %F"));
            self.output.talk(&self.output.paint_talk(Style::new().bold(), heading));
        }
        let word = self.output.paint_talk(style(*voice), format!("{:<8}", voice.word()));
        self.output.talk(&format!("  {}  {word}  {text}", at.strftime("%H:%M")));
    }
}

fn style(voice: Voice) -> Style {
    match voice {
        Voice::Person => Style::new().cyan(),
        Voice::Agent => Style::new().blue(),
        Voice::Cloud => Style::new().dim(),
        Voice::Alert => Style::new().yellow().bold(),
        Voice::Absent => Style::new().magenta(),
        Voice::Broken => Style::new().red().bold(),
    }
}
