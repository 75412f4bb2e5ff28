//! Repositories made on the spot, good ones and hostile ones.

mod leftovers;

use super::*;
use crate::ids::Sha;
use git2::{Oid, Signature, Time};
use std::{fs, os::unix::fs::PermissionsExt as _, sync::Barrier};
use tempfile::TempDir;

struct Home {
    folder: TempDir,
    git: git2::Repository,
}

const FILE: i32 = 0o100_644;

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        let git = git2::Repository::init_opts(folder.path().join("repo"), &options).unwrap();
        Self { folder, git }
    }

    /// A commit on `branch` of exactly these files.
    fn commit(&self, branch: &str, files: &[(&str, i32, &str)]) -> Sha {
        let entries: Vec<(&str, i32, Oid)> = files
            .iter()
            .map(|(path, mode, text)| (*path, *mode, self.git.blob(text.as_bytes()).unwrap()))
            .collect();
        self.commit_tree(branch, self.tree(&entries))
    }

    fn tree(&self, entries: &[(&str, i32, Oid)]) -> Oid {
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, mode, id) in entries {
            let mode = match *mode {
                0o100_755 => git2::FileMode::BlobExecutable,
                0o120_000 => git2::FileMode::Link,
                _ => git2::FileMode::Blob,
            };
            update.upsert(*path, *id, mode);
        }
        let empty = self.git.treebuilder(None).unwrap().write().unwrap();
        update.create_updated(&self.git, &self.git.find_tree(empty).unwrap()).unwrap()
    }

    /// A tree with one entry that no well-behaved git would write.
    fn hostile_tree(&self, mode: &str, name: &[u8], text: &str) -> Oid {
        let blob = self.git.blob(text.as_bytes()).unwrap();
        let mut raw = format!("{mode} ").into_bytes();
        raw.extend_from_slice(name);
        raw.push(0);
        raw.extend_from_slice(blob.as_bytes());
        self.git.odb().unwrap().write(git2::ObjectType::Tree, &raw).unwrap()
    }

    fn commit_tree(&self, branch: &str, tree: Oid) -> Sha {
        let who = Signature::new("t", "t@example.com", &Time::new(0, 0)).unwrap();
        let tree = self.git.find_tree(tree).unwrap();
        let name = format!("refs/heads/{branch}");
        let parent = self.git.find_reference(&name).ok().map(|r| r.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        let id = self.git.commit(Some(&name), &who, &who, "c", &tree, &parents).unwrap();
        id.to_string().parse().unwrap()
    }

    fn path(&self) -> String {
        self.folder.path().join("repo").display().to_string()
    }

    fn open(&self) -> Repository {
        self.open_as(&self.path()).unwrap()
    }

    fn open_as(&self, source: &str) -> Result<Repository, GitError> {
        Repository::open(source, &self.folder.path().join("mirrors"), &Credentials::default())
    }
}

#[test]
fn a_branch_is_its_newest_commit_and_a_missing_one_names_its_like() {
    let home = Home::new();
    home.commit("main", &[("a", FILE, "1")]);
    let newest = home.commit("main", &[("a", FILE, "2")]);
    home.commit("develop", &[("a", FILE, "3")]);
    let repository = home.open();
    assert_eq!(repository.branch("main").unwrap(), newest);
    assert_eq!(repository.default_branch().unwrap(), "main");
    let Err(GitError::NoSuchBranch { near, .. }) = repository.branch("mian") else { panic!() };
    assert_eq!(near, ["main", "develop"]);
    assert!(matches!(repository.branch("a..b"), Err(GitError::NoSuchBranch { .. })));
    assert_eq!(repository.commit(newest.short()).unwrap(), newest);
    assert!(matches!(repository.commit("HEAD"), Err(GitError::NoSuchCommit(_))));
    assert!(matches!(repository.commit("ffffffff"), Err(GitError::NoSuchCommit(_))));
}

#[test]
fn a_path_without_repository_is_said_so() {
    let folder = TempDir::new().unwrap();
    let opened = Repository::open(
        &folder.path().display().to_string(),
        folder.path(),
        &Credentials::default(),
    );
    assert!(matches!(opened, Err(GitError::NotARepository(_))), "{opened:?}");
}

