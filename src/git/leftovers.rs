//! What a fetch that was killed leaves in a mirror: locks, at which every later one would fail, and halves of packs.
//!
//! Whoever writes to a mirror shares a lock of ours on it, and the `git` that does it holds that as well, also when it
//! outlives the agent. Who gets the lock for itself alone knows that nobody is at work there: what lies there then is
//! of somebody who is no more. A kernel drops the lock of a process that dies, so none of ours is ever left.

use rustix::{
    fs::{FlockOperation, flock},
    io::retry_on_intr,
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

/// The file in a mirror that is locked; git has none of this name.
const AT_WORK: &str = "at-work";
/// git writes the new branches beside the old under this name, which must not be there.
const NEW_BRANCHES: &str = "packed-refs.new";

/// The right to write to a mirror, shared with others, until this and all that it was handed to are gone.
#[derive(Debug, Default)]
pub(super) struct AtWork(Option<File>);

impl AtWork {
    /// What a child is to have as its standard input so that it is at work as long as it lives. It reads as empty.
    pub(super) fn handed_on(&self) -> Stdio {
        let copy = self.0.as_ref().and_then(|file| file.try_clone().ok());
        copy.map_or_else(Stdio::null, Stdio::from)
    }
}

/// Begins to work on a mirror. If nobody else is at it, what was left there is removed first. Where files cannot be
/// locked nothing ever is.
pub(super) fn begin(mirror: &Path) -> AtWork {
    AtWork(share(mirror).ok())
}

fn share(mirror: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false);
    let file = file.open(mirror.join(AT_WORK))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        remove(mirror);
    }
    // Waits for nobody but who removes. Who does so between the two locks meets nothing of ours yet.
    retry_on_intr(|| flock(&file, FlockOperation::LockShared))?;
    Ok(file)
}

/// Removes what was left. What cannot be removed is in the way of the next fetch, which says so.
fn remove(mirror: &Path) {
    remove_files(mirror, |name| is_lock(name) || name == NEW_BRANCHES);
    let objects = mirror.join("objects");
    remove_files(&objects, is_lock);
    remove_files(&objects.join("pack"), |name| is_lock(name) || is_half(name));
    remove_locks_below(objects.join("info"));
    remove_locks_below(mirror.join("refs"));
}

/// No branch may be called like this (`git check-ref-format`).
fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
}

/// A pack that was on its way here, or was made of others; or the mark of one that no branch led to yet.
fn is_half(name: &str) -> bool {
    name.starts_with("tmp_") || name.starts_with(".tmp-") || name.ends_with(".keep")
}

fn remove_locks_below(folder: PathBuf) {
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        folders.extend(remove_files(&folder, is_lock));
    }
}

/// Removes files of a folder by their names, and tells which folders are in it.
fn remove_files(folder: &Path, is_left: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folders.push(entry.path());
        } else if entry.file_name().to_str().is_some_and(&is_left) {
            let _stays = fs::remove_file(entry.path());
        }
    }
    folders
}
