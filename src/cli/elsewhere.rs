//! Lines of a run that another agent keeps: who has them, and how they are read all the same.

use super::{
    failure::CliError,
    output::{Output, harmless},
};
use crate::{
    app::App,
    ids::{EnvName, RunId},
    store::RunRecord,
    web::api::{self, LogPart},
};
use anyhow::Context as _;
use std::collections::BTreeSet;

/// Says where lines of a run are, once for each part of its log that is not where its lines are read.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    told: BTreeSet<u32>,
}

impl Elsewhere {
    /// Says what was not said before of the run in this state folder.
    pub(super) async fn tell(
        &mut self,
        app: &App,
        run: &RunRecord,
        output: &Output,
    ) -> Result<(), CliError> {
        let parts = api::parts(&app.store, &app.log_folder(), &run.id).await;
        self.say(&parts.context("read where the lines are")?, (&run.environment, &run.id), output);
        Ok(())
    }

    /// The same of these parts, wherever they were read.
    pub(super) fn say(
        &mut self,
        parts: &[LogPart],
        (environment, run): (&EnvName, &RunId),
        output: &Output,
    ) {
        for part in parts.iter().filter(|part| !part.here) {
            if self.told.insert(part.part) {
                let how = format!("agent logs --env {environment} {run}");
                output.talk(&said(part, &how));
            }
        }
    }
}

fn said(LogPart { keeper, shipped, sent, .. }: &LogPart, how: &str) -> String {
    let keeper = harmless(keeper);
    if *shipped {
        format!("note: lines of this run are on {keeper}, and all of them in the cloud: {how}")
    } else {
        format!(
            "note: lines of this run are on {keeper}; the {sent} that it has shipped: {how}; it ships the others when it can"
        )
    }
}
