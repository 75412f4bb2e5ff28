//! What goes over the wire: the same for the server, the client and the document.

use crate::{
    dispatch::Standing,
    flow::Outcome,
    ids::{AgentId, DeliveryId, EnvName, Label, RunId, Sha},
    intake::Verdict,
    logs::LogLine,
    spec::Pipeline,
    store::{self, AgentRecord, Facts, OutboxRow, Presence, RunRecord, StoredEvent},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// What pipeline.yaml calls itself.
    pub pipeline: String,
    /// Path or URL of the repository.
    pub repository: String,
    /// Branch.
    pub branch: String,
    /// The environment it deploys to.
    #[schema(value_type = String)]
    pub environment: EnvName,
    /// Commit.
    #[schema(value_type = String)]
    pub commit: Sha,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub begun: Timestamp,
    /// How it ended: an object with `outcome` and, for a failure, `stage` and `class`. Null while it is open.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Outcome>,
    /// Where a listed or shown run that is open stands: an object with `standing` and, if it waits, `why`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub standing: Option<Standing>,
}

/// Some runs, and where the next ones are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// Newest first.
    pub runs: Vec<Run>,
    /// What to give as `before` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<RunId>,
}

/// Everything that is known of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunDetail {
    /// The run as in a list.
    pub run: Run,
    /// How often its commit had been asked for again when it was made.
    pub ask: u32,
    /// What caused it and which paths changed.
    #[schema(value_type = Object)]
    pub facts: Facts,
    /// The commit whose environment files it is applied with; absent before its first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub policy: Option<Sha>,
    /// The graph of stages it began with.
    #[schema(value_type = Object)]
    pub graph: Pipeline,
    /// What happened, in order: each with `seq`, `at`, `event` and what belongs to it.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<StoredEvent>,
    /// What its decisions rest on, by name: the gate's verdict, the plan and others.
    #[schema(value_type = Object)]
    pub evidence: Map<String, Value>,
    /// What was or is to be said about it elsewhere: each with `name`, `state` (`wanted`, `sent`, `given-up` or
    /// `overtaken`), `attempts`, `not_before` and the last `problem`.
    #[schema(value_type = Vec<Object>)]
    pub sayings: Vec<OutboxRow>,
    /// The parts of its log: a new one begins whenever an agent with another folder of logs takes the run up.
    #[serde(default)]
    pub log_parts: Vec<LogPart>,
}

/// A part of a run's log, and who keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogPart {
    /// Its number, from 0.
    pub part: u32,
    /// The agent that keeps it, in words: its name or machine, and the folder there.
    pub keeper: String,
    /// Whether the agent that answers keeps it, and so shows its lines.
    pub here: bool,
    /// Lines of it that are in the cloud.
    pub sent: u64,
    /// Lines of it that the cloud will never take.
    pub rejected: u64,
    /// Whether these are all its lines.
    pub shipped: bool,
}

/// Lines of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogPage {
    /// In order.
    #[schema(value_type = Vec<Line>)]
    pub lines: Vec<LogLine>,
    /// What to give as `offset` for the lines behind these.
    pub next: u64,
    /// Whether there may be lines behind these: some were left out, or the run goes on.
    pub more: bool,
    /// Parts of the run's log whose lines are not among these, as another agent keeps them. What of them was shipped is
    /// in the environment's log group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<LogPart>,
}

/// A line as it stands in a log.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its shape is wanted, for the document")]
pub(super) struct Line {
    /// The run.
    run: String,
    /// The stage.
    stage: String,
    /// Place in the stage's log, from 1.
    seq: u64,
    /// `debug`, `info`, `warning` or `error`.
    level: String,
    /// When it was written.
    #[schema(format = DateTime)]
    time: String,
    /// What was written, masked.
    message: String,
}

/// Something that reached the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// The sender's id.
    #[schema(value_type = String)]
    pub id: DeliveryId,
    /// `webhook`, `poll` and the like.
    pub via: String,
    /// The repository's name in the agent's settings.
    pub repository: String,
    /// The event, such as `push`.
    pub event: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub received: Timestamp,
    /// What became of it: an object with `verdict` and `run` or `reason`. Null until it is judged.
    #[schema(value_type = Option<Object>)]
    pub verdict: Option<Verdict>,
    /// When that was known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub judged: Option<Timestamp>,
    /// Bytes of its body when it came.
    pub bytes: u64,
    /// How often it could not be judged.
    pub attempts: u32,
    /// Why it could not be judged the last time.
    pub note: Option<String>,
    /// When that is tried again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Timestamp>,
}

/// An agent that takes runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Id.
    #[schema(value_type = String)]
    pub agent: AgentId,
    /// What people call it; its machine's name as a rule.
    pub name: String,
    /// Its process.
    pub process: u32,
    /// Its machine.
    pub host: String,
    /// Its version.
    pub version: String,
    /// What it is or has.
    #[schema(value_type = Vec<String>)]
    pub labels: BTreeSet<Label>,
    /// When it began to take runs.
    #[schema(value_type = String, format = DateTime)]
    pub begun: Timestamp,
    /// When it was last heard of.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
    /// `working`, `draining` or `lost`.
    #[schema(value_type = String)]
    pub state: Presence,
    /// Runs it holds.
    pub runs: u64,
}

/// What answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// The agent's version.
    pub version: String,
    /// The API's version.
    pub api: u32,
}

impl From<&RunRecord> for Run {
    fn from(run: &RunRecord) -> Self {
        Self {
            run: run.id.clone(),
            pipeline: run.pipeline.name.clone(),
            repository: run.repository.clone(),
            branch: run.reference.clone(),
            environment: run.environment.clone(),
            commit: run.commit.clone(),
            begun: run.created_at,
            outcome: run.outcome.clone(),
            standing: None,
        }
    }
}

impl RunDetail {
    /// The run as the store knows it.
    #[must_use]
    pub fn record(&self) -> RunRecord {
        let run = self.run.clone();
        RunRecord {
            id: run.run,
            repository: run.repository,
            reference: run.branch,
            commit: run.commit,
            environment: run.environment,
            ask: self.ask,
            created_at: run.begun,
            facts: self.facts.clone(),
            pipeline: self.graph.clone(),
            policy: self.policy.clone(),
            outcome: run.outcome,
        }
    }
}

impl From<store::Delivery> for Delivery {
    fn from(delivery: store::Delivery) -> Self {
        // Without the payload, which is somebody else's.
        let new = delivery.new;
        let (note, due) = delivery.postponed.unzip();
        Self {
            id: new.id,
            via: new.via.as_str().to_owned(),
            repository: new.repository,
            event: new.event,
            received: delivery.received,
            verdict: delivery.verdict,
            judged: delivery.judged,
            bytes: delivery.bytes,
            attempts: delivery.attempts,
            note,
            due,
        }
    }
}

impl From<&AgentRecord> for Agent {
    fn from(agent: &AgentRecord) -> Self {
        let (host, name) = (agent.owner.host.clone(), agent.name.as_ref());
        Self {
            agent: agent.id.clone(),
            name: name.map_or_else(|| host.clone(), ToString::to_string),
            process: agent.owner.pid,
            host,
            version: agent.version.clone(),
            labels: agent.labels.clone(),
            begun: agent.started,
            last_seen: agent.seen,
            state: agent.presence,
            runs: agent.runs,
        }
    }
}
