//! What the agent reads of a project: nothing outside it, and no more than it can hold.

use super::forge::{FILE, FOLDER, Forge};
use crate::world::World;
use relevo::{
    git::Repository,
    ids::Sha,
    project::{self, Files},
};
use std::{fs, os::unix::fs::symlink, path::Path};

/// Stands in a file outside the project.
const SECRET: &str = "AKIAHOSTILEHOSTILE00";

/// Takes the place of a path of the project.
const LINKED: [(&str, &str); 7] = [
    ("pipeline.yaml", "../secret"),
    ("environments", "../outside"),
    ("environments/prod.yaml", "../../secret"),
    ("templates/pipelines/train.json.hbs", "../../../secret"),
    ("templates/pipelines", "../../outside"),
    ("data/mammographic.csv", "../../secret"),
    ("data", "../outside"),
];

fn told(files: Files<'_>) -> String {
    match project::load(None, &Sha::null(), files, files) {
        Ok(project) => panic!("loaded {}", project.pipeline.name),
        Err(error) => format!("{error} {error:?}"),
    }
}

#[test]
fn a_link_is_no_file_of_the_project_committed_or_not() {
    for (path, target) in LINKED {
        let world = World::new();
        fs::write(world.path("../secret"), SECRET).unwrap();
        fs::create_dir(world.path("../outside")).unwrap();
        for name in
            ["prod.yaml", "dev.yaml", "train.json.hbs", "mammographic.csv", "mammographic.yaml"]
        {
            fs::write(world.path("../outside").join(name), SECRET).unwrap();
        }
        let place = world.path(path);
        if place.is_dir() {
            fs::remove_dir_all(&place).unwrap();
        } else {
            fs::remove_file(&place).unwrap();
        }
        symlink(target, &place).unwrap();
        assert!(place.exists(), "{path} leads nowhere");
        let commit: Sha = world.commit("Point out").parse().unwrap();
        let repository = world.repository().display().to_string();
        let opened = Repository::open(&repository, Path::new(""), &Default::default()).unwrap();
        for files in [Files::Commit(&opened, &commit), Files::Folder(&world.repository())] {
            let told = told(files);
            assert!(!told.contains(SECRET), "{path}: {told}");
        }
        let told = world.agent(&["validate"]).exits(2);
        assert!(!format!("{told:?}").contains(SECRET), "{path}: {told:?}");
    }
}

#[test]
fn a_path_in_the_pipeline_stays_in_the_project() {
    for path in ["../../secret.csv", "/etc/passwd", "data/../../secret.csv", "~/.aws/credentials"] {
        let world = World::new();
        fs::write(world.path("../secret.csv"), SECRET).unwrap();
        let with = format!("with: {{ pipeline: train, data: \"{path}\" }}");
        world.edit("pipeline.yaml", "with: { pipeline: train }", &with);
        let told = told(Files::Folder(&world.repository()));
        assert!(told.contains("is not a path inside"), "{path}: {told}");
    }
}

/// One blob under many names costs a pusher nothing.
#[test]
fn scripts_are_bounded_together() {
    let forge = Forge::new();
    let blob = forge.blob(&"#".repeat(1 << 20));
    let scripts: Vec<_> = (0..1_000).map(|n| (FILE, format!("{n:04}.py"), blob)).collect();
    let templates = forge.tree(&[(FOLDER, "scripts", forge.tree(&scripts))]);
    let pipeline = forge.blob(&forge.world.read("pipeline.yaml"));
    let tree = forge.tree(&[(FILE, "pipeline.yaml", pipeline), (FOLDER, "templates", templates)]);
    let commit = forge.dangling(tree, &[]);
    let repository = forge.open();
    let told = told(Files::Commit(&repository, &commit));
    assert!(told.contains("more than 256 scripts"), "{}", &told[..400]);
}
