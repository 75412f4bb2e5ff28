//! The gate in front of every file: text in, tree out, within bounds that hold for any text.
//!
//! YAML lets a few bytes stand for gigabytes (aliases), a key silently replace another (duplicates,
//! merges) and `no` mean false. All of that is refused here, so that every reader of the file,
//! person or program, sees the same values.

use super::{
    finding::{SourceFile, Span},
    node::{Node, START},
    notes::{Notes, printable, quoted},
};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, ExternalMessageSource, Location, MergeKeyPolicy, MessageFormatter,
    NonFiniteFloatPolicy, Options, UserMessageFormatter, budget::BudgetBreach,
    granit_parser::ErrorKind,
};

/// Bytes of a file. Real ones have a few KiB; the reader's time and memory grow with it.
pub(super) const LARGEST_FILE: usize = 256 * 1024;

/// Lists and maps inside each other. Real files need four; the reader recurses.
const DEEPEST: usize = 32;

/// Values and keys of a file. A graph of the largest legal number of stages has about 10,000.
const MOST_NODES: usize = 20_000;

/// Reads `file` as one YAML document; what is wrong goes to `notes`.
pub(super) fn open(file: &SourceFile, notes: &mut Notes) -> Option<Node> {
    let size = file.text.len();
    if size > LARGEST_FILE {
        notes
            .error(
                START,
                "file-too-large",
                format!("the file has {size} bytes, the limit is {LARGEST_FILE}"),
            )
            .help("move scripts and data into files of their own");
        return None;
    }
    match serde_saphyr::from_str_with_options(&file.text, options()) {
        Ok(node) => Some(node),
        Err(error) => {
            let place = error.location().map_or(START, |location| place(location, &file.text));
            refuse(&error, place, notes);
            None
        }
    }
}

fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_aliases: 0,
        max_anchors: 0,
        max_documents: 1,
        max_nodes: MOST_NODES,
        max_events: 4 * MOST_NODES,
        max_depth: DEEPEST,
        max_total_scalar_bytes: LARGEST_FILE,
    };
    serde_saphyr::options! {
        budget: budget,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        with_snippet: false,
    }
}

fn refuse(error: &Error, span: Span, notes: &mut Notes) {
    match error.without_snippet() {
        Error::Budget { breach, .. } => over_budget(breach, span, notes),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().map_or_else(|| "a key".to_owned(), quoted);
            notes
                .error(span, "duplicate-key", format!("{key} is given twice"))
                .help("keep one of the two");
        }
        Error::MergeKeyNotAllowed { .. } => notes
            .error(span, "anchor", "merge keys ('<<') are not supported")
            .help("write the values out where they are needed"),
        Error::MultipleDocuments { .. } => notes
            .error(span, "several-documents", "the file holds more than one YAML document")
            .help("remove everything from the second '---' on"),
        Error::ExternalMessage { source, .. } if is_too_deep(source) => too_deep(span, notes),
        Error::UnsupportedTag { .. } => notes
            .error(span, "tag", "tags ('!') are not supported")
            .help("put a text that begins with '!' in quotes"),
        other => {
            let message = UserMessageFormatter.format_message(other);
            notes.error(span, "syntax", message.chars().map(printable).collect::<String>());
        }
    }
}

/// The parser looks ahead of the budget, and has its own, wider bound.
fn is_too_deep(source: &ExternalMessageSource) -> bool {
    match source {
        ExternalMessageSource::Parser(error) => {
            matches!(error.kind(), ErrorKind::RecursionLimitExceeded)
        }
        _ => false,
    }
}

fn too_deep(span: Span, notes: &mut Notes) {
    let message = format!("more than {DEEPEST} lists and maps inside each other");
    notes.error(span, "too-deep", message).help("a real file needs four");
}

fn over_budget(breach: &BudgetBreach, span: Span, notes: &mut Notes) {
    let (code, message, help) = match breach {
        BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } => (
            "anchor",
            "anchors and aliases ('&', '*') are not supported".to_owned(),
            "write the value out where it is needed; put a text that begins so in quotes",
        ),
        BudgetBreach::Depth { .. } => return too_deep(span, notes),
        BudgetBreach::Documents { .. } => (
            "several-documents",
            "the file holds more than one YAML document".to_owned(),
            "remove everything from the second '---' on",
        ),
        // The enum is not ours and grows; whatever it counts, there is too much of it.
        _ => (
            "too-large",
            format!("the file holds more than {MOST_NODES} values"),
            "split the work over several pipelines",
        ),
    };
    notes.error(span, code, message).help(help);
}

/// The bytes of a place; the parser gives its own errors line and column only.
fn place(location: Location, text: &str) -> Span {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    if let (Some(offset), Some(length)) =
        (location.span().byte_offset(), location.span().byte_len())
    {
        return Span { offset: number(offset), length: number(length) };
    }
    let above = text.split_inclusive('\n').take(number(location.line()).saturating_sub(1));
    let line_start: usize = above.map(str::len).sum();
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = line.chars().take(number(location.column()).saturating_sub(1));
    Span { offset: line_start + column.map(char::len_utf8).sum::<usize>(), length: 0 }
}
