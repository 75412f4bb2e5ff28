//! One file while it is checked: its tree, and the findings so far. The agent's own settings are read by it too.

use super::{
    duration,
    finding::{Findings, SourceFile, Span},
    gate,
    node::Node,
    notes::{Note, Notes, quoted},
    second_reader, shape,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{str::FromStr, time::Duration};

/// A file whose text is a tree. Places in it are named by the keys that lead there.
pub(crate) struct Reading<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) root: Node,
    pub(super) notes: Notes,
}

impl<'a> Reading<'a> {
    /// Reads and checks `file`: gate, shape, then `check` for the meaning. The value exists only if
    /// nothing was found wrong; the findings beside it are warnings.
    pub(crate) fn of<Raw: JsonSchema + DeserializeOwned, T>(
        file: &'a SourceFile,
        check: impl FnOnce(&mut Reading<'a>, Raw) -> Option<T>,
    ) -> Result<(T, Findings), Findings> {
        let mut notes = Notes::default();
        let Some(root) = gate::open(file, &mut notes) else {
            return Err(notes.finish(file));
        };
        let fitted = shape::fit(&root, &shape::schema_of::<Raw>(), &mut notes);
        let raw = fitted.and_then(|fitted| shape::raw(fitted, root.span, &mut notes));
        let mut reading = Self { file, root, notes };
        let value = raw.and_then(|raw| check(&mut reading, raw));
        if value.is_some() {
            second_reader::compare(file, &reading.root, &mut reading.notes);
        }
        let findings = reading.notes.finish(file);
        match value {
            Some(value) if !findings.has_errors() => Ok((value, findings)),
            Some(_) | None => Err(findings),
        }
    }

    /// Is there a value at `path`, right or wrong?
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        self.root.entry(path).is_some()
    }

    /// Notes an error of the value at `path`.
    pub(crate) fn error(
        &mut self,
        path: &[&str],
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Note {
        let span = self.root.span_of(path);
        self.notes.error(span, code, message)
    }

    /// Notes an error of the key at the end of `path`.
    pub(crate) fn key_error(
        &mut self,
        path: &[&str],
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Note {
        let span = self.root.key_span(path);
        self.notes.error(span, code, message)
    }

    /// Notes a doubt about the value at `path`.
    pub(super) fn warning(
        &mut self,
        path: &[&str],
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Note {
        let span = self.root.span_of(path);
        self.notes.warning(span, code, message)
    }

    /// Parses the text at `path`; a refusal is noted as `code`.
    pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        path: &[&str],
        code: &'static str,
        text: &str,
    ) -> Option<T> {
        text.parse().map_err(|refusal: T::Err| self.error(path, code, readable(&refusal))).ok()
    }

    /// Parses the duration at `path`, if there is one.
    pub(crate) fn duration(&mut self, path: &[&str], text: Option<&str>) -> Option<Duration> {
        self.duration_up_to(duration::LONGEST, path, text)
    }

    /// Parses the duration at `path`, if there is one, as one that is not longer than `longest`.
    pub(crate) fn duration_up_to(
        &mut self,
        longest: Duration,
        path: &[&str],
        text: Option<&str>,
    ) -> Option<Duration> {
        let text = text?;
        duration::parse(text, longest)
            .map_err(|problem| {
                let message = format!("{} is {problem}", quoted(text));
                self.error(path, "bad-duration", message).help(duration::HELP);
            })
            .ok()
    }

    /// The bytes of the file that `part` of the text at `path` was written with; the whole text
    /// where it is folded or escaped.
    pub(super) fn part_span(&self, path: &[&str], text: &str, part: Span) -> Span {
        let whole = self.root.span_of(path);
        let source = self.file.text.get(whole.offset..whole.offset + whole.length);
        match source.and_then(|source| source.find(text)) {
            Some(begin) => Span { offset: whole.offset + begin + part.offset, ..part },
            None => whole,
        }
    }
}

/// A message of ours that repeats text of the user's.
fn readable(message: &impl std::fmt::Display) -> String {
    message.to_string().chars().map(super::notes::printable).collect()
}
