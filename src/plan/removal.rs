//! What is taken away when an environment is given up, in the order in which nothing is left pointing at what is gone.

use super::resources::{Tags, Target};
use crate::spec::Environment;
use serde::Serialize;
use std::fmt;

/// The tags that say whose something is: everything that is created carries them, and nothing without them is removed.
#[must_use]
pub fn tags(environment: &Environment) -> Tags {
    Tags::from([
        ("relevo:environment".to_owned(), environment.name.to_string()),
        ("relevo:model".to_owned(), environment.model_name.clone()),
    ])
}

/// One thing that goes. Removing what is gone already is no error.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "remove", rename_all = "kebab-case")]
pub enum Removal {
    /// A rule, with its targets.
    Rule {
        /// Its name.
        name: String,
        /// Ids of its targets.
        targets: Vec<String>,
    },
    /// A pipeline with its versions; the record of its executions goes with it.
    Pipeline {
        /// Its name.
        name: String,
    },
    /// The function with its versions.
    Function {
        /// Its name.
        name: String,
    },
    /// The alert topic with its subscriptions.
    Topic {
        /// Its ARN.
        arn: String,
    },
}

impl Removal {
    /// A rule and the targets that must go before it.
    #[must_use]
    pub fn rule(name: &str, targets: &[Target]) -> Self {
        let targets = targets.iter().map(|target| target.id.clone()).collect();
        Self::Rule { name: name.to_owned(), targets }
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { name, targets } if targets.is_empty() => write!(f, "rule {name}"),
            Self::Rule { name, targets } => {
                write!(f, "rule {name} with target {}", targets.join(", "))
            }
            Self::Pipeline { name } => write!(f, "pipeline {name}"),
            Self::Function { name } => write!(f, "function {name} with its versions"),
            Self::Topic { arn } => write!(f, "topic {arn} with its subscriptions"),
        }
    }
}
