//! Looking through a commit before anything of it is written: what libgit2 allows and we do not.

use super::GitError;
use super::error::failed;
use git2::Oid;

/// Files in a checkout; far above any repository of pipelines, far below what fills a file system's inodes.
pub const MOST_FILES: usize = 100_000;
/// Bytes in a checkout (4 GiB): what a work folder may take of a small disk.
pub const MOST_BYTES: u64 = 4 << 30;
/// Bytes in one file (256 MiB): libgit2 holds a file in memory as a whole.
pub const LARGEST_FILE: usize = 256 << 20;
/// Bytes in the target of a link: what Linux takes (`PATH_MAX`).
const LONGEST_LINK: usize = 4096;
/// Folders within folders; each level is a stack frame.
pub(super) const DEEPEST: usize = 64;

/// What a tree's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Program,
    Link,
    Folder,
    Submodule,
}

/// One entry, known to be harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) id: Oid,
}

/// What an entry is by its mode, or nothing for a mode that git does not write, such as a setuid file's.
pub(super) fn kind(entry: &git2::TreeEntry<'_>) -> Option<Kind> {
    kind_of(entry.filemode_raw())
}

/// The same of the mode alone.
pub(super) fn kind_of(mode: i32) -> Option<Kind> {
    match mode {
        0o100_644 => Some(Kind::File),
        0o100_755 => Some(Kind::Program),
        0o120_000 => Some(Kind::Link),
        0o040_000 => Some(Kind::Folder),
        0o160_000 => Some(Kind::Submodule),
        _ => None,
    }
}

/// Every entry of a tree, folders before what is in them.
pub(super) fn walk(
    repository: &git2::Repository,
    tree: &git2::Tree<'_>,
) -> Result<Vec<Entry>, GitError> {
    let odb = repository.odb().map_err(failed("read", "the commit"))?;
    let mut walk = Walk { repository, odb, entries: Vec::new(), bytes: 0 };
    walk.folder(tree, "", 0)?;
    Ok(walk.entries)
}

/// The names of the files directly in a tree, each known to be harmless.
pub(super) fn file_names(tree: &git2::Tree<'_>, folder: &str) -> Result<Vec<String>, GitError> {
    let mut names = Vec::new();
    for entry in tree {
        let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
        if let Some(reason) = bad_name(entry.name_bytes()) {
            let path = format!("{folder}/{name}").escape_debug().to_string();
            return Err(GitError::Unsafe { path, reason });
        }
        match kind(&entry) {
            Some(Kind::File | Kind::Program) => names.push(name),
            Some(Kind::Link | Kind::Folder | Kind::Submodule) | None => {}
        }
    }
    Ok(names)
}

struct Walk<'r> {
    repository: &'r git2::Repository,
    odb: git2::Odb<'r>,
    entries: Vec<Entry>,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(
        &mut self,
        tree: &git2::Tree<'_>,
        prefix: &str,
        depth: usize,
    ) -> Result<(), GitError> {
        for entry in tree {
            let name = String::from_utf8_lossy(entry.name_bytes());
            let path = format!("{prefix}{name}");
            let refuse =
                |reason| GitError::Unsafe { path: path.escape_debug().to_string(), reason };
            if let Some(reason) = bad_name(entry.name_bytes()) {
                return Err(refuse(reason));
            }
            let kind =
                kind(&entry).ok_or_else(|| refuse("which has a mode that git does not use"))?;
            if self.entries.len() >= MOST_FILES {
                return Err(too_large("the commit", format!("{MOST_FILES} files")));
            }
            match kind {
                Kind::File | Kind::Program => self.weigh(&path, entry.id(), LARGEST_FILE)?,
                Kind::Link => {
                    // Before it is read: a link's blob can be as large as any other.
                    self.weigh(&path, entry.id(), LONGEST_LINK)?;
                    let blob =
                        self.repository.find_blob(entry.id()).map_err(failed("read", &path))?;
                    if !stays_inside(blob.content(), depth) {
                        return Err(refuse("a link that leaves the repository"));
                    }
                }
                Kind::Folder | Kind::Submodule if depth >= DEEPEST => {
                    return Err(too_large(&path, format!("{DEEPEST} folders within folders")));
                }
                Kind::Folder | Kind::Submodule => {}
            }
            self.entries.push(Entry { path: path.clone(), kind, id: entry.id() });
            if kind == Kind::Folder {
                let inner = self.repository.find_tree(entry.id()).map_err(failed("read", &path))?;
                self.folder(&inner, &format!("{path}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn weigh(&mut self, path: &str, id: Oid, most: usize) -> Result<(), GitError> {
        let (length, _) = self.odb.read_header(id).map_err(failed("read", path))?;
        if length > most {
            return Err(too_large(path, format!("{most} bytes")));
        }
        self.bytes += length as u64;
        if self.bytes > MOST_BYTES {
            return Err(too_large("the commit", format!("{MOST_BYTES} bytes")));
        }
        Ok(())
    }
}

pub(super) fn too_large(what: &str, limit: String) -> GitError {
    GitError::TooLarge { what: what.to_owned(), limit }
}

/// Why a name must not be written, if so.
fn bad_name(name: &[u8]) -> Option<&'static str> {
    let Ok(name) = std::str::from_utf8(name) else { return Some("whose name is not UTF-8") };
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        Some("whose name is a path")
    } else if name.chars().any(char::is_control) {
        Some("whose name holds control characters")
    } else if means_git_folder(name) {
        Some("which git itself would take for its own folder")
    } else {
        None
    }
}

/// `.git` in any spelling that some file system takes for it: other case, dots and spaces behind it (NTFS), its short
/// name (NTFS), or characters inside that do not count (HFS+).
fn means_git_folder(name: &str) -> bool {
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let plain: String = name.chars().filter(|c| !ignored(c)).collect();
    let plain = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    plain.eq_ignore_ascii_case(".git") || plain.eq_ignore_ascii_case("git~1")
}

/// Does a link at this depth lead to a place in the tree, whatever links it goes through? Going up is only allowed at
/// the beginning, where the folders are known to be real ones.
fn stays_inside(target: &[u8], depth: usize) -> bool {
    let Ok(target) = std::str::from_utf8(target) else { return false };
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return false;
    }
    let mut parts = target.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
    let mut ups = 0;
    while parts.next_if_eq(&"..").is_some() {
        ups += 1;
    }
    ups <= depth && parts.all(|part| part != ".." && !means_git_folder(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_lead_anywhere_inside_and_nowhere_else() {
        for (target, depth) in [("a", 0), ("a/b", 0), ("../a", 1), ("./../../x", 2), (".", 0)] {
            assert!(stays_inside(target.as_bytes(), depth), "{target}");
        }
        for (target, depth) in
            [("/etc", 0), ("..", 0), ("../../a", 1), ("a/../..", 0), ("b/..", 3), ("", 0)]
        {
            assert!(!stays_inside(target.as_bytes(), depth), "{target}");
        }
    }

    #[test]
    fn no_spelling_of_the_git_folder_is_written() {
        for name in [".git", ".GIT", ".git.", ".git ", "git~1", ".g\u{200c}it", ".git:x"] {
            assert!(bad_name(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in ["a\nb", "..", "a/b", ""] {
            assert!(bad_name(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in [".gitignore", "git", ".github", "année", "a b"] {
            assert_eq!(bad_name(name.as_bytes()), None, "{name:?}");
        }
    }
}
