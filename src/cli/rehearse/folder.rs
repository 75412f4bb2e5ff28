//! Where a story's rehearsal is kept: a temporary folder that goes with it, or one that a person asked to keep.

use crate::{
    app,
    cli::{
        failure::CliError,
        output::{Format, Output},
    },
};
use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// The state folder of one story.
pub(super) struct Folder {
    path: PathBuf,
    fate: Fate,
}

enum Fate {
    Kept,
    Removed,
}

impl Folder {
    /// The folder to keep, which must be empty or absent, or a new one that is removed when this is dropped.
    pub(super) fn open(keep: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = keep else {
            let path = std::env::temp_dir().join(format!("agent-rehearse-{}", app::ad_hoc_run()));
            return Ok(Self { path, fate: Fate::Removed });
        };
        if holds_something(path)? {
            return Err(CliError::usage(format!("{} is not empty", path.display()))
                .hint("a story begins with nothing: name another folder, or remove this one"));
        }
        Ok(Self { path: path.to_owned(), fate: Fate::Kept })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is kept; what is not kept is removed.
    pub(super) fn close(self, output: &Output) -> Result<(), CliError> {
        match self.fate {
            Fate::Kept if output.format == Format::Text => {
                let path = self.path.display();
                output.talk(&format!("Kept: agent runs --state {path}"));
                Ok(())
            }
            Fate::Kept => Ok(()),
            Fate::Removed => {
                let removed = std::fs::remove_dir_all(&self.path);
                Ok(removed.with_context(|| format!("remove {}", self.path.display()))?)
            }
        }
    }
}

fn holds_something(path: &Path) -> Result<bool, CliError> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            let error = anyhow::Error::new(error);
            Err(error.context(format!("look into {}", path.display())).into())
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if matches!(self.fate, Fate::Removed) {
            // Gone already, or left to the system's own cleaning of temporary files.
            let _removed = std::fs::remove_dir_all(&self.path);
        }
    }
}
