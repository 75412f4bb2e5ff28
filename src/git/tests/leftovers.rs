//! Mirrors in which something was left by a fetch that did not end.

use super::*;
use crate::git::leftovers;
use rustix::fs::{FlockOperation, flock};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// What `git fetch` has in a mirror while it works, and leaves there when the power is cut.
const LEFT: [&str; 12] = [
    "HEAD.lock",
    "config.lock",
    "packed-refs.lock",
    "packed-refs.new",
    "shallow.lock",
    "gc.pid.lock",
    "refs/heads/main.lock",
    "refs/heads/topic.lock",
    "objects/maintenance.lock",
    "objects/info/commit-graphs/commit-graph-chain.lock",
    "objects/pack/multi-pack-index.lock",
    "objects/pack/tmp_pack_Vx3f9a",
];

/// A repository, its mirror, and where that is.
fn mirrored() -> (Home, Repository, PathBuf) {
    let home = Home::new();
    for branch in ["main", "topic", "packed-refs.new", "tmp_x", "a.keep"] {
        home.commit(branch, &[("a", FILE, branch)]);
    }
    let mirror = home.open_as(&format!("file://{}", home.path())).unwrap();
    let folder = mirror.inner.path().to_owned();
    (home, mirror, folder)
}

fn leave(folder: &Path, left: &str) {
    let path = folder.join(left);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

#[test]
fn a_mirror_heals_from_what_a_killed_fetch_left_there() {
    let (home, mirror, folder) = mirrored();
    for left in LEFT {
        leave(&folder, left);
    }
    let newest = home.commit("main", &[("a", FILE, "2")]);
    home.git.find_reference("refs/heads/topic").unwrap().delete().unwrap();
    home.git.set_head("refs/heads/tmp_x").unwrap();
    assert!(comes_to_be(|| mirror.fetch().is_ok()));
    assert_eq!(mirror.branch("main").unwrap(), newest);
    assert!(mirror.branch("topic").is_err());
    assert_eq!(mirror.default_branch().unwrap(), "tmp_x");
    for branch in ["packed-refs.new", "tmp_x", "a.keep"] {
        assert!(mirror.branch(branch).is_ok(), "{branch} is a branch");
    }
    assert!(LEFT.iter().all(|left| !folder.join(left).exists()));
}

/// Tries what other tests can hinder for the moment between the fork and the start of a program of theirs, which has a
/// copy of every file until then.
fn comes_to_be(mut what: impl FnMut() -> bool) -> bool {
    (0..100).any(|_| what())
}

#[test]
fn what_lies_there_while_somebody_is_at_work_is_left_alone() {
    let (home, mirror, folder) = mirrored();
    let other = leftovers::begin(&folder);
    leave(&folder, "refs/heads/main.lock");
    let newest = home.commit("main", &[("a", FILE, "2")]);
    let told = mirror.fetch().unwrap_err();
    assert!(matches!(&told, GitError::Unreachable { .. }), "{told}");
    assert!(folder.join("refs/heads/main.lock").exists());
    drop(other);
    assert!(comes_to_be(|| mirror.fetch().is_ok()));
    assert_eq!(mirror.branch("main").unwrap(), newest);
}

#[test]
fn who_was_handed_the_lock_is_at_work_when_the_agent_is_no_more() {
    let (_home, _mirror, folder) = mirrored();
    let is_free = || {
        let file = fs::File::open(folder.join("at-work")).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
    };
    let at_work = leftovers::begin(&folder);
    let mut child = sleeper(at_work.handed_on());
    drop(at_work);
    let was_free = is_free();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!was_free && comes_to_be(is_free));
}

#[expect(clippy::disallowed_methods, reason = "a child that outlives the agent")]
fn sleeper(input: Stdio) -> Child {
    Command::new("sleep").arg("600").stdin(input).spawn().unwrap()
}
