//! What there should be and what there is, to an ordered list of changes with a hash.
//!
//! [`Desired`] is rendered from a commit and an environment; [`Observed`] is read from the cloud; there
//! is no state file. [`plan`] compares the two and leaves nothing to decide: each [`Change`] is one call
//! with its old and new value, in the order of applying. What is applied is what was shown, because
//! [`Plan::hash`] covers every change.
//!
//! No tag and no description carries the commit: it is in the definitions' metadata alone, where the
//! models they register take it from. So a commit that changes nothing else changes just that line.

mod alerts;
mod blueprint;
mod change;
mod declared;
mod desired;
mod difference;
#[cfg(test)]
pub(crate) mod fixture;
mod function;
mod lint;
mod names;
mod observed;
mod removal;
pub mod render;
mod resources;
mod rules;
#[cfg(test)]
mod tests;
mod waves;

pub use blueprint::{Blueprint, DataFile, Templates};
pub use change::{Change, Part, PipelineSummary, Plan};
pub use declared::{Undeclared, declared};
pub use desired::{BatchObject, Desired, DesiredError, desired};
pub use difference::plan;
pub use function::{function, predict_version};
pub use lint::{Flaw, lint};
pub use names::{alert_topic_arn, train_pipeline_arn};
pub use observed::{
    Function, LogGroupRecord, Observed, ObservedFunction, ObservedRule, PipelineRecord, Readiness,
    Subscription, SubscriptionState, Topic, policy_with,
};
pub use removal::{Removal, tags};
pub use resources::{
    FunctionSettings, FunctionSpec, Message, Object, ObjectKind, PipelineSpec, Rule, RuleSpec,
    RuleState, Tags, Target, TopicSpec, Trigger,
};
pub use rules::{rule_prefix, schedule_rule};
pub use waves::{Lane, waves};
