//! Bare mirrors of repositories with a URL.

use super::error::failed;
use super::{Credentials, GitError, leftovers, transport};
use crate::ids::{BranchName, Digest};
use std::{fs, path::Path};

/// Every branch as it is on the server; those deleted there go.
const BRANCHES: &str = "+refs/heads/*:refs/heads/*";

/// How the names of mirrors end that are being made.
const UNFINISHED: &str = ".new";

/// How the tokens of GitHub and GitLab begin, which are also given as a user's name.
const TOKEN_PREFIXES: [&str; 5] = ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-"];

/// Is `source` an address, or `user@host:path`, and not a path?
#[must_use]
pub fn is_url(source: &str) -> bool {
    source.contains("://") || is_scp_like(source)
}

fn is_scp_like(source: &str) -> bool {
    source.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}

/// Opens the mirror of a URL, making it first if it is not there.
pub(super) fn open(
    url: &str,
    mirrors: &Path,
    credentials: &Credentials,
) -> Result<git2::Repository, GitError> {
    let allowed = ["https://", "ssh://", "file://"];
    if !allowed.iter().any(|scheme| url.starts_with(scheme)) && !is_scp_like(url)
        || url.starts_with('-')
    {
        return Err(GitError::UnsupportedUrl(url.to_owned()));
    }
    if let Some(host) = host_after_password(url) {
        return Err(GitError::PasswordInUrl { host });
    }
    let digest = Digest::of(url);
    let folder = mirrors.join(format!("{}.git", digest.short()));
    if !folder.exists() {
        // Made aside and renamed, so that a mirror that is there is whole.
        remove_abandoned(mirrors);
        let aside = mirrors.join(aside_name(&digest));
        let made = clone(url, &aside, credentials).and_then(|()| {
            match fs::rename(&aside, &folder) {
                // Somebody else was faster; that mirror is as good.
                Err(source) if !folder.exists() => {
                    Err(GitError::Write { path: folder.clone(), source })
                }
                Ok(()) | Err(_) => Ok(()),
            }
        });
        let _is_gone = fs::remove_dir_all(&aside);
        made?;
    }
    git2::Repository::open_bare(&folder).map_err(failed("open the mirror of", url))
}

/// Several threads may make the mirror of one repository at once, each aside of the others.
fn aside_name(digest: &Digest) -> String {
    let (process, thread) = (std::process::id(), std::thread::current().id());
    format!("{}.{process}.{thread:?}{UNFINISHED}", digest.short())
}

/// Removes what processes that are no more have begun. What cannot be removed costs space only.
fn remove_abandoned(mirrors: &Path) {
    let is_abandoned = |name: &str| {
        let process = name.strip_suffix(UNFINISHED).and_then(|name| name.split('.').nth(1));
        process.is_some_and(|process| !Path::new("/proc").join(process).exists())
    };
    for entry in fs::read_dir(mirrors).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_abandoned) {
            let _is_gone = fs::remove_dir_all(entry.path());
        }
    }
}

/// The host of an address that holds a password.
fn host_after_password(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    let is_token = TOKEN_PREFIXES.iter().any(|prefix| parsed.username().starts_with(prefix));
    (is_token || parsed.password().is_some())
        .then(|| parsed.host_str().unwrap_or("the repository").to_owned())
}

fn clone(url: &str, folder: &Path, credentials: &Credentials) -> Result<(), GitError> {
    if folder.exists() {
        let source = fs::remove_dir_all(folder);
        source.map_err(|source| GitError::Write { path: folder.to_owned(), source })?;
    }
    fs::create_dir_all(folder)
        .map_err(|source| GitError::Write { path: folder.to_owned(), source })?;
    let made = git2::Repository::init_bare(folder).map_err(failed("make a mirror of", url))?;
    let protect = || {
        let mut config = made.config()?;
        config.set_bool("core.protectNTFS", true)?;
        config.set_bool("core.protectHFS", true)
    };
    protect().map_err(failed("set up the mirror of", url))?;
    fetch(&made, url, credentials)
}

/// Fetches every branch, and which of them is the default.
pub(super) fn fetch(
    mirror: &git2::Repository,
    url: &str,
    credentials: &Credentials,
) -> Result<(), GitError> {
    let at_work = leftovers::begin(mirror.path());
    transport::fetch(mirror.path(), (url, BRANCHES), credentials, &at_work)?;
    // What a server calls its default branch is not taken for anything but a branch.
    let is_branch = |name: &String| {
        name.strip_prefix("refs/heads/").is_some_and(|name| name.parse::<BranchName>().is_ok())
    };
    let told = transport::default_branch(mirror.path(), url, credentials)?;
    let is_known = |name: &str| {
        let head = mirror.find_reference("HEAD");
        head.is_ok_and(|head| matches!(head.symbolic_target(), Ok(Some(known)) if known == name))
    };
    if let Some(name) = told.filter(is_branch).filter(|name| !is_known(name)) {
        mirror.set_head(&name).map_err(failed("note the default branch of", url))?;
    }
    Ok(())
}
