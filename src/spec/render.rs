//! Draws findings for people: the line, the place in it, what is wrong and what to write instead.
//! Programs get the same through `Serialize`.

use super::concealed::concealed;
use super::finding::{Finding, Findings, Severity, SourceFile, Span};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};
use std::fmt::{self, Write as _};

/// Columns that a drawing takes at most.
const WIDTH: usize = 100;

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Colours and box characters.
    Yes,
    /// Box characters only: a terminal with `NO_COLOR`.
    No,
    /// Nothing beyond ASCII in what we draw: a pipe, or an old terminal.
    Ascii,
}

/// Draws all findings in their order, each with the lines it is about, and counts them at the end.
#[must_use]
pub fn graphical(findings: &Findings, sources: &[SourceFile], colour: Colour) -> String {
    let theme = match colour {
        Colour::Yes => GraphicalTheme::unicode(),
        Colour::No => GraphicalTheme::unicode_nocolor(),
        Colour::Ascii => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_links(false)
        .with_context_lines(1);
    let mut text = String::new();
    for finding in &findings.0 {
        if !text.is_empty() {
            text.push('\n');
        }
        let source = sources.iter().find(|source| source.name == finding.file);
        let drawing =
            Drawing { finding, source: source.and_then(|source| shown(source, finding.span)) };
        // Writing to a String cannot fail; a drawing that does is replaced by its one-line form.
        if handler.render_report(&mut text, &drawing).is_err() {
            let _ = writeln!(text, "{finding}");
        }
    }
    let _ = writeln!(text, "\n{}", counted(findings));
    text
}

/// `3 errors, 1 warning`
fn counted(findings: &Findings) -> String {
    let count = |severity, noun: &str| {
        let number = findings.0.iter().filter(|finding| finding.severity == severity).count();
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {noun}{plural}"))
    };
    let parts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") }
}

/// Characters of a line that is drawn; a longer one would fill the screen.
const LONGEST_LINE: usize = 500;

/// The file as it may be shown: no control characters, no passwords in addresses, byte for byte as long as the file. If the
/// finding is in a line too long to draw, there is no source to show.
fn shown(source: &SourceFile, span: Span) -> Option<NamedSource<String>> {
    let line_start = source.text.get(..span.offset)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = source.text[line_start..].lines().next().unwrap_or_default();
    if line.len() > LONGEST_LINE || source.text.len() > super::gate::LARGEST_FILE {
        return None;
    }
    let mut text = String::with_capacity(source.text.len());
    for character in concealed(&source.text).chars() {
        if character.is_control() && character != '\n' && character != '\t' {
            text.extend(std::iter::repeat_n(' ', character.len_utf8()));
        } else {
            text.push(character);
        }
    }
    Some(NamedSource::new(&source.name, text))
}

struct Drawing<'f> {
    finding: &'f Finding,
    source: Option<NamedSource<String>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, column, message, .. } = self.finding;
        match &self.source {
            Some(_) => f.write_str(message),
            None => write!(f, "{file}:{line}:{column}: {message}"),
        }
    }
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let Span { offset, length } = self.finding.span;
        let label = LabeledSpan::underline((offset, length));
        Some(Box::new(std::iter::once(label)))
    }
}
