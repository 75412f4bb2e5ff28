//! A job's folder: laid out as the container, locked as long as its agent lives, gone with the job.

use crate::{
    clock::Clock,
    exec,
    rehearsal::{Files, JobFailure},
};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Component, Path, PathBuf},
};

/// Most files and bytes that a job may leave. The data sets here are a handful of small files.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 256 << 20;

/// The file whose lock says that an agent is at work in the folder.
const LOCK: &str = "lock";

/// Why files could not be brought in or taken out.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// A path that leads out of the container.
    #[error("'{0}' is not a path under /opt/ml")]
    Outside(String),
    /// Something other than files and folders among the outputs, such as a link.
    #[error("'{0}' among the outputs is neither a file nor a folder")]
    Special(String),
    /// Too much to take back.
    #[error("the job left more than {MOST_FILES} files or {MOST_BYTES} bytes")]
    TooMuch,
    /// The disk.
    #[error("the job's folder: {0}")]
    Disk(#[from] io::Error),
}

impl From<FolderError> for JobFailure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Disk(_) => Self(format!("InternalServerError: {error}")),
            FolderError::Outside(_) | FolderError::Special(_) | FolderError::TooMuch => {
                Self::client(error)
            }
        }
    }
}

/// A folder for one job.
#[derive(Debug)]
pub(super) struct JobFolder {
    path: PathBuf,
    _lock: File,
}

impl JobFolder {
    /// A fresh one in `jobs`. Nobody else may look in: there will be data.
    pub(super) fn new(jobs: &Path) -> Result<Self, FolderError> {
        let path = jobs.join(uuid::Uuid::now_v7().to_string());
        DirBuilder::new().mode(0o700).recursive(true).create(path.join("home"))?;
        let lock = File::create(path.join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from)?;
        Ok(Self { path, _lock: lock })
    }

    /// The one of this name, unless somebody has it, in whichever process. What an agent that was killed left in it is
    /// there still.
    pub(super) fn take(jobs: &Path, name: &str) -> Result<Option<Self>, FolderError> {
        let path = jobs.join(name);
        DirBuilder::new().mode(0o700).recursive(true).create(&path)?;
        let lock = match File::options().create(true).append(true).open(path.join(LOCK)) {
            // Whoever had it removes it in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        let file = lock.metadata()?.ino();
        let is_there = fs::metadata(path.join(LOCK)).is_ok_and(|there| there.ino() == file);
        Ok(is_there.then_some(Self { path, _lock: lock }))
    }

    /// Ends and removes what is in it, and makes it ready for a job.
    pub(super) async fn renew(&self, clock: &dyn Clock) -> anyhow::Result<()> {
        let home = self.home();
        if home.exists() {
            exec::kill_survivors(&[("HOME", &home.display().to_string())], clock).await?;
        }
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false if entry.file_name() == LOCK => {}
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(fs::create_dir(home)?)
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where processes of the job begin, and their HOME.
    pub(super) fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    /// `text` with the container's paths in it made those of this machine.
    pub(super) fn mapped(&self, text: &str) -> String {
        text.replace("/opt/ml", &format!("{}/opt/ml", self.path.display()))
    }

    /// `text` with this machine's paths in it made those of the container.
    pub(super) fn unmapped(&self, text: &str) -> String {
        text.replace(&self.path.display().to_string(), "")
    }

    /// Writes files where the container has them.
    pub(super) fn place(&self, files: &Files) -> Result<(), FolderError> {
        for (path, content) in files {
            self.write(&self.inside(path)?, content)?;
        }
        Ok(())
    }

    /// Writes a file of ours, named from the folder.
    pub(super) fn write(&self, file: &Path, content: &[u8]) -> Result<(), FolderError> {
        let file = self.path.join(file);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(file, content)?)
    }

    /// Makes folders of the container.
    pub(super) fn make(&self, folders: &[String]) -> Result<(), FolderError> {
        for folder in folders {
            fs::create_dir_all(self.inside(folder)?)?;
        }
        Ok(())
    }

    /// Every file below these folders of the container.
    pub(super) fn collect(&self, folders: &[String]) -> Result<Files, FolderError> {
        let mut files = Files::new();
        let mut bytes = 0;
        let mut left: Vec<PathBuf> =
            folders.iter().map(|folder| self.inside(folder)).collect::<Result<_, _>>()?;
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let (path, about) = (entry.path(), entry.metadata()?);
                let shown = self.unmapped(&path.display().to_string());
                if about.is_dir() {
                    left.push(path);
                } else if about.is_file() {
                    bytes += about.len();
                    if bytes > MOST_BYTES || files.len() >= MOST_FILES {
                        return Err(FolderError::TooMuch);
                    }
                    files.insert(shown, fs::read(path)?);
                } else {
                    return Err(FolderError::Special(shown));
                }
            }
        }
        Ok(files)
    }

    /// Where a path of the container is on this machine.
    fn inside(&self, path: &str) -> Result<PathBuf, FolderError> {
        let rest = path.strip_prefix('/').map(Path::new).filter(|rest| rest.starts_with("opt/ml"));
        let plain =
            |rest: &&Path| rest.components().all(|part| matches!(part, Component::Normal(_)));
        let rest = rest.filter(plain).ok_or_else(|| FolderError::Outside(path.to_owned()))?;
        Ok(self.path.join(rest))
    }
}

