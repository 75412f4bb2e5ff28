//! What a `Get` names: a parameter, a fact about the execution, or a property of a step.

use serde_json::Value;
use std::{fmt, str::FromStr};

/// The text of a `Get`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// `Parameters.NAME`
    Parameter(String),
    /// `Execution.PROPERTY`, such as `PipelineExecutionId`.
    Execution(String),
    /// `Steps.NAME.PATH`, such as `Steps.Train.ModelArtifacts.S3ModelArtifacts`.
    Step {
        /// The step's name.
        step: String,
        /// The way from the step to the value, never empty.
        path: Vec<Segment>,
    },
}

/// One hop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// `.Name`
    Field(String),
    /// `['name']`: the list entry of that name, or the map entry under that key.
    Key(String),
    /// `[0]`
    Index(usize),
}

/// A text that is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a reference: {reason}")]
pub struct InvalidReference {
    /// The refused text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Reference {
    /// The step and the property file, if this is `Steps.STEP.PropertyFiles.FILE`.
    #[must_use]
    pub fn property_file(&self) -> Option<(&str, &str)> {
        let Self::Step { step, path } = self else { return None };
        match path.as_slice() {
            [Segment::Field(files), Segment::Field(file) | Segment::Key(file)]
                if files == "PropertyFiles" =>
            {
                Some((step, file))
            }
            _ => None,
        }
    }
}

impl Segment {
    /// Parses `a.b['c'][0]`, the path language of references and of `Std:JsonGet`.
    ///
    /// # Errors
    /// Says what is wrong where a hop is empty or a bracket is not closed.
    pub fn parse_path(text: &str) -> Result<Vec<Self>, InvalidReference> {
        let invalid = |reason| InvalidReference { text: text.to_owned(), reason };
        let mut path = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (hop, after) = bracket(inside).map_err(invalid)?;
                path.push(hop);
                rest = after;
                continue;
            }
            let name = if path.is_empty() { Some(rest) } else { rest.strip_prefix('.') };
            let name = name.ok_or_else(|| invalid("a '.' or '[' must follow ']'"))?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (field, after) = name.split_at(end);
            if field.is_empty() || !field.chars().all(is_field_character) {
                return Err(invalid("names hold letters, digits, '-' and '_'"));
            }
            path.push(Self::Field(field.to_owned()));
            rest = after;
        }
        if path.is_empty() { Err(invalid("the path is empty")) } else { Ok(path) }
    }

    /// Follows `path` into `value`.
    #[must_use]
    pub fn follow<'a>(path: &[Self], value: &'a Value) -> Option<&'a Value> {
        path.iter().try_fold(value, |value, hop| match hop {
            Self::Field(name) | Self::Key(name) => value.get(name),
            Self::Index(index) => value.get(index),
        })
    }
}

fn is_field_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The hop inside a bracket, whose `[` is already read, and the text after its `]`.
fn bracket(inside: &str) -> Result<(Segment, &str), &'static str> {
    if let Some(quoted) = inside.strip_prefix('\'') {
        let (key, after) = quoted.split_once("']").ok_or("\"['\" must be closed with \"']\"")?;
        let legal = !key.is_empty() && !key.contains('\'');
        return if legal {
            Ok((Segment::Key(key.to_owned()), after))
        } else {
            Err("the key is bad")
        };
    }
    let (digits, after) = inside.split_once(']').ok_or("'[' must be closed with ']'")?;
    let index = digits.parse().map_err(|_| "a bracket holds a number or a 'name'")?;
    Ok((Segment::Index(index), after))
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = |reason| InvalidReference { text: text.to_owned(), reason };
        let (scope, rest) = text.split_once('.').ok_or_else(|| invalid("it has no '.'"))?;
        let (first, path) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
        if first.is_empty() || !first.chars().all(is_field_character) {
            return Err(invalid("names hold letters, digits, '-' and '_'"));
        }
        match (scope, path) {
            ("Parameters", "") => Ok(Self::Parameter(first.to_owned())),
            ("Execution", "") => Ok(Self::Execution(first.to_owned())),
            ("Parameters" | "Execution", _) => Err(invalid("nothing may follow the name")),
            ("Steps", _) => {
                let path = Segment::parse_path(path.strip_prefix('.').unwrap_or(path))
                    .map_err(|flaw| invalid(flaw.reason))?;
                Ok(Self::Step { step: first.to_owned(), path })
            }
            _ => Err(invalid("it starts with none of 'Parameters.', 'Execution.', 'Steps.'")),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(name) => write!(f, "['{name}']"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "Parameters.{name}"),
            Self::Execution(name) => write!(f, "Execution.{name}"),
            Self::Step { step, path } => {
                write!(f, "Steps.{step}")?;
                path.iter().try_for_each(|hop| write!(f, "{hop}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_output_of_a_processing_step() {
        let text = "Steps.Pre-Process.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri";
        let field = |name: &str| Segment::Field(name.into());
        let expected = Reference::Step {
            step: "Pre-Process".into(),
            path: vec![
                field("ProcessingOutputConfig"),
                field("Outputs"),
                Segment::Key("train".into()),
                field("S3Output"),
                field("S3Uri"),
            ],
        };
        assert_eq!(text.parse(), Ok(expected));
    }

    #[test]
    fn parameters_executions_and_property_files() {
        assert_eq!("Parameters.P".parse(), Ok(Reference::Parameter("P".into())));
        let id = "Execution.PipelineExecutionId".parse();
        assert_eq!(id, Ok(Reference::Execution("PipelineExecutionId".into())));
        let file: Reference = "Steps.Evaluate.PropertyFiles.Report".parse().unwrap();
        assert_eq!(file.property_file(), Some(("Evaluate", "Report")));
        let other: Reference = "Steps.Evaluate.Outcome".parse().unwrap();
        assert_eq!(other.property_file(), None);
    }

    #[test]
    fn what_is_not_a_reference_says_why() {
        for text in [
            "",
            "Parameters",
            "Parameters.",
            "Parameters.A.B",
            "Params.A",
            "Steps.A",
            "Steps..A",
            "Steps.A.",
            "Steps.A.B[",
            "Steps.A.B['x]",
            "Steps.A.B['']",
            "Steps.A.B[x]",
            "Steps.A.B[0]C",
        ] {
            let flaw = text.parse::<Reference>().unwrap_err();
            assert!(flaw.to_string().contains(&format!("'{text}'")), "{flaw}");
        }
    }

    proptest! {
        #[test]
        fn display_and_parse_agree(text in "Steps\\.[A-Za-z0-9_-]{1,8}(\\.[A-Za-z]{1,5}|\\['[a-z_ .-]{1,5}'\\]|\\[[1-9]\\]){1,5}") {
            prop_assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = text.parse::<Reference>();
        }
    }
}
