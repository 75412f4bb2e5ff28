//! Bare mirrors of repositories with a URL.

use super::error::failed;
use super::{Credentials, GitError, transport};
use crate::ids::{BranchName, Digest};
use std::{fs, path::Path};

/// Every branch as it is on the server; those deleted there go.
const BRANCHES: &str = "+refs/heads/*:refs/heads/*";

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
        let aside = mirrors.join(format!("{}.{}.new", digest.short(), std::process::id()));
        clone(url, &aside, credentials)?;
        match fs::rename(&aside, &folder) {
            Ok(()) => {}
            // Another process was faster; its mirror is as good.
            Err(_) if folder.exists() => {
                let _ = fs::remove_dir_all(&aside);
            }
            Err(source) => return Err(GitError::Write { path: folder, source }),
        }
    }
    git2::Repository::open_bare(&folder).map_err(failed("open the mirror of", url))
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
    transport::fetch(mirror.path(), (url, BRANCHES), credentials)?;
    // What a server calls its default branch is not taken for anything but a branch.
    let is_branch = |name: &String| {
        name.strip_prefix("refs/heads/").is_some_and(|name| name.parse::<BranchName>().is_ok())
    };
    let told = transport::default_branch(mirror.path(), url, credentials)?;
    if let Some(name) = told.filter(is_branch) {
        mirror.set_head(&name).map_err(failed("note the default branch of", url))?;
    }
    Ok(())
}