impl Drop for JobFolder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next agent.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes `jobs` if need be, and ends and removes what agents that were killed left in it.
pub(super) async fn clear(jobs: &Path, clock: &dyn Clock) -> anyhow::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(jobs)?;
    for entry in fs::read_dir(jobs)? {
        let path = entry?.path();
        let abandoned = match File::open(path.join(LOCK)) {
            Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
            // It is being made or removed just now, or was when its agent died; the next one will see.
            Err(_) => false,
        };
        if abandoned {
            let home = path.join("home").display().to_string();
            exec::kill_survivors(&[("HOME", &home)], clock).await?;
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn what_is_placed_is_found_again_and_the_folder_goes_with_the_job() {
        let jobs = tempfile::tempdir().unwrap();
        let folder = JobFolder::new(jobs.path()).unwrap();
        let files = Files::from([("/opt/ml/processing/out/a/b.csv".to_owned(), b"1".to_vec())]);
        folder.place(&files).unwrap();
        assert_eq!(folder.collect(&["/opt/ml/processing/out".to_owned()]).unwrap(), files);
        let path = folder.mapped("--x=/opt/ml/processing/out/a/b.csv");
        assert!(Path::new(path.strip_prefix("--x=").unwrap()).is_file());
        drop(folder);
        assert_eq!(fs::read_dir(jobs.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_written_or_read_outside() {
        let jobs = tempfile::tempdir().unwrap();
        let folder = JobFolder::new(jobs.path()).unwrap();
        for path in ["/opt/ml/../../x", "/etc/passwd", "opt/ml/x", "/opt/ml/./../x", "/opt/mlx/y"] {
            let files = Files::from([(path.to_owned(), Vec::new())]);
            assert!(matches!(folder.place(&files), Err(FolderError::Outside(_))), "{path}");
        }
        folder.make(&["/opt/ml/out".to_owned()]).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("opt/ml/out/x")).unwrap();
        let left = folder.collect(&["/opt/ml/out".to_owned()]);
        assert!(matches!(left, Err(FolderError::Special(_))), "{left:?}");
    }

    #[tokio::test]
    async fn one_hand_has_a_job_and_finds_nothing_of_another() {
        let jobs = tempfile::tempdir().unwrap();
        let take = || JobFolder::take(jobs.path(), "job").unwrap();
        // as a process leaves it that was killed
        let left = jobs.path().join("job/home/left");
        fs::create_dir_all(left.parent().unwrap()).unwrap();
        fs::write(&left, "").unwrap();
        let hand = take().unwrap();
        assert!(take().is_none(), "two hands");
        hand.renew(&SystemClock).await.unwrap();
        assert!(!left.exists() && hand.home().is_dir());
        drop(hand);
        assert!(!jobs.path().join("job").exists() && take().is_some());
    }

    #[tokio::test]
    async fn what_a_killed_agent_left_is_removed_and_what_a_living_one_has_is_not() {
        let jobs = tempfile::tempdir().unwrap();
        let living = JobFolder::new(jobs.path()).unwrap();
        let dead = jobs.path().join("dead");
        fs::create_dir_all(dead.join("home")).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        clear(jobs.path(), &SystemClock).await.unwrap();
        assert!(living.path().is_dir() && !dead.exists());
    }
}
