//! A plan in a file: what was shown, to be read by somebody else and applied later.

use super::failure::CliError;
use crate::{ids::Digest, plan::Plan};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path};

/// The format's version: a file of another one is refused.
const VERSION: u32 = 1;
/// Largest file that is read: a plan of both pipelines is below 100 KiB.
const LARGEST: u64 = 16 << 20;

/// A plan and where it came from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPlan {
    relevo_plan: u32,
    /// The branch whose commit it deploys.
    pub(crate) branch: String,
    /// What covers every change, environment, account and commit.
    hash: Digest,
    /// The plan.
    pub(crate) plan: Plan,
}

impl SavedPlan {
    /// `plan` of a commit on `branch`, ready to be written.
    pub(crate) fn new(branch: &str, plan: &Plan) -> Self {
        let branch = branch.to_owned();
        Self { relevo_plan: VERSION, branch, hash: plan.hash(), plan: plan.clone() }
    }

    /// Writes it to `file`, which only its owner may read: a plan names accounts, roles and keys.
    pub(crate) fn write(&self, file: &Path) -> Result<(), CliError> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let text = serde_json::to_vec_pretty(self).context("write the plan as JSON")?;
        let mut options = std::fs::OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
        let written = opened.and_then(|mut opened| opened.write_all(&text));
        Ok(written.with_context(|| format!("write {}", file.display()))?)
    }

    /// Reads a file that [`write`](Self::write) wrote, and proves that nobody has edited it.
    pub(crate) fn read(file: &Path) -> Result<Self, CliError> {
        let shown = file.display();
        let wrong = |what: String| {
            CliError::usage(format!("{shown} {what}"))
                .hint("make one: agent plan --env NAME --out FILE")
        };
        let size = std::fs::metadata(file).map(|about| about.len());
        if size.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(wrong("is not there".to_owned()));
        }
        if size.with_context(|| format!("read {shown}"))? > LARGEST {
            return Err(wrong("is too large for a plan".to_owned()));
        }
        let text = std::fs::read(file).with_context(|| format!("read {shown}"))?;
        let saved: Self = serde_json::from_slice(&text)
            .map_err(|flaw| wrong(format!("is no saved plan: {flaw}")))?;
        if saved.relevo_plan != VERSION {
            return Err(wrong(format!("is of version {}, not {VERSION}", saved.relevo_plan)));
        }
        if saved.plan.hash() != saved.hash {
            return Err(wrong("was edited: its changes do not have the hash it states".to_owned()));
        }
        Ok(saved)
    }
}
