//! A candidate that learned nothing is refused, and the target account does not notice.

use crate::{
    cloud::{DEV, PROD, REGISTRY},
    world::World,
};

/// The data with its labels dealt out anew, the same way every time.
fn scrambled(data: &str) -> String {
    let (header, rows) = data.split_once('\n').unwrap();
    let (features, mut labels): (Vec<&str>, Vec<&str>) =
        rows.lines().map(|row| row.rsplit_once(',').unwrap()).unzip();
    let mut state = 42_u64;
    for upper in (1..labels.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        labels.swap(upper, usize::try_from(state >> 33).unwrap() % (upper + 1));
    }
    let rows: String =
        features.iter().zip(labels).map(|(row, label)| format!("{row},{label}\n")).collect();
    format!("{header}\n{rows}")
}

#[test]
fn a_scrambled_candidate_is_refused_and_prod_is_not_touched() {
    let world = World::new();
    let before = world.agent(&["plan", "--env", "prod", "--json"]).done().json();
    world.write("data/mammographic.csv", &scrambled(&world.read("data/mammographic.csv")));
    world.commit("Scramble the labels");
    let told = world.agent(&["run", "--branch", "main"]).exits(3);
    told.says("the gate refused").says("prod is untouched").says("0.8");
    assert!(told.stdout.contains("candidate  AUC 0."), "{}", told.stdout);
    assert!(told.stdout.contains("baseline   AUC 0."), "{}", told.stdout);

    let cloud = world.cloud();
    assert!(cloud.holds(PROD).is_empty(), "{:?}", cloud.holds(PROD));
    assert!(cloud.keys("sagemaker-prod-bucket").is_empty());
    assert_eq!(cloud.count(REGISTRY, "model package"), 0);
    assert_eq!(cloud.count(DEV, "pipeline execution"), 1);
    let after = world.agent(&["plan", "--env", "prod", "--json"]).done().json();
    let changes = |plan: &serde_json::Value| plan["plan"]["changes"].as_array().unwrap().len();
    // All but the log group, which had to be there for the run's own lines.
    assert!(changes(&after) + 2 >= changes(&before), "{after:#}");

    let shown = world.agent(&["show", "--json"]).done().json();
    let verdict = &shown["summary"]["judged"]["verdict"];
    assert_eq!(verdict["decision"], "refused", "{shown:#}");
    assert!(!verdict["reasons"].as_array().unwrap().is_empty());
    assert!(verdict["evidence"]["candidate"]["value"].as_f64().unwrap() < 0.8);
    world.agent(&["runs"]).done().says("gate refused");
}

/// A training that fails tells why, and is not started over and over in the hope of better.
#[test]
fn too_few_rows_to_evaluate_fail_the_training_once_and_say_so() {
    let world = World::new();
    let data = world.read("data/mammographic.csv");
    let lines: Vec<&str> = data.lines().collect();
    let (header, rows) = lines.split_first().unwrap();
    let class = |label: &'static str, count| {
        rows.iter().filter(move |row| row.ends_with(label)).take(count)
    };
    let few: Vec<&str> =
        [header].into_iter().chain(class(",1", 20)).chain(class(",0", 2)).copied().collect();
    world.write("data/mammographic.csv", &(few.join("\n") + "\n"));
    world.commit("Keep a handful");
    let told = world.agent(&["run", "--branch", "main"]).exits(1);
    told.says("the data set is too small to split");
    assert_eq!(world.cloud().count(crate::cloud::DEV, "pipeline execution"), 1);
    assert!(world.cloud().holds(PROD).is_empty());
}

#[test]
fn a_candidate_far_below_its_baseline_is_refused() {
    let world = World::new();
    // A floor that anything reaches: the margin alone decides. One round of one leaf learns nothing.
    world.edit("pipeline.yaml", "at-least: 0.80", "at-least: 0.5");
    let template = "templates/pipelines/train.json.hbs";
    let text = world.read(template);
    let start = text.find("\"num_round\": \"").unwrap() + "\"num_round\": \"".len();
    let end = start + text[start..].find('"').unwrap();
    let crippled = format!("{}1{}", &text[..start], &text[end..]);
    let depth = crippled.find("\"max_depth\": \"").unwrap() + "\"max_depth\": \"".len();
    let end = depth + crippled[depth..].find('"').unwrap();
    world.write(template, &format!("{}1{}", &crippled[..depth], &crippled[end..]));
    world.commit("Train badly");
    let told = world.agent(&["run", "--branch", "main"]).exits(3);
    told.says("baseline").says("0.02").says("prod is untouched");
    assert!(world.cloud().holds(PROD).is_empty());
}
