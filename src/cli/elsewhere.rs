//! Lines of a run that another agent keeps: who has them, and how they are read all the same.

use super::{failure::CliError, output::Output};
use crate::{
    app::App,
    ids::LogPart,
    store::{KeptPart, RunRecord},
};
use anyhow::Context as _;
use std::collections::BTreeSet;

/// Says where lines of a run are, once for each part of its log that is not in this state folder.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    told: BTreeSet<LogPart>,
}

impl Elsewhere {
    /// Says what was not said before.
    pub(super) async fn tell(
        &mut self,
        app: &App,
        run: &RunRecord,
        output: &Output,
    ) -> Result<(), CliError> {
        let parts = app.store.log_parts(&run.id).await.context("read where the lines are")?;
        if parts.is_empty() {
            return Ok(());
        }
        let here = app.log_folder().keeper().context("read the id of the log folder")?;
        for part in parts.iter().filter(|part| part.keeper.id != here) {
            if self.told.insert(part.part) {
                output.talk(&said(part, run));
            }
        }
        Ok(())
    }
}

fn said(KeptPart { keeper, is_shipped, .. }: &KeptPart, run: &RunRecord) -> String {
    let how = format!("agent logs --env {} {}", run.environment, run.id.short());
    if *is_shipped {
        format!("note: lines of this run are on {keeper}, and all of them in the cloud: {how}")
    } else {
        format!(
            "note: lines of this run are on {keeper}; those that it has shipped: {how}; it ships the others when it can"
        )
    }
}
