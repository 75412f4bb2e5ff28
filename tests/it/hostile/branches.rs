//! A branch that rewrites every rule about itself. The default branch's tip has the say.

use super::forge::Forge;
use crate::cloud::{DEV, PROD};
use relevo::{
    ids::Sha,
    project::{self, Files},
};
use std::fs;

/// Files of `develop`, and what it writes into them.
const TAKE_OVER: [(&str, &str, &str); 7] = [
    ("pipeline.yaml", "dev:  { branch: develop }", "dev:  { branch: other }"),
    ("pipeline.yaml", "branch: main, after: dev", "branch: develop, after: dev"),
    ("environments/prod.yaml", "external_id: relevo-prod", "external_id: evil"),
    ("environments/prod.yaml", "role/cross-account-deploy-role", "role/administrator"),
    ("environments/prod.yaml", "mlops-alerts@clinic.example.net", "eve@example.net"),
    ("environments/prod.yaml", "cloud: rehearsal", "cloud: aws"),
    (
        "environments/dev.yaml",
        "cloud: rehearsal",
        "approval: { approvers: [eve], self_approval: true }\nwindows: []\ncloud: rehearsal",
    ),
];

#[test]
fn nothing_that_a_branch_says_about_environments_is_heard() {
    let forge = Forge::new();
    let world = &forge.world;
    let main: Sha = world.git(&["rev-parse", "main"]).parse().unwrap();
    world.git(&["switch", "--quiet", "develop"]);
    for (file, from, to) in TAKE_OVER {
        world.edit(file, from, to);
        let evil: Sha = world.commit("Take over").parse().unwrap();
        let repository = forge.open();
        let policy = Files::Commit(&repository, &main);
        let load = |commit: &Sha| {
            let files = Files::Commit(&repository, commit);
            let project = project::load(None, commit, files, policy).unwrap();
            format!("{:?} {:?}", project.pipeline.environments, project.environments)
        };
        assert_eq!(load(&evil), load(&main), "{file}: {to}");
    }
    // Another file for prod, in the other format, and one for an environment of its own.
    fs::write(world.path("environments/prod.tfvars.json"), "{}").unwrap();
    fs::write(world.path("environments/evil.yaml"), "cloud: aws\n").unwrap();
    world.commit("Add files");
    world.git(&["switch", "--quiet", "main"]);
    world.agent(&["run", "--branch", "develop"]).done().says("is promoted to dev");
    assert!(world.cloud().count(DEV, "pipeline") > 0);
    assert!(world.cloud().holds(PROD).is_empty());
}

#[test]
fn a_command_that_calls_itself_one_for_prod_is_not_begun() {
    let forge = Forge::new();
    let world = &forge.world;
    world.git(&["switch", "--quiet", "develop"]);
    let canary = world.path("canary");
    let stage = format!("stages:\n  evil: {{ run: [touch, '{}'], in: prod }}\n", canary.display());
    world.edit("pipeline.yaml", "stages:\n", &stage);
    world.commit("Call it prod");
    world.git(&["switch", "--quiet", "main"]);
    let told = world.agent(&["run", "--branch", "develop"]);
    told.exits(1).says("a run for 'dev' may not use 'prod', which comes after it");
    assert!(!canary.exists());
}
