//! The images of an environment, asked for in ECR before anything is deployed.

use super::denied::Ground;
use crate::world::{Told, World};
use relevo::rehearsal::{Landscape, Policy};
use serde_json::Value;

const JSON: [&str; 4] = ["doctor", "--env", "prod", "--json"];
const FIRST_PARTY: &str = "683313688378.dkr.ecr.us-east-1.amazonaws.com";

/// The outcome of the check of one image, with what is said of it.
fn of(told: &Told, image: &str) -> Value {
    let checks = told.json()["checks"].as_array().unwrap().clone();
    let name = format!("image: {image}");
    let found = checks.into_iter().find(|check| check["check"] == name.as_str());
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// A world whose prod says `images`.
fn with(images: &str) -> World {
    let world = World::new();
    let file = "environments/prod.yaml";
    let text = format!("{}\nimages: {{ {images} }}\n", world.read(file));
    world.write(file, &text);
    world.commit("Choose images");
    world
}

#[test]
fn a_tag_that_is_not_there_fails_with_the_setting_to_correct() {
    let world = with(&format!("xgboost: '{FIRST_PARTY}/sagemaker-xgboost:9.9-9'"));
    let told = world.agent(&JSON).exits(1);
    let check = of(&told, "xgboost");
    assert_eq!(check["outcome"], "failed", "{check}");
    let why =
        "repository sagemaker-xgboost of account 683313688378 has no image with the tag 9.9-9";
    assert_eq!(check["why"], why);
    let fix = check["fix"].as_str().unwrap();
    assert!(fix.contains("images.xgboost in environments/prod.yaml"), "{fix}");
    for well in ["scikit_learn", "monitor"] {
        assert_eq!(of(&told, well)["outcome"], "ok", "{well} is judged by itself");
    }
    let told = world.agent(&["doctor", "--env", "prod"]).exits(1);
    told.says("✗").says("To do:").says("image: xgboost: push sagemaker-xgboost:9.9-9, or name one");
}

#[test]
fn what_no_job_can_pull_is_told_without_asking() {
    let world = with(
        "monitor: 'docker.io/library/python:3.12', \
         scikit_learn: '222222222222.dkr.ecr.eu-west-1.amazonaws.com/checks:1'",
    );
    let told = world.agent(&JSON).exits(1);
    for (image, words) in
        [("monitor", "no address of an image in ECR"), ("scikit_learn", "is in eu-west-1")]
    {
        let check = of(&told, image);
        assert_eq!(check["outcome"], "failed", "{check}");
        assert!(check["why"].as_str().unwrap().contains(words), "{check}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_ask_leaves_it_unknown() {
    let deny = r#"{"Statement":{"Effect":"Deny","Action":"ecr:BatchGetImage","Resource":"*"}}"#;
    let deny = Policy::parse(deny).unwrap();
    let ground = Ground::laid("", |environments| {
        let landscape = Landscape::from(&environments);
        let [_, prod] = &environments;
        landscape.with_leave(&prod.deploy_role, &deny)
    });
    let ground = ground.await;
    ground.proxy.plan([]);
    let told = ground.told(&JSON).done();
    for image in ["xgboost", "scikit_learn", "monitor"] {
        let check = of(&told, image);
        assert_eq!(check["outcome"], "unknown", "{check}");
        assert!(check["why"].as_str().unwrap().contains("BatchGetImage is refused"), "{check}");
    }
}
