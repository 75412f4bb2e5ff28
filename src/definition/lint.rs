//! What is wrong with a definition, found before SageMaker sees it.
//!
//! The published JSON schema rejects what SageMaker's own SDK emits, and SageMaker itself tells much
//! of this only in the middle of an execution. Every rule looks at the whole definition and all of
//! them always run, so one reading finds everything.

mod account;
mod conditions;
mod names;
mod order;
mod parameters;
mod places;
mod properties;
mod references;
mod steps;
mod walk;

use super::document::{Definition, MAX_CHARACTERS, Step};
use crate::spec::{Environment, did_you_mean};
use serde::Serialize;
use std::fmt;
use walk::Spot;

/// One thing that is wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Where, such as `Steps[3].Arguments.IfSteps[0].Arguments.RoleArn`.
    pub path: String,
    /// Stable, greppable name of the rule, such as `unknown-step`.
    pub code: &'static str,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to write instead, when we can tell.
    pub help: Option<String>,
}

impl Flaw {
    fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into(), help: None }
    }

    /// Offers the known word nearest to `word` or, failing that, all of them.
    fn suggest<'c>(self, word: &str, known: impl IntoIterator<Item = &'c str> + Clone) -> Self {
        Self { help: did_you_mean(word, known), ..self }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// The definition under the lamp: its steps, and every value each of them holds itself.
struct Outline<'a> {
    definition: &'a Definition,
    environment: &'a Environment,
    steps: Vec<(Step<'a>, Vec<Spot<'a>>)>,
    /// The values outside of steps.
    rest: Vec<Spot<'a>>,
}

impl<'a> Outline<'a> {
    fn step(&self, name: &str) -> Option<&Step<'a>> {
        self.steps.iter().map(|(step, _)| step).find(|step| step.name == name)
    }

    fn step_names(&self) -> Vec<&'a str> {
        self.steps.iter().map(|(step, _)| step.name).collect()
    }

    /// Every value of the document, each once.
    fn spots(&self) -> impl Iterator<Item = &Spot<'a>> {
        self.rest.iter().chain(self.steps.iter().flat_map(|(_, spots)| spots))
    }
}

/// Everything that is wrong with `definition` in `environment`; nothing, if it may be deployed.
#[must_use]
pub fn lint(definition: &Definition, environment: &Environment) -> Vec<Flaw> {
    let steps = definition.steps();
    let steps = steps.into_iter().map(|step| (step.clone(), walk::within(&step))).collect();
    let rest = walk::outside(definition.value());
    let outline = Outline { definition, environment, steps, rest };
    let rules: [fn(&Outline<'_>) -> Vec<Flaw>; 9] = [
        size,
        names::flaws,
        parameters::flaws,
        steps::flaws,
        references::flaws,
        order::flaws,
        conditions::flaws,
        places::flaws,
        account::flaws,
    ];
    rules.iter().flat_map(|rule| rule(&outline)).collect()
}

fn size(outline: &Outline<'_>) -> Vec<Flaw> {
    let characters = outline.definition.canonical().chars().count();
    let message =
        format!("the definition has {characters} characters, SageMaker takes {MAX_CHARACTERS}");
    let flaw = (characters > MAX_CHARACTERS).then(|| Flaw::new("", "size", message));
    flaw.into_iter().collect()
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}
