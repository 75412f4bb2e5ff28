//! What the store knows of a run, as the report takes it.

use crate::{
    engine::stages::outputs::{PLAN_EVIDENCE, VERDICT_EVIDENCE},
    flow::Event,
    report::{self, Evidence, FINDINGS_EVIDENCE, Manner, Record, Saying},
    store::{RunRecord, Store, StoreError, StoredEvent, Tale},
};
use serde::de::DeserializeOwned;

/// A run with all that is known of it.
pub(super) struct Kept {
    run: RunRecord,
    events: Vec<StoredEvent>,
    evidence: Evidence,
}

impl Kept {
    /// What should be said about it by now. A record that contradicts itself says nothing: whoever drives the run hears
    /// of that.
    pub(super) fn sayings(&self, manner: &Manner) -> Vec<Saying> {
        let events: Vec<_> = self.events.iter().map(|stored| (stored.at, &stored.event)).collect();
        let record = Record {
            run: &self.run.id,
            reference: &self.run.reference,
            commit: &self.run.commit,
            environment: &self.run.environment,
            pipeline: &self.run.pipeline,
            events: &events,
            evidence: self.evidence.clone(),
        };
        report::sayings(&record, manner).unwrap_or_default()
    }
}

/// What is known of a run, and how far it is told with that.
pub(super) async fn kept(store: &Store, run: &RunRecord) -> Result<(Tale, Kept), StoreError> {
    let events = store.events(&run.id).await?;
    let seen = u64::try_from(events.len()).unwrap_or(u64::MAX);
    let finished = matches!(events.last().map(|e| &e.event), Some(Event::RunFinished { .. }));
    let evidence = Evidence {
        findings: read(store, run, FINDINGS_EVIDENCE).await?.unwrap_or_default(),
        verdict: read(store, run, VERDICT_EVIDENCE).await?,
        plan: read(store, run, PLAN_EVIDENCE).await?,
    };
    let kept = Kept { run: run.clone(), events, evidence };
    Ok((Tale { run: run.id.clone(), seen, finished }, kept))
}

/// Evidence of another version of the agent may be unreadable; the report then goes without it.
async fn read<T: DeserializeOwned>(
    store: &Store,
    run: &RunRecord,
    name: &str,
) -> Result<Option<T>, StoreError> {
    let found = store.evidence(&run.id, name).await?;
    Ok(found.and_then(|value| serde_json::from_value(value).ok()))
}
