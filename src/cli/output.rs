//! Where words go: data to stdout, talk to stderr, colour only where a person looks.

use super::failure::CliError;
use crate::{logs::Masker, spec};
use console::{Style, Term};
use serde::Serialize;
use std::io::{self, Write};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Colour {
    // Without comments of their own, which the help would spread over eight lines.
    #[default]
    Auto,
    Always,
    Never,
}

/// `--json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document, or one JSON line per event where a command streams.
    Json,
}

/// The two streams of the process and how to write on them.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Text or JSON.
    pub(crate) format: Format,
    /// Data has no colour: it is read by programs as often as by people.
    stderr_colour: bool,
    /// What the environment or a cloud put into an error is not for everybody who sees the screen.
    masker: Masker,
}

impl Output {
    /// Decides on colour once; talk passes `masker`.
    pub(crate) fn new(format: Format, colour: Colour, masker: Masker) -> Self {
        let stderr_colour = match colour {
            Colour::Auto => console::colors_enabled_stderr() && Term::stderr().is_term(),
            Colour::Always => true,
            Colour::Never => false,
        };
        Self { format, stderr_colour, masker }
    }

    /// What must not be shown.
    pub(crate) fn masker(&self) -> &Masker {
        &self.masker
    }

    /// May the live display redraw lines?
    pub(crate) fn is_live(&self) -> bool {
        self.format == Format::Text && Term::stderr().is_term()
    }

    /// `text` in `style`, if stderr shows colour.
    pub(crate) fn paint_talk(&self, style: Style, text: impl std::fmt::Display) -> String {
        style.force_styling(self.stderr_colour).apply_to(text).to_string()
    }

    /// Prints data. A reader that went away (`| head`) is not an error.
    pub(crate) fn data(&self, text: &str) -> Result<(), CliError> {
        match io::stdout().lock().write_all(with_end(text).as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(CliError::from(anyhow::Error::new(error).context("write to standard output")))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Prints `value` as JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).map_err(anyhow::Error::from)?;
        self.data(&text)
    }

    /// Prints `value` as one line of JSON, for commands that stream.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(anyhow::Error::from)?;
        self.data(&text)
    }

    /// Says something to the person. Failing to say it is no reason to fail.
    pub(crate) fn talk(&self, text: &str) {
        let _unheard = io::stderr().lock().write_all(with_end(&self.masker.mask(text)).as_bytes());
    }

    /// Tells how a command failed.
    pub(crate) fn failure(&self, failure: &CliError) {
        match (failure, self.format) {
            (CliError::Plain { exit, error, hint }, Format::Json) => {
                let causes = causes(error);
                let told = serde_json::json!({
                    "error": error.to_string(), "causes": causes, "hint": hint, "exit": *exit as u8,
                });
                self.talk(&told.to_string());
            }
            (CliError::Plain { error, hint, .. }, Format::Text) => {
                self.talk(&format!("{}: {error}", self.paint_talk(red(), "error")));
                for cause in causes(error) {
                    self.talk(&format!("  because: {cause}"));
                }
                if let Some(hint) = hint {
                    self.talk(&format!(
                        "\n{}: {hint}",
                        self.paint_talk(Style::new().cyan(), "hint")
                    ));
                }
            }
            (CliError::Files { findings, .. }, Format::Json) => {
                let _unheard = self.json(findings);
            }
            (CliError::Files { findings, sources }, Format::Text) => {
                self.findings(findings, sources);
            }
        }
    }

    /// Draws findings with the lines they are about.
    pub(crate) fn findings(&self, findings: &spec::Findings, sources: &[spec::SourceFile]) {
        let colour =
            if self.stderr_colour { spec::render::Colour::Yes } else { spec::render::Colour::No };
        self.talk(&spec::render::graphical(findings, sources, colour));
    }
}

/// Why, outermost first. What only repeats the end of what was just said is left out.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.ends_with(&cause) {
            causes.push(cause.clone());
        }
        said = cause;
    }
    causes
}

/// What somebody else wrote, as far as it may be shown: nothing of it moves the cursor, sets a title or fills the
/// clipboard. Of a line that overwrites itself, as progress bars do, the last state is left.
pub(crate) fn harmless(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let last = plain.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    last.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

fn red() -> Style {
    Style::new().red().bold()
}

fn with_end(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_play_with_the_terminal() {
        for (written, shown) in [
            ("plain €\tend", "plain €\tend"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[1;1Hgone", "gone"),
            ("10 %\r50 %\r100 %\r", "100 %"),
            ("bell\u{7} and \u{8}back", "bell\u{fffd} and \u{fffd}back"),
        ] {
            assert_eq!(harmless(written), shown);
        }
        let clipboard = harmless("\u{1b}]52;c;cm0gLXJmIC8=\u{7}");
        assert!(!clipboard.contains(['\u{1b}', '\u{7}']), "{clipboard:?}");
    }
}
