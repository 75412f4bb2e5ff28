//! Which paths differ between two trees, within bounds: libgit2's own comparison unfolds a tree that holds itself ten
//! times over, ten levels deep, until memory ends.

use super::GitError;
use super::error::failed;
use super::tree::{self, DEEPEST, Kind, MOST_FILES};
use git2::Oid;
use std::collections::{BTreeMap, BTreeSet};

/// Entries that are compared: all of two commits that may be checked out.
const MOST_COMPARED: usize = 2 * MOST_FILES;

/// The paths of files and links that are on one side only, or not the same on both. Submodules are nobody's.
pub(super) fn paths(
    repository: &git2::Repository,
    older: Option<&git2::Tree<'_>>,
    newer: &git2::Tree<'_>,
) -> Result<BTreeSet<String>, GitError> {
    let mut comparison = Comparison { repository, compared: 0, paths: BTreeSet::new() };
    comparison.folder([older, Some(newer)], "", 0)?;
    Ok(comparison.paths)
}

/// What a name stands for on one side: its mode and its content.
type Side = Option<(i32, Oid)>;

struct Comparison<'r> {
    repository: &'r git2::Repository,
    compared: usize,
    paths: BTreeSet<String>,
}

impl<'r> Comparison<'r> {
    fn folder(
        &mut self,
        sides: [Option<&git2::Tree<'_>>; 2],
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        if depth > DEEPEST {
            return Err(tree::too_large(prefix, format!("{DEEPEST} folders within folders")));
        }
        let mut names: BTreeMap<Vec<u8>, [Side; 2]> = BTreeMap::new();
        for (index, side) in sides.into_iter().enumerate() {
            for entry in side.into_iter().flatten() {
                let name = names.entry(entry.name_bytes().to_vec()).or_default();
                name[index] = Some((entry.filemode_raw(), entry.id()));
            }
        }
        self.compared += names.len();
        if self.compared > MOST_COMPARED {
            return Err(tree::too_large("the change", format!("{MOST_COMPARED} files")));
        }
        for (name, [older, newer]) in names.into_iter().filter(|(_, sides)| sides[0] != sides[1]) {
            let path = format!("{prefix}{}", String::from_utf8_lossy(&name));
            let inner = [self.look(older, &path)?, self.look(newer, &path)?];
            if inner.iter().any(Option::is_some) {
                self.folder(inner.each_ref().map(Option::as_ref), &format!("{path}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    /// The folder there, if it is one; a file or link is noted.
    fn look(&mut self, side: Side, path: &str) -> Result<Option<git2::Tree<'r>>, GitError> {
        let Some((mode, id)) = side else { return Ok(None) };
        match tree::kind_of(mode) {
            Some(Kind::Folder) => {
                self.repository.find_tree(id).map(Some).map_err(failed("read", path))
            }
            Some(Kind::Submodule) => Ok(None),
            Some(Kind::File | Kind::Program | Kind::Link) | None => {
                self.paths.insert(path.to_owned());
                Ok(None)
            }
        }
    }
}
