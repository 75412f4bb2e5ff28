//! Branches and commits made to harm, through the whole agent: they get their verdict, nothing of theirs runs, and the
//! next good push deploys.

use super::{Setup, server::Server};
use crate::hostile::forge::{self, FILE, FOLDER, LINK, SUBMODULE};
use git2::Oid;
use serde_json::Value;
use std::{fs, path::PathBuf};

/// What a commit holds beside the files that it needs to deploy at all.
type Shape = (&'static str, fn(&git2::Repository, &str) -> Vec<Entry>, &'static str);
type Entry = (&'static str, &'static str, Oid);

const SHAPES: [Shape; 3] = [
    ("a link out of the tree", link, "a link that leaves the repository"),
    ("a submodule in git's place", submodule, ".git"),
    ("git's own folder, as another system spells it", folder, ".Git"),
];

fn link(git: &git2::Repository, _: &str) -> Vec<Entry> {
    vec![(LINK, "a-link", git.blob(b"../../../cage").unwrap())]
}

fn submodule(git: &git2::Repository, command: &str) -> Vec<Entry> {
    let modules = format!(
        "[submodule \"a\"]\n\tpath = .git\n\turl = ext::{command}\n\tupdate = !{command}\n"
    );
    let modules = git.blob(modules.as_bytes()).unwrap();
    vec![(SUBMODULE, ".git", modules), (FILE, ".gitmodules", modules)]
}

fn folder(git: &git2::Repository, command: &str) -> Vec<Entry> {
    let hook = git.blob(format!("#!/bin/sh\n{command}\n").as_bytes()).unwrap();
    let hooks = forge::tree(git, &[("100755", "post-checkout", hook)]);
    vec![(FOLDER, ".Git", forge::tree(git, &[(FOLDER, "hooks", hooks)]))]
}

/// Where commands leave their mark; outside of the repository.
fn cage(setup: &Setup) -> PathBuf {
    let cage = setup.world.path("..").canonicalize().unwrap().join("cage");
    fs::create_dir_all(&cage).unwrap();
    cage
}

/// The names of the commands that ran.
fn marks(setup: &Setup) -> Vec<String> {
    let entries = fs::read_dir(cage(setup)).unwrap();
    let mut marks: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    marks.sort();
    marks
}

/// Stages that leave this mark.
fn marking(setup: &Setup, mark: &str) -> String {
    format!("  mark: {{ run: [touch, '{}'] }}\n", cage(setup).join(mark).display())
}

/// Makes a commit on top of main of main's files and these, and has the bare repository's main point to it.
fn push_raw(setup: &Setup, shape: fn(&git2::Repository, &str) -> Vec<Entry>) -> String {
    let git = git2::Repository::open(setup.world.repository()).unwrap();
    let main = setup.world.git(&["rev-parse", "main"]);
    let command = format!("touch {}", cage(setup).join("obeyed").display());
    let tip = git.find_commit(Oid::from_str(&main).unwrap()).unwrap();
    let mut entries = shape(&git, &command);
    let tree = tip.tree().unwrap();
    let own: Vec<(String, Oid, bool)> = tree
        .iter()
        .map(|entry| {
            let is_folder = entry.kind() == Some(git2::ObjectType::Tree);
            (entry.name().unwrap().to_owned(), entry.id(), is_folder)
        })
        .collect();
    let own = own
        .iter()
        .map(|(name, id, is_folder)| (if *is_folder { FOLDER } else { FILE }, name.as_str(), *id));
    let mut all: Vec<_> = own.chain(entries.drain(..)).collect();
    all.sort_by_key(|(_, name, _)| name.to_owned());
    let commit = forge::dangling(&git, forge::tree(&git, &all), &[&main]).to_string();
    setup.push(&format!("{commit}:refs/heads/main"));
    commit
}

/// A push to main that the agent was told of and that came to its end.
fn deployed(setup: &Setup, server: &Server, (id, commit): (&str, &str)) -> Value {
    assert_eq!(server.deliver_push(id, "main", commit).0, 202, "{id}");
    setup.ended(commit, "prod")
}

#[test]
fn a_branch_that_maps_itself_to_prod_runs_nothing_however_it_is_heard_of() {
    let setup = Setup { poll: "1s".to_owned(), ..Setup::new() };
    let main = setup.push_stages(&marking(&setup, "main"));
    setup.world.git(&["checkout", "--quiet", "-b", "evil"]);
    setup.push_stages(&marking(&setup, "evil"));
    setup.world.edit("pipeline.yaml", "branch: main", "branch: evil");
    let evil = setup.world.commit("Let me in");
    setup.push("evil");
    setup.world.git(&["checkout", "--quiet", "main"]);
    let server = setup.start();
    // The look that found this saw the branch, too.
    assert_eq!(setup.ended(&main, "prod")["outcome"]["outcome"], "succeeded");
    for (id, branch, reason) in [
        ("evil-1", "evil", "branch 'evil' deploys nowhere"),
        ("evil-2", "main", "is not on branch 'main'"),
    ] {
        assert_eq!(server.deliver_push(id, branch, &evil).0, 202, "{id}");
        let told = setup.verdict(id);
        assert_eq!(told["verdict"], "ignored", "{told}");
        assert!(told["reason"].as_str().unwrap().contains(reason), "{told}");
        setup.agent(&["deliveries"]).done().says(id).says(reason);
    }
    let runs = setup.runs();
    assert!(runs.iter().all(|run| run["commit"] != *evil), "{runs:#?}");
    assert!(setup.deliveries().iter().any(|delivery| delivery["via"] == "poll"));
    assert_eq!(marks(&setup), ["main"]);
}

#[test]
fn a_hostile_commit_on_main_is_refused_and_the_next_good_one_deploys() {
    let setup = Setup::new();
    let first = setup.push_stages(&marking(&setup, "ran"));
    let server = setup.start();
    assert_eq!(deployed(&setup, &server, ("first", &first))["outcome"]["outcome"], "succeeded");
    fs::remove_file(cage(&setup).join("ran")).unwrap();
    for (number, (what, shape, reason)) in SHAPES.into_iter().enumerate() {
        let (id, commit) = (format!("raw-{number}"), push_raw(&setup, shape));
        assert_eq!(server.deliver_push(&id, "main", &commit).0, 202, "{what}");
        let told = setup.verdict(&id);
        assert_eq!(told["verdict"], "refused", "{what}: {told}");
        assert!(told["reason"].as_str().unwrap().contains(reason), "{what}: {told}");
        setup.agent(&["deliveries", &id]).done().says("refused").says(reason);
    }
    assert!(marks(&setup).is_empty(), "{:?}", marks(&setup));
    let good = setup.push_change("note.txt", "good", "All is well");
    let run = deployed(&setup, &server, ("good-1", &good));
    assert_eq!(run["outcome"]["outcome"], "succeeded", "{run}");
    assert_eq!(setup.runs().len(), 2, "none of the others became a run");
    assert_eq!(marks(&setup), ["ran"]);
}
