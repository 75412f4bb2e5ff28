//! References and histories that say something else than they should.

use super::forge::{FILE, Forge};
use relevo::git::GitError;
use std::fs;

fn foreign(forge: &Forge) -> String {
    let tree = forge.tree(&[(FILE, "pipeline.yaml", forge.blob("version: 1\nname: evil\n"))]);
    forge.dangling(tree, &[]).to_string()
}

#[test]
fn a_reference_with_a_hostile_name_is_nobodys_branch_and_hides_no_other() {
    let forge = Forge::new();
    let tip = forge.world.git(&["rev-parse", "main"]);
    let hostile = ["--upload-pack=touch canary", "-x", "a..b", "a\u{1b}[2J", "x.lock", "@{-1}"];
    for name in hostile {
        fs::write(forge.world.path(&format!(".git/refs/heads/{name}")), format!("{tip}\n"))
            .unwrap();
    }
    for (name, text) in [
        ("nowhere", "1".repeat(40)),
        ("tree", forge.world.git(&["rev-parse", "main^{tree}"])),
        ("loop", "ref: refs/heads/loop".to_owned()),
        ("out", "ref: ../../../../etc/passwd".to_owned()),
    ] {
        fs::write(forge.world.path(&format!(".git/refs/heads/{name}")), text + "\n").unwrap();
    }
    let repository = forge.open();
    let tips = repository.tips().unwrap();
    let names: Vec<&str> = tips.branches.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["develop", "main"]);
    for name in hostile {
        let told = forge.world.agent(&["run", &format!("--branch={name}")]);
        assert_eq!(told.code, 2, "{name:?}: {told:?}");
    }
    assert!(!forge.world.path("canary").exists());
}

#[test]
fn a_commit_that_no_branch_leads_to_is_on_none() {
    let forge = Forge::new();
    let evil = foreign(&forge).parse().unwrap();
    let repository = forge.open();
    for branch in ["main", "develop"] {
        assert!(!repository.is_on_branch(&evil, branch).unwrap());
    }
}

#[test]
fn a_replacement_replaces_nothing() {
    let forge = Forge::new();
    let (tip, evil) = (forge.world.git(&["rev-parse", "main"]), foreign(&forge));
    forge.world.git(&["update-ref", &format!("refs/replace/{tip}"), &evil]);
    assert!(forge.world.git(&["show", "main:pipeline.yaml"]).contains("evil"), "git obeys");
    for repository in [forge.open(), forge.mirror()] {
        let text = repository.read(&tip.parse().unwrap(), "pipeline.yaml").unwrap().unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), forge.world.read("pipeline.yaml"));
        assert!(!repository.is_on_branch(&evil.parse().unwrap(), "main").unwrap_or_default());
    }
}

/// A file beside the objects could make any commit an ancestor of main.
#[test]
fn a_graft_is_refused() {
    let forge = Forge::new();
    let (tip, evil) = (forge.world.git(&["rev-parse", "main"]), foreign(&forge));
    fs::create_dir_all(forge.world.path(".git/info")).unwrap();
    fs::write(forge.world.path(".git/info/grafts"), format!("{tip} {evil}\n")).unwrap();
    let refused = forge.try_open().unwrap_err();
    assert!(matches!(refused, GitError::Failed { .. }), "{refused:?}");
    assert!(refused.to_string().contains("info/grafts"), "{refused}");
    let told = forge.world.agent(&["run", "--branch", "main", "--commit", &evil]);
    assert_ne!(told.code, 0);
    told.says("info/grafts");
}
