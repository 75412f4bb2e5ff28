//! `agent plan --against`: two commits compared by what they declare, with nothing but git.

use crate::world::World;

const TRAIN: &str = "templates/pipelines/train.json.hbs";
const INSTANCE: &str = r#""DefaultValue": "ml.m5.xlarge""#;

#[test]
fn a_branch_is_compared_with_the_one_it_would_be_merged_into() {
    let world = World::new();
    world.git(&["switch", "--quiet", "--create", "topic"]);
    let same = world.agent(&["plan", "--against", "main"]).exits(0);
    same.says("deploys the same as main (");

    world.edit(
        "pipeline.yaml",
        "not-worse-than-baseline-by: 0.02",
        "not-worse-than-baseline-by: 0.5",
    );
    world.commit("Judge less");
    let told = world.agent(&["plan", "--against", "main"]).exits(5);
    told.says("deploys the same as main (").says("The stages of a run change: changed: `gate`.");

    world.edit(TRAIN, INSTANCE, r#""DefaultValue": "ml.m5.4xlarge""#);
    world.edit("environments/prod.yaml", "cron(0 23 * * ? *)", "cron(30 4 * * ? *)");
    let head = world.commit("Take a larger one, later");
    let told = world.agent(&["plan", "--against", "main"]).exits(5);
    told.says(r#"DefaultValue: "ml.m5.xlarge" -> "ml.m5.4xlarge""#)
        .says("      fires on cron(0 23 * * ? *) -> cron(30 4 * * ? *)\n")
        .says("\n0 to create, 2 to change, 0 to remove.\n")
        .says("is not listed: environments/prod.yaml\n");
    // Environment files are the default branch's, but for what is merged into it.
    let told = world.agent(&["plan", "--against", "develop", "--json"]).exits(5).json();
    assert_eq!((&told["commit"], &told["environment"]), (&head.into(), &"dev".into()));
    assert_eq!(told["plan"]["changes"].as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!(told["rules"], serde_json::json!(["environments/prod.yaml"]));
    assert!(!world.path(".agent").exists(), "nothing is kept and no cloud is made up");
}

#[test]
fn a_word_that_names_nothing_and_a_commit_that_deploys_nowhere_are_usage() {
    let world = World::new();
    world.agent(&["plan", "--against", "mian"]).exits(2).says("there is: main, develop");
    world.git(&["switch", "--quiet", "--create", "topic"]);
    let main = world.git(&["rev-parse", "main"]);
    world.agent(&["plan", "--against", &main]).exits(2).says("name the environment: --env NAME");
    world.agent(&["plan", "--against", &main[..9], "--env", "dev"]).exits(0);
    world.agent(&["plan", "--against", "main", "--out", "x"]).exits(2).says("--out");
    world
        .agent(&["plan", "--against", "main", "--env", "test"])
        .exits(2)
        .says("no environment 'test'");
}
