//! The task that clears away what agents left which died in this state folder, while others brought their runs to an end,
//! and keeps the log of the store short.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::engine::clear_leftovers;
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// Time between two looks at the folder: reading its names, of which there are as many as runs under way.
const EVERY: Duration = Duration::from_secs(10);

/// Clearing away.
pub(super) fn task(tools: &Tools) -> Task {
    Task {
        name: "tidying".to_owned(),
        bell: Arc::default(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(Tidying { tools: tools.clone() }),
    }
}

struct Tidying {
    tools: Tools,
}

impl Pass for Tidying {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(async {
            let app = &self.tools.app;
            let work = app.work_folder();
            let cleared = clear_leftovers(&work, &app.store, app.clock.as_ref()).await;
            match cleared.context("clear away what runs left")? {
                0 => {}
                1 => (self.tools.say)("cleared away what one run had left"),
                several => (self.tools.say)(&format!("cleared away what {several} runs had left")),
            }
            app.store.checkpoint().await.context("bring the store's log into its file")?;
            Ok(Rest::Usual)
        })
    }
}
