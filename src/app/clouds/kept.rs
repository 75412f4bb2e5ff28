//! Clouds that stay open from one run to the next: to open one is to lay out a landscape, to connect, and to read what
//! the machine has of credentials, and every run wants one.

use super::{AppClouds, Clock, EnvName, Environment};
use crate::{app::real_scripts, project::Recent};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Sets of environments whose clouds stay open: a repository has one, until its default branch changes a file of them.
const MOST_KEPT: usize = 8;
/// Older ones are opened anew: what the machine says of credentials may have changed meanwhile.
const LONGEST_KEPT: SignedDuration = SignedDuration::from_mins(5);

/// The clouds of a process; clones share them.
#[derive(Debug, Clone)]
pub(in crate::app) struct KeptClouds(Arc<Recent<Key, (Timestamp, AppClouds)>>);

/// What a cloud was opened with. It is another one if any of this is.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    environments: BTreeMap<EnvName, Environment>,
    rehearsal: File,
    /// What runs the rehearsal's jobs.
    python: Option<PathBuf>,
}

/// A file, and not only its name: one that was reset is another. Absent until somebody makes it.
type File = Option<(u64, u64)>;

impl Default for KeptClouds {
    fn default() -> Self {
        Self(Arc::new(Recent::of(MOST_KEPT)))
    }
}

impl KeptClouds {
    /// The clouds of these environments, with the rehearsed ones in `file`.
    ///
    /// # Errors
    /// As [`AppClouds::open`].
    pub(in crate::app) async fn open(
        &self,
        environments: &BTreeMap<EnvName, Environment>,
        file: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<AppClouds> {
        let key = Key::now(environments, file)?;
        let now = clock.now();
        if let Some((opened, clouds)) = self.0.get(&key)
            && now.duration_since(opened) < LONGEST_KEPT
        {
            return Ok(clouds);
        }
        let clouds = AppClouds::open(environments, file, clock).await?;
        // A file that was made or replaced meanwhile may or may not be the one that was opened.
        if identity(file)? == key.rehearsal {
            self.0.keep(key, (now, clouds.clone()));
        }
        Ok(clouds)
    }
}

impl Key {
    fn now(environments: &BTreeMap<EnvName, Environment>, file: &Path) -> anyhow::Result<Self> {
        let (rehearsal, python) = (identity(file)?, real_scripts::kept(file)?);
        Ok(Self { environments: environments.clone(), rehearsal, python })
    }
}

fn identity(file: &Path) -> io::Result<File> {
    match fs::metadata(file) {
        Ok(found) => Ok(Some((found.dev(), found.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SimulatedClock,
        ids::Sha,
        project::{self, Files},
    };
    use std::time::Duration;

    #[tokio::test]
    async fn clouds_stay_open_until_they_are_old_or_the_rehearsal_is_reset() {
        let files = Files::Folder(Path::new(env!("CARGO_MANIFEST_DIR")));
        let project = project::load(None, &Sha::null(), files, files).unwrap();
        let environments = &project.environments;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rehearsal.sqlite");
        let (kept, clock) =
            (KeptClouds::default(), SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap()));
        // When those were opened that are open after another run.
        let opened = async || {
            kept.open(environments, &file, Arc::new(clock.clone())).await.unwrap();
            let (opened, _) = kept.0.get(&Key::now(environments, &file).unwrap())?;
            Some(opened)
        };
        assert_eq!(opened().await, None, "somebody else may have made the file as well");
        let first = opened().await.unwrap();
        clock.advance(Duration::from_secs(299));
        assert_eq!(opened().await, Some(first));
        clock.advance(Duration::from_secs(1));
        assert_eq!(opened().await, Some(clock.now()));
        for ending in ["", "-wal", "-shm"] {
            let _none = fs::remove_file(folder.path().join(format!("rehearsal.sqlite{ending}")));
        }
        assert_eq!(opened().await, None);
        assert!(file.exists());
    }
}
