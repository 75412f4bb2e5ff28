//! `agent audit`: who did what, and whether the record of it is whole.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::{open_app, state_folder},
};
use crate::{
    audit::{Broken, Check, Record},
    ids::Digest,
    store::Store,
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};
use std::{
    fs::OpenOptions,
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Records that are read at once.
const PAGE: u32 = 500;

/// Show who did what: orders, tokens, refusals
///
/// Each record holds the hash of the one before it, so none can be changed, moved or taken out unseen. Only what was cut
/// off the end cannot be seen from the log itself: keep the head that --verify and --export print somewhere else, and give
/// it back with --head.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How many at most, newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) most: u32,
    /// Compute the whole chain anew
    #[arg(long)]
    pub(super) verify: bool,
    /// A hash that was kept elsewhere and must be among the records
    #[arg(long, value_name = "HASH", requires = "verify")]
    pub(super) head: Option<Digest>,
    /// Write all records into this new file, a JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with = "verify")]
    pub(super) export: Option<PathBuf>,
    /// The repository whose agent is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent audit
  agent audit --verify
  agent audit --verify --head 5f7c…
  agent audit --export audit.jsonl

Exit codes: 0 done, 1 failed, 2 wrong usage, 5 the chain is broken";

pub(crate) async fn audit(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let store = open_app(&state_folder(shared, &args.repo)?).await?.store;
    if args.verify {
        let check = args.head.clone().map_or_else(Check::default, Check::expecting);
        let checked = store.check_acts(check).await.context("check the audit log")?;
        return verified(checked, output);
    }
    if let Some(file) = &args.export {
        return export(&store, file, output).await;
    }
    list(&store.newest_acts(args.most).await.context("read the audit log")?, output)
}

/// Shows records.
pub(super) fn list(records: &[Record], output: &Output) -> CliResult {
    match output.format {
        Format::Json => output.json(&records)?,
        Format::Text if records.is_empty() => output.talk("Nothing has been done yet."),
        Format::Text => {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["NO", "TIME", "WHO", "ACT", "ON", "DETAIL"]);
            for record in records {
                let act = &record.act;
                table.add_row([
                    record.seq.to_string(),
                    record.at.strftime("%F %T").to_string(),
                    act.who.clone(),
                    act.act.clone(),
                    act.object.clone(),
                    act.detail.to_string(),
                ]);
            }
            output.data(&table.to_string())?;
        }
    }
    Ok(Exit::Done)
}

/// Says what a check came to.
pub(super) fn verified(checked: Result<Option<Record>, Broken>, output: &Output) -> CliResult {
    let last = match checked {
        Ok(last) => last,
        Err(broken) => {
            return Err(CliError::Plain {
                exit: Exit::Differs,
                error: anyhow::Error::new(broken).context("the audit log was tampered with"),
                hint: Some("an export or a backup from before shows what stood there".to_owned()),
            });
        }
    };
    match output.format {
        Format::Json => output.json(&counted(last.as_ref()))?,
        Format::Text => output.data(&whole(last.as_ref()))?,
    }
    Ok(Exit::Done)
}

fn counted(last: Option<&Record>) -> serde_json::Value {
    serde_json::json!({
        "records": last.map_or(0, |last| last.seq),
        "head": last.map(|last| &last.hash),
    })
}

fn whole(last: Option<&Record>) -> String {
    match last {
        None => "0 records".to_owned(),
        Some(last) => {
            format!("{} records, each follows the one before it; head {}", last.seq, last.hash)
        }
    }
}

async fn export(store: &Store, file: &Path, output: &Output) -> CliResult {
    let mut sheet = Sheet::new(file)?;
    loop {
        let records = store.acts(sheet.check.next(), PAGE).await.context("read the audit log")?;
        if records.is_empty() {
            return sheet.finish(output);
        }
        for record in records {
            sheet.add(record)?;
        }
    }
}

/// A new file of records, each checked on its way.
pub(super) struct Sheet {
    file: BufWriter<std::fs::File>,
    path: PathBuf,
    check: Check,
}

impl Sheet {
    /// Makes the file, which must not be there.
    pub(super) fn new(path: &Path) -> Result<Self, CliError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("make {}", path.display()))?;
        Ok(Self { file: BufWriter::new(file), path: path.to_owned(), check: Check::default() })
    }

    /// Writes a record, if it follows the one before it.
    pub(super) fn add(&mut self, record: Record) -> Result<(), CliError> {
        let line = serde_json::to_string(&record).context("write a record")?;
        writeln!(self.file, "{line}").with_context(|| self.failed())?;
        self.check.record(record).map_err(|broken| CliError::Plain {
            exit: Exit::Differs,
            error: anyhow::Error::new(broken).context("the audit log was tampered with"),
            hint: None,
        })
    }

    /// Says what stands in it.
    pub(super) fn finish(mut self, output: &Output) -> CliResult {
        let failed = self.failed();
        self.file.flush().and_then(|()| self.file.get_ref().sync_all()).context(failed)?;
        let last = self.check.end().map_err(anyhow::Error::new)?;
        match output.format {
            Format::Json => output.json(&counted(last.as_ref()))?,
            Format::Text => {
                output.talk(&format!("{}: {}", self.path.display(), whole(last.as_ref())));
            }
        }
        Ok(Exit::Done)
    }

    fn failed(&self) -> String {
        format!("write {}", self.path.display())
    }
}
