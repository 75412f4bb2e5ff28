//! Talking to a server: the `git` program does it, in a mirror of ours.
//!
//! Fetching is left to the program that everybody's proxies, keys and certificates are set up for already; it also keeps
//! a second TLS library out of this one. What a server sends is only stored. Reading and checking out stay with us, and
//! no hook, submodule, prompt or other protocol than the allowed ones comes into play.

use super::{Credentials, GitError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    io,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What must hold whatever the user's own configuration says.
const SETTINGS: [&str; 9] = [
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "protocol.file.allow=always",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "transfer.fsckObjects=true",
    // A server that sends less than a byte a second for a minute is given up.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];
/// Never a question that nobody is there to answer, and no endless wait for a host.
const SSH: &str = "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15";
/// Variables of a surrounding git that would point this one elsewhere.
const ELSEWHERE: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS",
];
/// As much of git's complaint as fits a message: the last lines say why.
const MOST_LINES: usize = 3;

/// Fetches `refspec` from `url` into the bare repository at `mirror`; branches that are gone there go here.
pub(super) fn fetch(
    mirror: &Path,
    (url, refspec): (&str, &str),
    credentials: &Credentials,
) -> Result<(), GitError> {
    let arguments = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--prune",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--",
        url,
        refspec,
    ];
    run(mirror, url, &arguments, credentials).map(drop)
}

/// The full name of the server's default branch; nothing for an empty repository.
pub(super) fn default_branch(
    mirror: &Path,
    url: &str,
    credentials: &Credentials,
) -> Result<Option<String>, GitError> {
    let told = run(mirror, url, &["ls-remote", "--symref", "--", url, "HEAD"], credentials)?;
    let text = String::from_utf8_lossy(&told.stdout);
    let named = |line: &str| Some(line.strip_prefix("ref: ")?.split_once('\t')?.0.to_owned());
    Ok(text.lines().find_map(named))
}

/// What `git ls-remote` tells of the server's branches and its default one.
pub(super) fn list(
    mirror: &Path,
    url: &str,
    credentials: &Credentials,
) -> Result<String, GitError> {
    let arguments = ["ls-remote", "--symref", "--", url, "HEAD", "refs/heads/*"];
    let told = run(mirror, url, &arguments, credentials)?;
    Ok(String::from_utf8_lossy(&told.stdout).into_owned())
}

fn run(
    mirror: &Path,
    url: &str,
    arguments: &[&str],
    credentials: &Credentials,
) -> Result<Output, GitError> {
    let unreachable = |reason: String| GitError::Unreachable { url: url.to_owned(), reason };
    let output = command(mirror, url, credentials).args(arguments).output().map_err(|error| {
        unreachable(match error.kind() {
            io::ErrorKind::NotFound => "the program `git` is not installed".to_owned(),
            _ => error.to_string(),
        })
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = told.lines().filter(|line| !line.trim().is_empty()).collect();
    Err(unreachable(lines[lines.len().saturating_sub(MOST_LINES)..].join("; ")))
}

#[expect(clippy::disallowed_methods, reason = "the one program that this adapter is about")]
fn command(mirror: &Path, url: &str, credentials: &Credentials) -> Command {
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(mirror);
    for setting in SETTINGS {
        git.args(["-c", setting]);
    }
    for variable in ELSEWHERE {
        git.env_remove(variable);
    }
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_SSH_COMMAND", SSH).env("LC_ALL", "C");
    if let Some(token) = &credentials.token {
        // Through the environment: arguments are for everybody on the machine to see.
        let basic = STANDARD.encode(format!("x-access-token:{token}"));
        // And to the server that was named only: a redirect would carry the header along.
        git.args(["-c", "http.followRedirects=false"])
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("http.{url}.extraHeader"))
            .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"));
    }
    git.stdin(Stdio::null());
    git
}