#[test]
fn files_come_from_the_commit_and_not_from_the_work_folder() {
    let home = Home::new();
    let commit = home.commit("main", &[("d/a", FILE, "kept"), ("l", 0o120_000, "d/a")]);
    fs::create_dir_all(home.folder.path().join("repo/d")).unwrap();
    fs::write(home.folder.path().join("repo/d/a"), "changed").unwrap();
    let repository = home.open();
    assert_eq!(repository.read(&commit, "d/a").unwrap().unwrap(), b"kept");
    assert_eq!(repository.read(&commit, "l").unwrap(), None, "links are no files");
    assert_eq!(repository.read(&commit, "d").unwrap(), None);
    assert_eq!(repository.read(&commit, "no").unwrap(), None);
    assert_eq!(repository.files_in(&commit, "d").unwrap(), ["a"]);
    assert_eq!(repository.files_in(&commit, "l").unwrap(), Vec::<String>::new());
    assert_eq!(repository.files_in(&commit, "no").unwrap(), Vec::<String>::new());
    assert!(repository.has_uncommitted_changes().unwrap());
}

#[test]
fn the_agents_own_folder_is_no_change_of_the_users() {
    let home = Home::new();
    fs::create_dir_all(home.folder.path().join("repo/.agent/logs")).unwrap();
    fs::write(home.folder.path().join("repo/.agent/logs/x"), "").unwrap();
    assert!(!home.open().has_uncommitted_changes().unwrap());
    fs::write(home.folder.path().join("repo/new"), "").unwrap();
    assert!(home.open().has_uncommitted_changes().unwrap());
}

#[test]
fn changed_paths_are_those_added_removed_and_edited() {
    let home = Home::new();
    let old = home.commit("main", &[("same", FILE, "1"), ("gone", FILE, "1"), ("d/e", FILE, "1")]);
    let new = home.commit("main", &[("same", FILE, "1"), ("new", FILE, "1"), ("d/e", FILE, "2")]);
    let repository = home.open();
    assert_eq!(repository.changed_paths(Some(&old), &new).unwrap(), ["d/e", "gone", "new"]);
    assert_eq!(repository.changed_paths(None, &old).unwrap(), ["d/e", "gone", "same"]);
    assert_eq!(repository.parent(&new).unwrap(), Some(old.clone()));
    assert_eq!(repository.parent(&old).unwrap(), None);
}

#[test]
fn of_several_who_check_out_at_once_none_finds_half_of_it() {
    let home = Home::new();
    let names: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    let files: Vec<(&str, i32, &str)> = names.iter().map(|name| (&**name, FILE, "x")).collect();
    let commit = home.commit("main", &files);
    let target = home.folder.path().join("works/one");
    let at_once = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let repository = home.open();
            let (at_once, commit, target) = (&at_once, &commit, &target);
            scope.spawn(move || {
                at_once.wait();
                repository.checkout(commit, target).unwrap();
                assert_eq!(fs::read_dir(target).unwrap().count(), 300);
            });
        }
    });
    assert_eq!(fs::read_dir(home.folder.path().join("works")).unwrap().count(), 1);
}

#[test]
fn a_checkout_has_the_files_their_modes_and_links_and_no_git_folder() {
    let home = Home::new();
    let files =
        [("d/run", 0o100_755, "#!"), ("d/up", 0o120_000, "../plain"), ("plain", FILE, "text")];
    let commit = home.commit("main", &files);
    let target = home.folder.path().join("work");
    let checkout = home.open().checkout(&commit, &target).unwrap();
    let mode = |path: &str| fs::metadata(target.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("d/run") & 0o100, mode("plain") & 0o111), (0o100, 0));
    assert_eq!(fs::read_to_string(target.join("d/up")).unwrap(), "text");
    assert!(!target.join(".git").exists());
    fs::write(target.join("left-by-a-stage"), "").unwrap();
    assert_eq!(home.open().checkout(&commit, &target).unwrap(), checkout);
    assert!(target.join("left-by-a-stage").exists(), "a resumed run finds its folder as it was");
}

