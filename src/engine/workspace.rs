//! The run's checkout.

use super::Engine;
use super::context::agent_error;
use crate::flow::Failure;
use crate::git::{Credentials, GitError, Repository};
use crate::spec::FailureClass;
use crate::store::RunRecord;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::OnceCell;

/// A folder with the files of the run's commit, made when it is first needed. A resumed run finds it as it was.
#[derive(Debug)]
pub(super) struct Workspace {
    run: Arc<RunRecord>,
    folder: PathBuf,
    mirrors: PathBuf,
    credentials: Credentials,
    made: OnceCell<()>,
}

impl Workspace {
    pub(super) fn of(engine: &Engine, run: &Arc<RunRecord>) -> Self {
        Self {
            run: Arc::clone(run),
            folder: engine.work.join(run.id.as_str()),
            mirrors: engine.mirrors.clone(),
            credentials: engine.credentials.clone(),
            made: OnceCell::new(),
        }
    }

    pub(super) async fn path(&self) -> Result<&Path, Failure> {
        self.made.get_or_try_init(|| self.make()).await?;
        Ok(&self.folder)
    }

    async fn make(&self) -> Result<(), Failure> {
        let (run, folder) = (Arc::clone(&self.run), self.folder.clone());
        let (mirrors, credentials) = (self.mirrors.clone(), self.credentials.clone());
        let checkout = move || -> Result<(), GitError> {
            let repository = Repository::open(&run.repository, &mirrors, &credentials)?;
            repository.checkout(&run.commit, &folder)?;
            Ok(())
        };
        match tokio::task::spawn_blocking(checkout).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let failure = agent_error("cannot check out the commit", &error);
                let class = if error.is_in_repository() {
                    FailureClass::UserError
                } else {
                    FailureClass::AgentError
                };
                Err(Failure { class, ..failure })
            }
            Err(error) => Err(agent_error("cannot check out the commit", &error)),
        }
    }

    /// Removes the checkout of a run that is over.
    pub(super) async fn remove(&self) {
        let folder = self.folder.clone();
        // What cannot be removed is in nobody's way: no run has this folder's name again.
        let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
    }
}
