//! A run's own folders: the checkout, and beside it what its commands take for their home.

use super::Engine;
use super::command::RUN_MARK;
use super::context::agent_error;
use crate::clock::Clock;
use crate::exec::kill_survivors;
use crate::flow::Failure;
use crate::git::{self, Credentials, GitError, Repository};
use crate::ids::RunId;
use crate::spec::FailureClass;
use crate::store::RunRecord;
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf, absolute},
    sync::Arc,
};
use tokio::{
    sync::{Mutex, OnceCell},
    task::{JoinHandle, spawn_blocking},
};

/// Ends the name of what a run's commands keep outside the checkout.
const PRIVATE: &str = ".private";

/// A folder with the files of the run's commit, made when it is first needed. A resumed run finds it as it was.
#[derive(Debug)]
pub(super) struct Workspace {
    run: Arc<RunRecord>,
    folder: PathBuf,
    private: PathBuf,
    mirrors: PathBuf,
    credentials: Credentials,
    made: OnceCell<()>,
    /// Making it, once that has begun; whoever waits for its end may be dropped, and another wait on.
    begun: Mutex<Option<JoinHandle<Result<(), GitError>>>>,
}

impl Workspace {
    pub(super) fn of(engine: &Engine, run: &Arc<RunRecord>) -> Self {
        Self {
            run: Arc::clone(run),
            folder: folder_of(&engine.work, &run.id),
            private: private_of(&engine.work, &run.id),
            mirrors: engine.mirrors.clone(),
            credentials: engine.credentials.clone(),
            made: OnceCell::new(),
            begun: Mutex::default(),
        }
    }

    pub(super) async fn path(&self) -> Result<&Path, Failure> {
        self.made.get_or_try_init(|| self.make()).await?;
        Ok(&self.folder)
    }

    /// Begins to make it for a run whose first command comes in a moment.
    pub(super) fn begin(&self) {
        if let Ok(mut begun) = self.begun.try_lock() {
            begun.get_or_insert_with(|| self.checkout());
        }
    }

    fn checkout(&self) -> JoinHandle<Result<(), GitError>> {
        let (run, folder) = (Arc::clone(&self.run), self.folder.clone());
        let (mirrors, credentials) = (self.mirrors.clone(), self.credentials.clone());
        let private = self.private.clone();
        spawn_blocking(move || {
            // Whoever asks for them next is told why they cannot be made.
            let _soon_needed = Private::make(&private);
            let repository = Repository::open(&run.repository, &mirrors, &credentials)?;
            repository.checkout(&run.commit, &folder)?;
            Ok(())
        })
    }

    async fn make(&self) -> Result<(), Failure> {
        let mut begun = self.begun.lock().await;
        let ended = begun.get_or_insert_with(|| self.checkout()).await;
        *begun = None;
        match ended {
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

    /// What the run's commands keep outside the checkout; nobody else may look into it.
    ///
    /// # Errors
    /// If the folders cannot be made.
    pub(super) fn private(&self) -> io::Result<Private> {
        Private::make(&self.private)
    }

    /// Kills what the run's commands have left behind, also what went its own way. Answers whether nothing is left.
    pub(super) async fn end_commands(&self, clock: &dyn Clock) -> bool {
        // No command ran without these folders.
        let mark = (RUN_MARK, self.run.id.as_str());
        !self.private.exists() || kill_survivors(&[mark], clock).await.is_ok()
    }

    /// Removes the folders of a run that is over. A command that does not die keeps them, for the next who looks.
    pub(super) async fn remove(&self, clock: &dyn Clock) {
        if let Some(begun) = self.begun.lock().await.take() {
            // What is being written would be there again.
            let _not_needed = begun.await;
        }
        if !self.end_commands(clock).await {
            return;
        }
        let folders = [self.folder.clone(), self.private.clone()];
        // What cannot be removed is in nobody's way: no run has these folders' names again.
        let remove = move || folders.map(fs::remove_dir_all);
        let _ = spawn_blocking(remove).await;
    }
}

/// Where a run has its checkout.
fn folder_of(work: &Path, run: &RunId) -> PathBuf {
    work.join(run.as_str())
}

/// Where its commands have their own.
fn private_of(work: &Path, run: &RunId) -> PathBuf {
    work.join(format!("{run}{PRIVATE}"))
}

/// Whose folder is called so. One that is not whole yet has something of its own before the ending.
pub(super) fn run_of(name: &str) -> Option<RunId> {
    let (stem, ending) = name.split_at(name.find('.').unwrap_or(name.len()));
    let is_ours = ending.is_empty() || ending == PRIVATE || ending.ends_with(git::PARTIAL);
    stem.parse().ok().filter(|_| is_ours)
}

/// Removes the folders of a run that nobody drives.
///
/// # Errors
/// If one of them is there and cannot be removed.
pub(super) fn remove(work: &Path, run: &RunId) -> io::Result<()> {
    for entry in fs::read_dir(work)? {
        let entry = entry?;
        if entry.file_name().to_str().and_then(run_of).as_ref() != Some(run) {
            continue;
        }
        match fs::remove_dir_all(entry.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Folders that a run's commands share and that end with it.
#[derive(Debug)]
pub(super) struct Private {
    /// The folder of the others.
    pub(super) folder: PathBuf,
    /// `HOME`: empty at first, so that nothing of the agent's own (`.aws`, `.ssh`, `.netrc`, `.gitconfig`) is found there.
    pub(super) home: PathBuf,
    /// `TMPDIR`.
    pub(super) tmp: PathBuf,
}

impl Private {
    /// Makes them where they are not there.
    fn make(folder: &Path) -> io::Result<Self> {
        let folder = absolute(folder)?;
        let private = Self { home: folder.join("home"), tmp: folder.join("tmp"), folder };
        for folder in [&private.home, &private.tmp] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        Ok(private)
    }
}
