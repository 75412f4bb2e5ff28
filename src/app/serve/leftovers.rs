//! The task that ships lines which runs have left: of an agent that died, or could not reach the cloud when they ended.
//!
//! A run that goes on elsewhere leaves what was written here behind; it is shipped once that run has ended, by this agent
//! or the next one that has this folder of logs. So is what a process that was frozen meanwhile writes behind that.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{engine::note_late_lines, exec::Cancel, ids::RunId, store::RunRecord};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::Mutex};

/// Time between two looks: the store is asked one thing, and the lines were late already.
const EVERY: Duration = Duration::from_secs(30);
/// Runs with lines left that one look considers.
const LOOKED_AT: u32 = 1000;
/// Projects that cannot be loaded before a look ends: each is read from git.
const MOST_UNLOADED: usize = 16;

/// Shipping what was left.
pub(super) fn tasks(tools: &Tools) -> Vec<Task> {
    vec![Task {
        name: "shipping lines left behind".to_owned(),
        bell: tools.bells.leftovers.clone(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(Leftovers { tools: tools.clone(), looked: Arc::default() }),
    }]
}

struct Leftovers {
    tools: Tools,
    /// Behind which run the next look for late lines goes on.
    looked: Arc<Mutex<Option<RunId>>>,
}

impl Pass for Leftovers {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            let (tools, here) = (self.tools.clone(), Handle::current());
            let looked = Arc::clone(&self.looked);
            // Off the threads that answer webhooks, as loading a project reads git.
            let shipped = tokio::task::spawn_blocking(move || here.block_on(look(&tools, &looked)));
            shipped.await.context("shipping broke")??;
            Ok(Rest::Usual)
        })
    }
}

async fn look(tools: &Tools, looked: &Mutex<Option<RunId>>) -> anyhow::Result<()> {
    let (store, logs, mut looked) = (&tools.app.store, tools.app.log_folder(), looked.lock().await);
    let what = "look for lines that came late";
    // Among the newest runs each time, and among some of the others.
    let newest = note_late_lines(store, &logs, None).await.context(what)?;
    *looked = match looked.as_ref() {
        None => newest,
        after => note_late_lines(store, &logs, after).await.context(what)?,
    };
    ship(tools).await
}

/// Ships for one run of each repository, and with it for the others of the same repository.
async fn ship(tools: &Tools) -> anyhow::Result<()> {
    let app = &tools.app;
    let keeper = app.log_folder().keeper().context("read the id of the log folder")?;
    let left = app.store.runs_with_unsent_logs(&keeper, LOOKED_AT).await?;
    let (mut done, mut unloaded) = (BTreeSet::new(), 0);
    for id in left {
        let run = app.store.run(&id).await?;
        if done.contains(&run.repository) || unloaded == MOST_UNLOADED {
            continue;
        }
        // Another run of the repository may know where its lines go.
        let Ok(project) = tools.project_of(&run) else {
            unloaded += 1;
            continue;
        };
        let promotion = tools.promotion(project, Cancel::never());
        // A repository whose lines do not arrive keeps those of no other waiting.
        if let Err(error) = promotion.ship_leftovers(app, &run).await {
            say(tools, &run, &error);
        }
        done.insert(run.repository);
    }
    Ok(())
}

fn say(tools: &Tools, run: &RunRecord, error: &anyhow::Error) {
    let said = format!("lines of runs of {} are left: {error:#}", run.repository);
    (tools.say)(&tools.masker.mask(&said));
}
