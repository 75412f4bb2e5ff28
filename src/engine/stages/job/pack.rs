//! The files that go along: the work folder, or what is named of it, as one archive. The same files make the same bytes.

use crate::{flow::Failure, spec::FailureClass};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tar::{Builder, HeaderMode};

/// Bytes of all files together: they are in memory once.
const MOST_BYTES: u64 = 128 << 20;
/// Files and folders.
const MOST_FILES: usize = 20_000;
/// What git keeps for itself.
const GIT: &str = ".git";

/// An archive of `wanted`, files and folders of `folder`; of all of it if nothing is named. Links go along as links.
pub(super) fn pack(folder: &Path, wanted: &[String]) -> Result<Vec<u8>, Failure> {
    let roots: Vec<PathBuf> = if wanted.is_empty() {
        below(folder, Path::new("")).map_err(|error| unreadable(".", &error))?
    } else {
        wanted.iter().map(PathBuf::from).collect()
    };
    let mut names = Vec::new();
    for root in roots.into_iter().filter(|root| root != Path::new(GIT)) {
        let shown = root.display().to_string();
        collect(folder, root, &mut names).map_err(|error| unreadable(&shown, &error))?;
    }
    names.sort();
    names.dedup();
    archive(folder, &names).map_err(|error| unreadable("files", &error))
}

fn archive(folder: &Path, names: &[PathBuf]) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    archive.mode(HeaderMode::Deterministic);
    archive.follow_symlinks(false);
    let mut bytes = 0;
    for name in names {
        let path = folder.join(name);
        bytes += fs::symlink_metadata(&path)?.len();
        if bytes > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(io::Error::other(format!("they are larger than {most} MiB together")));
        }
        archive.append_path_with_name(&path, name)?;
    }
    archive.into_inner()
}

/// `name` and all below it.
fn collect(folder: &Path, name: PathBuf, names: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        if names.len() >= MOST_FILES {
            return Err(io::Error::other(format!("there are more than {MOST_FILES} files")));
        }
        let kind = fs::symlink_metadata(folder.join(&name))?.file_type();
        if kind.is_dir() {
            open.extend(below(folder, &name)?);
        } else if !kind.is_file() && !kind.is_symlink() {
            // sockets and pipes mean nothing elsewhere
            continue;
        }
        names.push(name);
    }
    Ok(())
}

fn below(folder: &Path, name: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder.join(name))?;
    entries.map(|entry| Ok(name.join(entry?.file_name()))).collect()
}

fn unreadable(what: &str, error: &io::Error) -> Failure {
    let message = format!("cannot send '{what}' of the work folder to the job: {error}");
    Failure::new(FailureClass::UserError, message)
        .with_hint("`files` under `runs-on: { sagemaker: … }` names what goes along")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn packed(folder: &Path, wanted: &[&str]) -> BTreeMap<String, String> {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let bytes = pack(folder, &wanted).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            io::Read::read_to_string(&mut entry, &mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        });
        entries.collect()
    }

    #[test]
    fn the_work_folder_goes_along_without_what_is_gits() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("src/a.py", "a"), ("b.csv", "b"), (".git/config", "x")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        let all = packed(folder.path(), &[]);
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        assert_eq!(names, ["b.csv", "link", "src", "src/a.py"]);
        assert_eq!(all["link"], "", "a link goes along as a link");
        let some = packed(folder.path(), &["src", "src/a.py"]);
        assert_eq!(some.into_iter().filter(|(name, _)| name != "src").count(), 1);
        let twice = [(); 2].map(|()| pack(folder.path(), &[]).unwrap());
        assert_eq!(twice[0], twice[1]);
        let missing = pack(folder.path(), &["none".to_owned()]).unwrap_err();
        assert!(missing.message.contains("'none'"), "{missing:?}");
    }
}
