//! The `when` language: may this stage run?
//!
//! ```text
//! branch == "main" && (changed("src/**") || !starts_with(event, "p"))
//! ```
//!
//! Names are `branch`, `environment` and `event`; texts stand in double or single quotes; operators
//! are `==`, `!=`, `&&`, `||`, `!` and parentheses. Every expression that parses has a value for
//! every [`Facts`]: there is no way to fail, loop or reach outside.

mod glob;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use super::finding::Span;

/// Characters of an expression; longer ones belong into a script.
pub const LONGEST_CONDITION: usize = 1_000;

/// Parentheses and negations inside each other; the parser recurses.
pub const DEEPEST_CONDITION: usize = 32;

/// What a condition may ask about a run.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The branch that was pushed.
    pub branch: &'a str,
    /// The environment the run is for.
    pub environment: &'a str,
    /// What started the run, such as `push` or `manual`.
    pub event: &'a str,
    /// The files that differ from the run before; if that is not known, every `changed(…)` is true:
    /// better a stage too many than one too few.
    pub changed: Option<&'a [String]>,
}

/// A parsed `when` expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition(Expression);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expression {
    Equal(Operand, Operand),
    StartsWith(Operand, Operand),
    Changed(glob::Glob),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Name(Name),
    Text(String),
}

/// A fact that an expression can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// [`Facts::branch`]
    Branch,
    /// [`Facts::environment`]
    Environment,
    /// [`Facts::event`]
    Event,
}

impl Name {
    const ALL: [(&str, Self); 3] =
        [("branch", Self::Branch), ("environment", Self::Environment), ("event", Self::Event)];
}

/// Why an expression does not parse, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// The bytes of the expression that are wrong.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Condition {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        parser::parse(text).map(Self)
    }

    /// Is the expression true for these facts?
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.0.holds(facts)
    }

    /// Every text that is compared with `name` by `==` or `!=`.
    #[must_use]
    pub fn compared_with(&self, name: Name) -> Vec<&str> {
        let mut texts = Vec::new();
        self.0.collect(name, &mut texts);
        texts
    }
}

impl Expression {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Equal(left, right) => left.value(facts) == right.value(facts),
            Self::StartsWith(text, start) => text.value(facts).starts_with(start.value(facts)),
            Self::Changed(glob) => {
                facts.changed.is_none_or(|paths| paths.iter().any(|path| glob.matches(path)))
            }
            Self::Not(inner) => !inner.holds(facts),
            Self::And(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }

    fn collect<'e>(&'e self, name: Name, texts: &mut Vec<&'e str>) {
        match self {
            Self::Equal(Operand::Name(found), Operand::Text(text))
            | Self::Equal(Operand::Text(text), Operand::Name(found))
                if *found == name =>
            {
                texts.push(text);
            }
            Self::Equal(..) | Self::StartsWith(..) | Self::Changed(_) => {}
            Self::Not(inner) => inner.collect(name, texts),
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.collect(name, texts);
                }
            }
        }
    }
}

impl Operand {
    fn value<'v>(&'v self, facts: &Facts<'v>) -> &'v str {
        match self {
            Self::Text(text) => text,
            Self::Name(Name::Branch) => facts.branch,
            Self::Name(Name::Environment) => facts.environment,
            Self::Name(Name::Event) => facts.event,
        }
    }
}
