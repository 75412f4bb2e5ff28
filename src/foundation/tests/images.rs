//! Who may pull which images.

use super::*;
use crate::{
    preflight::Permission,
    spec::{SourceFile, check_pipeline},
};

const PULL: [&str; 3] =
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
const REPOSITORIES: [&str; 4] = [
    "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-xgboost",
    "arn:aws:ecr:us-east-1:222222222222:repository/ml/checks",
    "arn:aws:ecr:us-east-1:555555555555:repository/monitor",
    "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn",
];

/// prod, with an image of its own account, one of another's and one of AWS's.
fn scope() -> Scope {
    let mut scope = super::scope();
    let images = &mut scope.members[1].environment.images;
    let named = |image: &str| Some(image.to_owned());
    images.scikit_learn = named("222222222222.dkr.ecr.us-east-1.amazonaws.com/ml/checks:1.4");
    images.monitor = named("555555555555.dkr.ecr.us-east-1.amazonaws.com/monitor");
    scope
}

#[test]
fn jobs_may_pull_the_images_of_their_environment_and_no_other() {
    let scope = scope();
    let foundation = Foundation::of(&scope);
    let environment = prod(&scope);
    for arn in [&environment.train_role, &environment.inference_role] {
        let role = role(&foundation, arn);
        let may = |action: &str, on: &str| allows(role, action, on, &BTreeMap::new());
        for (repository, wanted) in REPOSITORIES.into_iter().zip([true, true, true, false]) {
            for action in PULL {
                assert_eq!(may(action, repository), wanted, "{arn}: {action} on {repository}");
            }
            assert!(!may("ecr:PutImage", repository), "{arn} on {repository}");
        }
        assert!(may("ecr:GetAuthorizationToken", "*"), "{arn}");
    }
}

#[test]
fn the_deploy_role_may_look_for_the_same_images_and_pull_none() {
    let scope = scope();
    let foundation = Foundation::of(&scope);
    let role = role(&foundation, &prod(&scope).deploy_role);
    let may = |action: &str, on: &str| allows(role, action, on, &BTreeMap::new());
    for (repository, wanted) in REPOSITORIES.into_iter().zip([true, true, true, false]) {
        let found = PULL.map(|action| may(action, repository));
        assert_eq!(found, [wanted, false, false], "{repository}");
    }
    assert!(!may("ecr:GetAuthorizationToken", "*"));
}

/// One first-party image that a region lacks is no reason to let the others not be pulled.
#[test]
fn where_an_image_is_not_known_the_others_may_be_pulled() {
    let scope = scope_in("us-gov-west-1", "prod");
    let foundation = Foundation::of(&scope);
    let environment = prod(&scope);
    let xgboost = "arn:aws-us-gov:ecr:us-gov-west-1:414596584902:repository/sagemaker-xgboost";
    let role = role(&foundation, &environment.train_role);
    assert!(allows(role, "ecr:BatchGetImage", xgboost, &BTreeMap::new()));
    let asks = permissions(environment);
    let pull = |ask: &&Permission| ask.what == "training: pull images";
    let [pull] = asks.iter().filter(pull).collect::<Vec<_>>()[..] else { panic!("one ask") };
    assert!(pull.resources.contains(&xgboost.to_owned()), "{pull:?}");
}

/// A stage's command runs as a job, under the role of the train pipeline.
#[test]
fn the_image_that_a_stage_names_may_be_pulled_where_the_stage_works() {
    let stage = |name: &str, place: &str| {
        let image = format!("222222222222.dkr.ecr.us-east-1.amazonaws.com/{name}:1");
        let machine = format!("sagemaker: {{ image: '{image}', files: [check.py] }}");
        format!("  {name}: {{ run: [python3, check.py], {place} runs-on: {{ {machine} }} }}\n")
    };
    let text = format!(
        "version: 1\nname: m\nenvironments:\n  dev: {{ branch: develop }}\n  prod: {{ branch: main, after: dev }}\nstages:\n{}{}",
        stage("anywhere", ""),
        stage("in-dev", "in: dev,"),
    );
    let file = SourceFile { name: "pipeline.yaml".to_owned(), text };
    let (pipeline, _) = check_pipeline(&file).unwrap_or_else(|findings| panic!("{findings:?}"));
    let Scope { members, target, people } = super::scope();
    let environments = members.into_iter().map(|one| (one.name().clone(), one.environment));
    let scope = Scope::of(&pipeline, &environments.collect(), &target, people);
    let foundation = Foundation::of(&scope);
    let may = |role: &Arn, repository: &str| {
        let on = format!("arn:aws:ecr:us-east-1:222222222222:repository/{repository}");
        allows(super::role(&foundation, role), "ecr:BatchGetImage", &on, &BTreeMap::new())
    };
    let (dev, prod) = (&scope.members[0].environment, &scope.members[1].environment);
    for (environment, in_dev) in [(dev, true), (prod, false)] {
        let Environment { train_role, deploy_role, .. } = environment;
        assert!(may(train_role, "anywhere"), "{train_role}");
        assert_eq!(may(train_role, "in-dev"), in_dev, "{train_role}");
        assert!(!may(deploy_role, "anywhere"), "{deploy_role} does not look for it");
    }
}
