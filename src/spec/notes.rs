//! Collects what is found in one file, by place, and turns it into [`Findings`] at the end.

use super::{
    concealed::concealed,
    finding::{Finding, Findings, Severity, SourceFile, Span},
    suggest,
};

/// A file that has this many findings is not of the kind it is said to be; more would help nobody.
const MOST_FINDINGS: usize = 100;

/// Characters of the offending text that a finding repeats: about one line of a terminal.
const LONGEST_TEXT: usize = 80;

/// What is found in one file so far.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

/// One finding before its line and column are known.
#[derive(Debug)]
pub(crate) struct Note {
    severity: Severity,
    code: &'static str,
    span: Span,
    message: String,
    help: Option<String>,
}

impl Note {
    /// Adds what to write instead.
    pub(crate) fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

impl Notes {
    /// Notes something that makes the file unusable.
    pub(super) fn error(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Note {
        self.note(Severity::Error, span, code, message.into())
    }

    /// Notes something that the author should know.
    pub(super) fn warning(
        &mut self,
        span: Span,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Note {
        self.note(Severity::Warning, span, code, message.into())
    }

    fn note(
        &mut self,
        severity: Severity,
        span: Span,
        code: &'static str,
        message: String,
    ) -> &mut Note {
        let note = Note { severity, code, span, message, help: None };
        self.0.push_mut(note)
    }

    /// A hint at the known word that was meant. Comparing takes time, so only for findings that
    /// will be shown.
    pub(super) fn suggestion<'c>(
        &self,
        word: &str,
        known: impl IntoIterator<Item = &'c str> + Clone,
    ) -> Option<String> {
        if self.0.len() < MOST_FINDINGS { suggest::did_you_mean(word, known) } else { None }
    }

    /// Everything noted about `file`, in file order, errors before warnings of the same place.
    pub(super) fn finish(mut self, file: &SourceFile) -> Findings {
        self.0.sort_by_key(|note| (note.span.offset, note.severity));
        let more = self.0.len().saturating_sub(MOST_FINDINGS);
        if more > 0 {
            // The cut must not turn an unusable file into a usable one.
            self.0.sort_by_key(|note| note.severity);
            self.0.truncate(MOST_FINDINGS);
            let last = self.0.last().map_or(super::node::START, |note| note.span);
            self.error(last, "too-many-findings", format!("and {more} more"));
        }
        let lines = Lines::of(&file.text);
        Findings(self.0.into_iter().map(|note| note.locate(file, &lines)).collect())
    }
}

impl Note {
    fn locate(self, file: &SourceFile, lines: &Lines<'_>) -> Finding {
        let (line, column) = lines.place(self.span.offset);
        let end = self.span.offset.saturating_add(self.span.length);
        Finding {
            severity: self.severity,
            code: self.code,
            file: file.name.clone(),
            line,
            column,
            span: self.span,
            text: shortened(file.text.get(self.span.offset..end).unwrap_or_default()),
            message: self.message,
            help: self.help,
        }
    }
}

/// Where the lines of a text begin, so that each place is found without reading from the top.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        // What an editor does not show does not count as a column.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let behind = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self { text, starts: std::iter::once(first).chain(behind).collect() }
    }

    /// Line and column of a byte, both from 1.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset.max(start)).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// A text as messages show it: in single quotes, cut if long, without control characters.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", shortened(text))
}

/// Several texts as messages show them: `'a', 'b'`.
pub(super) fn listed<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", ")
}

fn shortened(text: &str) -> String {
    let text = concealed(text);
    let mut shown: String = text.chars().take(LONGEST_TEXT).map(printable).collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        shown.push('…');
    }
    shown
}

/// Stands in for what could steer a terminal.
pub(super) fn printable(character: char) -> char {
    if character.is_control() { '\u{fffd}' } else { character }
}
