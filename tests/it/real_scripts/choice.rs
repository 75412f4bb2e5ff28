//! Which Python a rehearsal uses, and that it stays what it was begun as.

use crate::{python::equipped_python, world::World};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

/// A program that answers, as a Python would, where it is and what it lacks.
fn python(world: &World, lacking: &str) -> PathBuf {
    let path = world.path("python");
    world.write("python", &format!("#!/bin/sh\nprintf '%s\\n' {} {lacking}\n", path.display()));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn flag(python: &std::path::Path) -> String {
    format!("--real-scripts={}", python.display())
}

#[test]
fn a_python_without_the_packages_is_refused_with_what_would_help() {
    let world = World::new();
    let path = python(&world, "sklearn xgboost");
    let told = world.agent(&["run", "--branch", "main", &flag(&path)]).exits(2);
    told.says("lacks scikit-learn, xgboost");
    told.says(&format!("{} -m pip install scikit-learn xgboost", path.display()));
    let told = world.agent(&["run", "--branch", "main", "--real-scripts=/no/python"]).exits(2);
    told.says("/no/python does not run as Python 3");
    assert_eq!(world.cloud().keys("sagemaker-dev-bucket"), [""; 0]);
}

#[test]
fn a_rehearsal_stays_what_it_was_begun_as() {
    let world = World::new();
    let path = python(&world, "");
    world.agent(&["plan", "--env", "dev"]).done();
    let told = world.agent(&["run", "--branch", "main", &flag(&path)]).exits(2);
    told.says("begun with stand-ins").says("agent rehearsal reset");
    world.agent(&["rehearsal", "reset"]).done();
    let told = world.agent(&["run", "--dry-run", "--branch", "main", &flag(&path)]).done();
    told.says(&format!("the rehearsal runs its scripts in {}", path.display()));
    let choice = || fs::read_to_string(world.path(".agent/real-scripts"));
    assert_eq!(choice().unwrap(), path.display().to_string());
    world.agent(&["rehearsal", "reset"]).done();
    assert!(choice().is_err());
}

#[test]
fn the_agent_promotes_with_real_scripts() {
    let Some(python) = equipped_python() else { return };
    let world = World::new();
    let told = world.agent(&["run", "--branch", "main", &flag(&python)]).done();
    told.says("the rehearsal runs its scripts in");
    let keys = world.cloud().keys("sagemaker-registry-bucket");
    assert!(keys.iter().any(|key| key.ends_with("model.tar.gz")), "{keys:?}");
}
