//! What the dead might have left: processes, checkouts, locks.

use std::{fs, path::Path};

/// Processes that have to do with `folder`: by their directory, their words or their variables.
pub(super) fn of(folder: &Path) -> Vec<String> {
    let needle = folder.display().to_string();
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.parse::<u32>().is_err() || name == own {
            continue;
        }
        let text = |file: &str| {
            let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let folder = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        let words = text("cmdline");
        let is_ours = folder.starts_with(&needle)
            || words.contains(&needle)
            || text("environ").contains(&needle);
        if is_ours {
            found.push(format!("process {name} is left: {words}"));
        }
    }
    found
}

/// Files in `folder`: all of them, or those that lock something.
pub(super) fn left_in(folder: &Path, all: bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if all || name.ends_with(".lock") || name.starts_with("tmp_") {
            found.push(format!("left: {}", path.display()));
        } else if path.is_dir() {
            found.extend(left_in(&path, false));
        }
    }
    found
}
