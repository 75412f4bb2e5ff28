//! A repository whose own settings, hooks and attributes name programs.

use super::forge::Forge;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

/// Settings that make some git or other start what they name.
const PROGRAMS: [&str; 17] = [
    "core.fsmonitor",
    "core.sshCommand",
    "core.askPass",
    "core.editor",
    "core.pager",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "diff.evil.textconv",
    "diff.external",
    "merge.evil.driver",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "credential.helper",
    "gpg.program",
];
const HOOKS: [&str; 6] = [
    "post-checkout",
    "reference-transaction",
    "post-index-change",
    "pre-auto-gc",
    "post-merge",
    "fsmonitor-watchman",
];

/// The worked example, with everything in its `.git` that could start a program.
fn armed() -> Forge {
    let forge = Forge::new();
    forge.world.write(".gitattributes", "data/* filter=evil diff=evil merge=evil\n");
    forge.world.write("crafted", &format!("[core]\n\tfsmonitor = {}\n", forge.command("include")));
    forge.world.commit("Arm it");
    for name in HOOKS {
        let hook = forge.world.path(&format!(".git/hooks/{name}"));
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, format!("#!/bin/sh\n{}\n", forge.command(name))).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let address = format!("ext::sh -c '{}'", forge.command("ext"));
    let mut config = forge.git.config().unwrap();
    for name in PROGRAMS {
        config.set_str(name, &forge.command(name)).unwrap();
    }
    for (name, value) in [
        ("include.path", "../crafted"),
        ("protocol.allow", "always"),
        ("remote.origin.url", &address),
        ("url.ext::sh.insteadOf", "file://"),
        ("submodule.sub.url", &address),
    ] {
        config.set_str(name, value).unwrap();
    }
    forge
}

/// The cage works: what is in it got there by a git that obeys.
#[test]
fn git_itself_would_run_them() {
    let forge = armed();
    let mut git = Command::new("git");
    git.arg("-C").arg(forge.world.repository()).args(["diff", "HEAD~1"]);
    git.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(!forge.marks().is_empty());
}

#[test]
fn the_agent_runs_none_of_them() {
    let forge = armed();
    // A change, so that whoever looks for changes looks into a file that has a filter.
    forge.world.write("data/mammographic.csv", "changed");
    for repository in [forge.open(), forge.mirror()] {
        repository.fetch().unwrap();
        let commit = repository.branch("main").unwrap();
        assert_eq!(repository.tips().unwrap().branches.len(), 2);
        repository.has_uncommitted_changes().unwrap();
        let parent = repository.parent(&commit).unwrap();
        assert_eq!(repository.changed_paths(parent.as_ref(), &commit).unwrap().len(), 2);
        let folder = forge.world.path(&format!("../work{}", forge.marks().len()));
        repository.checkout(&commit, &folder).unwrap();
        assert!(folder.join("pipeline.yaml").exists());
    }
    assert_eq!(forge.marks(), Vec::<String>::new());
}

#[test]
fn the_binary_deploys_such_a_folder_and_runs_none_of_them() {
    let forge = armed();
    forge.world.write("data/mammographic.csv", "changed");
    forge.world.agent(&["validate"]).exits(2);
    forge.world.agent(&["run", "--branch", "develop"]).done().says("is promoted to dev");
    assert_eq!(forge.marks(), Vec::<String>::new());
}

/// Objects that a repository borrows from another are copied; nothing of ours points out.
#[test]
fn a_mirror_borrows_nothing() {
    let forge = Forge::new();
    let aside = forge.world.path("../aside");
    fs::rename(forge.world.path(".git/objects"), &aside).unwrap();
    let info = forge.world.path(".git/objects/info");
    fs::create_dir_all(&info).unwrap();
    let itself = forge.world.path(".git/objects");
    let text = format!("{}\n{}\n", aside.display(), itself.display());
    fs::write(info.join("alternates"), text).unwrap();
    let mirror = forge.mirror();
    let commit = mirror.branch("main").unwrap();
    fs::remove_dir_all(aside).unwrap();
    mirror.checkout(&commit, &forge.world.path("../work")).unwrap();
    assert!(forge.open().checkout(&commit, &forge.world.path("../other")).is_err());
}
