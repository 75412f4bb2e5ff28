//! Input transformers: what a target gets instead of the event.
//!
//! A template is JSON with `<name>` wherever a value of the event shall stand, or texts in quotes, one a line.
//! EventBridge's own rules (user guide, "Amazon EventBridge input transformation"): outside quotes a value is put as
//! JSON; inside quotes a text is put as it is, **not escaped**, so a quote in it can spoil the JSON around it; a path
//! that leads nowhere is an empty text. A template of texts takes other values without their quotes.

mod template;

use super::path::Path;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use template::{Piece, Spot};

/// Entries of `InputPathsMap` (InputTransformer API).
const MOST_PATHS: usize = 100;
/// Characters of a name in `InputPathsMap` (InputTransformer API).
const LONGEST_NAME: usize = 256;
/// Characters of `InputTemplate` (InputTransformer API).
const LONGEST_TEMPLATE: usize = 8192;

/// A checked transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    pieces: Vec<Piece>,
    kind: Kind,
}

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One JSON value, written without spaces.
    Json,
    /// Texts in quotes.
    Texts,
}

/// A name in a template, resolved.
#[derive(Debug, Clone, PartialEq)]
enum Variable {
    Path(Path),
    RuleArn,
    RuleName,
    IngestionTime,
    /// The event without its detail.
    Event,
    /// The whole event.
    EventJson,
}

/// What a template may name besides the event: the rule that matched, and when the bus took the event.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'o> {
    /// `<aws.events.rule-arn>`.
    pub rule_arn: &'o str,
    /// `<aws.events.rule-name>`.
    pub rule_name: &'o str,
    /// `<aws.events.event.ingestion-time>`, told in whole seconds.
    pub ingested: Timestamp,
}

/// A transformer that PutTargets would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformerError {
    /// `InputPathsMap` is too long.
    #[error("InputPathsMap has {0} entries, allowed is up to {MOST_PATHS}")]
    TooManyPaths(usize),
    /// A name of `InputPathsMap` is reserved, or has characters other than letters, digits, `-` and `_`.
    #[error("'{0}' is no name for an entry of InputPathsMap")]
    Name(String),
    /// A path of `InputPathsMap` cannot be read.
    #[error("'{0}' is no path such as $.detail.state or $.resources[0]")]
    Path(String),
    /// The template is empty or too long.
    #[error("InputTemplate has {0} characters, allowed is 1 to {LONGEST_TEMPLATE}")]
    Length(usize),
    /// The template names something that is in no path and not predefined.
    #[error("InputTemplate contains invalid placeholder {0}.")]
    Placeholder(String),
    /// The template is neither JSON nor texts in quotes.
    #[error("InputTemplate is neither JSON nor texts in quotes: {0}")]
    Template(String),
}

/// What an event made of a JSON template is no JSON: a value inside quotes brought quotes with it. EventBridge does
/// not deliver such an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the input that the transformer made of the event is no JSON")]
pub struct NotJson;

impl Transformer {
    /// Reads a transformer: `paths` is its `InputPathsMap`, `template` its `InputTemplate`.
    ///
    /// # Errors
    /// If PutTargets would refuse it. Paths are checked here, although EventBridge takes any and finds nothing later.
    pub fn parse(
        paths: &BTreeMap<String, String>,
        template: &str,
    ) -> Result<Self, TransformerError> {
        if paths.len() > MOST_PATHS {
            return Err(TransformerError::TooManyPaths(paths.len()));
        }
        let length = template.chars().count();
        if !(1..=LONGEST_TEMPLATE).contains(&length) {
            return Err(TransformerError::Length(length));
        }
        let mut variables = predefined();
        for (name, path) in paths {
            let known = Path::parse(path).ok_or_else(|| TransformerError::Path(path.clone()))?;
            if !legal_name(name) {
                return Err(TransformerError::Name(name.clone()));
            }
            variables.insert(name, Variable::Path(known));
        }
        let kind = if template.trim_start().starts_with('"') { Kind::Texts } else { Kind::Json };
        let pieces = template::pieces(template, &variables)?;
        template::check(&pieces, kind)?;
        Ok(Self { pieces, kind })
    }

    /// What the target gets for this event.
    ///
    /// # Errors
    /// [`NotJson`]: the event is not to be delivered.
    pub fn apply(&self, envelope: &Value, origin: &Origin<'_>) -> Result<String, NotJson> {
        let filled: String = self
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Value(variable, spot) => {
                    let value = variable.value(envelope, origin).unwrap_or_else(|| json!(""));
                    written(value, *spot, self.kind)
                }
            })
            .collect();
        match self.kind {
            Kind::Texts => Ok(filled),
            Kind::Json => serde_json::from_str::<Value>(&filled)
                .map(|json| json.to_string())
                .map_err(|_| NotJson),
        }
    }
}

fn written(value: Value, spot: Spot, kind: Kind) -> String {
    match (value, spot, kind) {
        (Value::String(text), Spot::Quoted, _) => text,
        (value, Spot::Quoted, Kind::Texts) => value.to_string().replace('"', ""),
        (value, _, _) => value.to_string(),
    }
}

impl Variable {
    fn value(&self, envelope: &Value, origin: &Origin<'_>) -> Option<Value> {
        Some(match self {
            Self::Path(path) => path.find(envelope)?.clone(),
            Self::RuleArn => json!(origin.rule_arn),
            Self::RuleName => json!(origin.rule_name),
            Self::IngestionTime => {
                json!(origin.ingested.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            }
            Self::Event => json!({
                "id": envelope["id"],
                "account": envelope["account"],
                "detailType": envelope["detail-type"],
                "time": envelope["time"],
                "source": envelope["source"],
                "region": envelope["region"],
                "resources": envelope["resources"],
                "version": envelope["version"],
            }),
            Self::EventJson => envelope.clone(),
        })
    }
}

fn predefined() -> BTreeMap<&'static str, Variable> {
    BTreeMap::from([
        ("aws.events.rule-arn", Variable::RuleArn),
        ("aws.events.rule-name", Variable::RuleName),
        ("aws.events.event.ingestion-time", Variable::IngestionTime),
        ("aws.events.event", Variable::Event),
        ("aws.events.event.json", Variable::EventJson),
    ])
}

fn legal_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