#[test]
fn hostile_commits_are_refused_before_anything_is_written() {
    for (mode, name, text) in [
        ("104755", "suid", "x"),
        ("100644", ".git", "x"),
        ("100644", ".GIT", "x"),
        ("100644", "git~1", "x"),
        ("100644", ".g\u{200c}it", "x"),
        ("100644", "..", "x"),
        ("100644", "a\nb", "x"),
        ("120000", "link", "/etc/passwd"),
        ("120000", "link", "../outside"),
    ] {
        let home = Home::new();
        let commit = home.commit_tree("main", home.hostile_tree(mode, name.as_bytes(), text));
        let target = home.folder.path().join("work");
        let refused = home.open().checkout(&commit, &target);
        assert!(matches!(refused, Err(GitError::Unsafe { .. })), "{mode} {name:?}: {refused:?}");
        assert!(!target.exists());
    }
}

#[test]
fn a_links_target_is_not_read_when_it_cannot_be_one() {
    let home = Home::new();
    let tree = home.hostile_tree("120000", b"link", &"a/".repeat(100_000));
    let commit = home.commit_tree("main", tree);
    let refused = home.open().checkout(&commit, &home.folder.path().join("work"));
    assert!(matches!(refused, Err(GitError::TooLarge { .. })), "{refused:?}");
}

#[test]
fn an_address_with_a_password_is_refused_without_telling_it() {
    let home = Home::new();
    for address in ["https://ada:hunter2@host.example/r.git", "https://ghp_hunter2@host.example/r"]
    {
        let refused = home.open_as(address).unwrap_err();
        assert!(matches!(refused, GitError::PasswordInUrl { .. }), "{refused}");
        assert!(refused.to_string().contains("host.example"), "{refused}");
        assert!(!format!("{refused}{refused:?}").contains("hunter2"), "{refused}");
    }
}

#[test]
fn a_mirror_follows_its_origin() {
    let home = Home::new();
    let first = home.commit("main", &[("a", FILE, "1")]);
    let url = format!("file://{}", home.path());
    let mirror = home.open_as(&url).unwrap();
    assert_eq!(mirror.branch("main").unwrap(), first);
    assert_eq!((mirror.name(), mirror.default_branch().unwrap()), (url.clone(), "main".into()));
    let second = home.commit("main", &[("a", FILE, "2")]);
    home.commit("topic", &[("a", FILE, "3")]);
    assert_eq!(home.open_as(&url).unwrap().branch("main").unwrap(), first, "not fetched yet");
    mirror.fetch().unwrap();
    assert_eq!(mirror.branch("main").unwrap(), second);
    assert!(mirror.branch("topic").is_ok());
}

#[test]
fn only_safe_urls_are_fetched() {
    let home = Home::new();
    for url in ["http://host/x", "ext::sh -c x://", "-u://x", "git://host/x"] {
        let opened = home.open_as(url);
        assert!(matches!(opened, Err(GitError::UnsupportedUrl(_))), "{url}: {opened:?}");
    }
    let missing = home.open_as("file:///no/such/repository");
    assert!(matches!(missing, Err(GitError::Unreachable { .. })), "{missing:?}");
}

#[test]
fn a_mirror_is_made_by_several_at_once_and_what_a_dead_process_began_is_removed() {
    let home = Home::new();
    home.commit("main", &[("a", FILE, "1")]);
    let (url, mirrors) = (format!("file://{}", home.path()), tempfile::tempdir().unwrap());
    // No process has this number: Linux gives none above four million.
    fs::create_dir(mirrors.path().join("0123.99999999.ThreadId(1).new")).unwrap();
    std::thread::scope(|scope| {
        let open = || Repository::open(&url, mirrors.path(), &Credentials::default()).map(drop);
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        for opened in opened {
            opened.join().unwrap().unwrap();
        }
    });
    let names = fs::read_dir(mirrors.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.collect();
    assert!(names.len() == 1 && names[0].to_str().unwrap().ends_with(".git"), "{names:?}");
}
