//! What the templates render from an environment and a release.

use super::world::{environment, release, rendered, template};
use proptest::prelude::*;
use relevo::definition::{Kind, Release, RenderError, function_name, lint, render};
use relevo::spec::{Environment, Images, Monitor};
use serde_json::{Value, json};

#[test]
fn the_same_commit_and_environment_give_the_same_bytes() {
    for kind in Kind::ALL {
        assert_eq!(rendered(kind).canonical(), rendered(kind).canonical());
        assert_eq!(rendered(kind).digest(), rendered(kind).digest());
    }
}

#[test]
fn our_own_definitions_have_no_flaw() {
    for kind in Kind::ALL {
        assert_eq!(lint(&rendered(kind), &environment()), []);
    }
}

fn default_of(kind: Kind, environment: &Environment, parameter: &str) -> Value {
    let definition = render(kind, template(kind), environment, &release(environment)).unwrap();
    let mut parameters = definition.parameters().iter();
    parameters.find(|one| one["Name"] == parameter).unwrap()["DefaultValue"].clone()
}

#[test]
fn the_release_decides_data_and_floor() {
    let environment = environment();
    let Release { data_digest, auc_at_least, .. } = release(&environment);
    let url = format!(
        "s3://sagemaker-prod-bucket/mammography-severity-model/data/train-dataset/{data_digest}/"
    );
    assert_eq!(default_of(Kind::Train, &environment, "InputDataUrl"), json!(url));
    assert_eq!(default_of(Kind::Train, &environment, "InputDataDigest"), json!(data_digest));
    assert_eq!(default_of(Kind::Train, &environment, "AucScoreThreshold"), json!(auc_at_least));
}

#[test]
fn a_training_without_more_words_takes_all_data_and_knows_no_champion() {
    let environment = environment();
    assert_eq!(default_of(Kind::Train, &environment, "DataWindow"), json!("all"));
    let Release { contract_key, .. } = release(&environment);
    let contract = json!(format!("s3://{}/{contract_key}", environment.bucket));
    assert_eq!(default_of(Kind::Train, &environment, "ChampionUrl"), contract);
}

#[test]
fn inference_asks_for_the_model_of_its_own_environment() {
    let definition = rendered(Kind::Inference);
    let asked = &definition.step("LambdaStep").unwrap().value["Arguments"]["life_cycle_stage"];
    assert_eq!(asked, environment().name.as_str());
}

#[test]
fn the_environment_decides_whether_a_violation_fails() {
    for fail_on_violation in [true, false] {
        let environment = Environment {
            monitor: Monitor { fail_on_violation, ..Monitor::default() },
            ..environment()
        };
        let kind = Kind::Inference;
        let definition =
            render(kind, template(kind), &environment, &release(&environment)).unwrap();
        let monitor = definition.step("Mammo-DataQualityMonitor").unwrap();
        assert_eq!(monitor.value["FailOnViolation"], fail_on_violation);
    }
}

fn training_image(environment: &Environment) -> Result<String, RenderError> {
    let definition =
        render(Kind::Train, template(Kind::Train), environment, &release(environment))?;
    let step = definition.step("Mammo-Train").unwrap();
    let image = &step.value["Arguments"]["AlgorithmSpecification"]["TrainingImage"];
    Ok(image.as_str().unwrap().to_owned())
}

#[test]
fn each_region_has_its_registry_and_each_partition_its_domain() {
    for (region, image) in [
        ("us-east-1", "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"),
        ("cn-north-1", "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:3.0-5"),
        (
            "us-isof-east-1",
            "108575199400.dkr.ecr.us-isof-east-1.csp.hci.ic.gov/sagemaker-xgboost:3.0-5",
        ),
    ] {
        let environment = Environment { region: region.parse().unwrap(), ..environment() };
        assert_eq!(training_image(&environment).unwrap(), image);
    }
}

#[test]
fn an_image_the_region_lacks_must_be_set() {
    let region = |name: &str| Environment { region: name.parse().unwrap(), ..environment() };
    let refusal = training_image(&region("us-gov-west-1")).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "no first-party image is known for us-gov-west-1: set images.monitor in the environment file"
    );
    let refusal = training_image(&region("mars-north-1")).unwrap_err().to_string();
    assert!(refusal.contains("images.xgboost, images.scikit_learn, images.monitor"), "{refusal}");

    let own = Some("222222222222.dkr.ecr.us-gov-west-1.amazonaws.com/monitor:7".to_owned());
    let images = Images { monitor: own, ..Images::default() };
    let set = Environment { images, ..region("us-gov-west-1") };
    assert!(training_image(&set).unwrap().starts_with("414596584902.dkr.ecr.us-gov-west-1."));
}

#[test]
fn a_broken_template_is_told_with_its_line() {
    let refusal = |template: &str| {
        let environment = environment();
        render(Kind::Train, template, &environment, &release(&environment)).unwrap_err().to_string()
    };
    assert_eq!(
        refusal("{\n  \"Version\": \"{{environment.nmae}}\"\n}"),
        "line 2, column 15 of the template: unknown variable 'environment.nmae'"
    );
    assert_eq!(
        refusal("{\n  \"Version\": oops\n}"),
        "the rendered definition is not JSON at line 2 (\"Version\": oops)"
    );
    assert_eq!(refusal("{}"), "the definition has no 'Version'");
}

#[test]
fn a_script_the_release_lacks_is_told() {
    let environment = environment();
    let bare = Release { scripts: [].into(), ..release(&environment) };
    let refusal = render(Kind::Train, template(Kind::Train), &environment, &bare).unwrap_err();
    assert!(refusal.to_string().contains("preprocess.py"), "{refusal}");
}

#[test]
fn functions_are_named_by_model_and_environment() {
    let name = |model: &str, stage: &str| {
        function_name(&Environment {
            model_name: model.into(),
            name: stage.parse().unwrap(),
            ..environment()
        })
    };
    assert_eq!(
        name("mammography-severity-model", "prod"),
        "mammography-severity-model-prod-sagemaker-latest-approved"
    );
    let long = "a-very-long-model-name-that-somebody-thought-was-fine";
    let odd = [
        name(long, "prod"),
        name(&format!("{long}-2"), "prod"),
        name("tumour größe/v2", "prod"),
        name("a", "b-c"),
        name("a-b", "c"),
    ];
    for one in &odd {
        assert!(one.len() <= 64, "{one}");
        assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{one}");
        assert_eq!(odd.iter().filter(|other| *other == one).count(), 1, "{one}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_value_can_break_the_document(repository in any::<String>(), batch in any::<String>()) {
        let environment = Environment { batch_dataset: batch.clone(), ..environment() };
        let release = Release { repository: repository.clone(), ..release(&environment) };
        let train = render(Kind::Train, template(Kind::Train), &environment, &release).unwrap();
        let register = train.step("Mammo-RegisterModel-RegisterModel").unwrap();
        prop_assert_eq!(&register.value["Arguments"]["MetadataProperties"]["Repository"], &repository);
        let inference = render(Kind::Inference, template(Kind::Inference), &environment, &release).unwrap();
        let input = inference.parameters()[1]["DefaultValue"].as_str().unwrap();
        let end = format!("/data/batch-dataset/{batch}.csv");
        prop_assert!(input.ends_with(&end), "{}", input);
    }
}
