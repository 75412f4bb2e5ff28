//! Things broken one by one: each is found at its place, with advice, before anything is touched.

use crate::{
    cloud::{DEV, PROD, REGISTRY},
    world::World,
};
use serde_json::Value;
use std::{fs, path::Path};

const TRAIN: &str = "templates/pipelines/train.json.hbs";
const PROD_FILE: &str = "environments/prod.yaml";

/// One edit that breaks the example, and what must be said about it.
struct Break {
    file: &'static str,
    edit: (&'static str, &'static str),
    /// The text that the finding points at.
    at: &'static str,
    says: &'static str,
    advises: &'static str,
}

impl Break {
    /// A world with this edit in it, not committed.
    fn world(&self) -> World {
        let world = World::new();
        world.edit(self.file, self.edit.0, self.edit.1);
        world
    }

    fn is_found(&self) {
        let world = self.world();
        let text = world.read(self.file);
        let before = &text[..text.find(self.at).unwrap()];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        is_found_at(&world, (self.file, line, column), self.says, self.advises);
    }
}

/// `validate` and `run` refuse the world for this reason, and nothing is made in any account.
fn is_found_at(world: &World, place: (&str, usize, usize), says: &str, advises: &str) {
    let (file, line, column) = place;
    let findings = world.agent(&["validate", "--json"]).exits(2).json();
    let found = findings.as_array().unwrap().iter().any(|finding| {
        let has =
            |key: &str, needle: &str| finding[key].as_str().unwrap_or_default().contains(needle);
        finding["file"] == file
            && (finding["line"].as_u64(), finding["column"].as_u64())
                == (Some(line as u64), Some(column as u64))
            && has("message", says)
            && has("help", advises)
    });
    assert!(found, "nothing at {place:?} says {says:?} and advises {advises:?}: {findings:#}");
    world.agent(&["validate"]).exits(2).says(&format!("{file}:{line}:{column}"));

    world.commit("Break it");
    world.agent(&["run", "--branch", "main"]).exits(2).says(&format!("{file}:{line}:{column}"));
    world.agent(&["plan", "--env", "prod"]).exits(2);
    for account in [DEV, PROD, REGISTRY] {
        assert!(world.cloud().holds(account).is_empty(), "{account}");
    }
}

#[test]
fn a_dangling_reference_in_a_template() {
    Break {
        file: TRAIN,
        edit: ("Steps.Mammo-Train.ModelArtifacts", "Steps.Mammo-Trian.ModelArtifacts"),
        at: "Mammo-Trian",
        says: "there is no step 'Mammo-Trian'",
        advises: "did you mean 'Mammo-Train'?",
    }
    .is_found();
}

#[test]
fn two_dangling_references_to_one_name_are_found_at_two_places() {
    let world = World::new();
    let text =
        world.read(TRAIN).replace("Get\": \"Steps.Mammo-Train.", "Get\": \"Steps.Mammo-Trian.");
    let places: Vec<u64> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.contains("Mammo-Trian"))
        .map(|(number, _)| number)
        .collect();
    assert!(places.len() > 1);
    world.write(TRAIN, &text);
    let findings = world.agent(&["validate", "--json"]).exits(2).json();
    let found: Vec<u64> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["line"].as_u64().unwrap())
        .collect();
    assert_eq!(found, places);
}

#[test]
fn a_template_that_is_no_template() {
    Break {
        file: TRAIN,
        edit: ("{{environment.bucket}}", "{{environment.bucket}"),
        at: "}/{{release.data_key_prefix}}",
        says: "handlebars",
        advises: "",
    }
    .is_found();
}

#[test]
fn a_template_that_renders_no_json() {
    let world = World::new();
    world.edit(TRAIN, "\"DefaultValue\": {{release.auc_at_least}}", "\"DefaultValue\": ");
    let text = world.read(TRAIN);
    let line = 1 + text.lines().position(|line| line.ends_with("\"DefaultValue\":  },")).unwrap();
    is_found_at(&world, (TRAIN, line, 1), "not JSON", "");
}

#[test]
fn an_unknown_variable_in_a_template() {
    Break {
        file: TRAIN,
        edit: ("{{release.data_digest}}", "{{release.data_digset}}"),
        at: "{{release.data_digset}}",
        says: "unknown variable 'release.data_digset'",
        advises: "",
    }
    .is_found();
}

#[test]
fn a_missing_script() {
    let world = World::new();
    fs::remove_file(world.path("templates/scripts/evaluate.py")).unwrap();
    let text = world.read(TRAIN);
    let before = &text[..text.find("{{release.scripts.[evaluate.py]}}").unwrap()];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().len() + 1;
    is_found_at(&world, (TRAIN, line, column), "evaluate.py", "templates/scripts/evaluate.py");
}

#[test]
fn stages_that_need_each_other_in_a_circle() {
    Break {
        file: "pipeline.yaml",
        edit: ("needs: [validate], in: dev", "needs: [validate, plan], in: dev"),
        at: "needs: [validate, plan]",
        says: "train-test → plan → assume-role → gate → train-test",
        advises: "remove one",
    }
    .is_found();
}

#[test]
fn an_unknown_key() {
    Break {
        file: "pipeline.yaml",
        edit: ("timeout: 2h", "timeuot: 2h"),
        at: "timeuot",
        says: "no key 'timeuot'",
        advises: "did you mean 'timeout'?",
    }
    .is_found();
}

#[test]
fn an_unknown_environment() {
    Break {
        file: "pipeline.yaml",
        edit: ("in: dev", "in: deb"),
        at: "deb,",
        says: "there is no environment 'deb'",
        advises: "did you mean 'dev'?",
    }
    .is_found();
}

#[test]
fn a_missing_label_in_the_data() {
    let world = World::new();
    let data = world.read("data/mammographic.csv");
    let mut lines: Vec<String> = data.lines().map(str::to_owned).collect();
    lines[4].pop();
    lines[4].push('?');
    world.write("data/mammographic.csv", &(lines.join("\n") + "\n"));
    let place = ("data/mammographic.csv", 5, lines[4].len());
    is_found_at(
        &world,
        place,
        "'Severity' is the label and must not be missing",
        "correct or remove the row",
    );
    let told = world.agent(&["validate"]).exits(2);
    assert!(!told.stderr.contains(&lines[4]), "health data is shown: {}", told.stderr);
}

#[test]
fn a_file_that_is_no_text() {
    for file in [
        "pipeline.yaml",
        PROD_FILE,
        TRAIN,
        "data/mammographic.csv",
        "templates/scripts/evaluate.py",
    ] {
        let world = World::new();
        let mut bytes = world.read(file).into_bytes();
        bytes.extend(b"# caf\xe9\n");
        fs::write(world.path(file), &bytes).unwrap();
        let line = bytes.iter().filter(|byte| **byte == b'\n').count();
        is_found_at(&world, (file, 1, 1), &format!("not UTF-8 text: line {line}"), "text");
    }
}

#[test]
fn a_region_for_which_an_image_is_missing() {
    let world = World::new();
    for file in ["environments/dev.yaml", PROD_FILE] {
        let text = world.read(file);
        world.write(
            file,
            &text.replace("us-east-1", "us-gov-west-1").replace("arn:aws:", "arn:aws-us-gov:"),
        );
    }
    is_found_at(&world, (PROD_FILE, 4, 1), "set images.monitor", "");
}

#[test]
fn data_of_one_class() {
    let world = World::new();
    let data = world.read("data/mammographic.csv");
    let kept: Vec<&str> = data.lines().filter(|line| !line.ends_with(",0")).collect();
    world.write("data/mammographic.csv", &(kept.join("\n") + "\n"));
    is_found_at(&world, ("data/mammographic.csv", 1, 1), "every row has the label 1", "");
}

#[test]
fn a_value_out_of_its_range_in_the_data() {
    let world = World::new();
    let data = world.read("data/mammographic.csv");
    let (header, rows) = data.split_once('\n').unwrap();
    world.write("data/mammographic.csv", &format!("{header}\n4,999,3,3,3,1\n{rows}"));
    is_found_at(&world, ("data/mammographic.csv", 2, 3), "'Age'", "");
    let told = world.agent(&["validate"]).exits(2);
    assert!(!told.stderr.contains("999"), "health data is shown: {}", told.stderr);
}

#[test]
fn a_missing_data_contract() {
    let world = World::new();
    fs::remove_file(world.path("data/mammographic.yaml")).unwrap();
    is_found_at(&world, ("pipeline.yaml", 1, 1), "NAME.csv beside NAME.yaml", "data/NAME.csv");
}

#[test]
fn a_missing_environment_file() {
    let world = World::new();
    fs::remove_file(world.path(PROD_FILE)).unwrap();
    let told = world.agent(&["validate"]).exits(2);
    told.says("environment 'prod' has no file").says("environments/prod.tfvars.json");
}

#[test]
fn an_account_that_disagrees_with_the_roles() {
    Break {
        file: PROD_FILE,
        edit: ("account_id: \"222222222222\"", "account_id: \"222222222223\""),
        at: "arn:aws:iam::222222222222:role/cross-account-deploy-role",
        says: "'deploy_role' is in account 222222222222, but 'account_id' says account 222222222223",
        advises: "correct one of the two",
    }
    .is_found();
}

#[test]
fn a_deploy_role_of_another_account() {
    Break {
        file: PROD_FILE,
        edit: ("iam::222222222222:role/cross-account", "iam::111111111111:role/cross-account"),
        at: "arn:aws:iam::111111111111:role/cross-account-deploy-role",
        says: "'deploy_role' is in account 111111111111",
        advises: "correct one of the two",
    }
    .is_found();
}

#[test]
fn a_key_under_which_no_alert_arrives() {
    Break {
        file: PROD_FILE,
        edit: (
            "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555",
            "alias/aws/sns",
        ),
        at: "alias/aws/sns",
        says: "'alias/aws/sns', a key that AWS manages",
        advises: "customer managed key",
    }
    .is_found();
}

#[test]
fn names_that_are_too_long() {
    Break {
        file: PROD_FILE,
        edit: (
            "mammography-severity-model\n",
            "a-model-with-a-name-that-is-much-too-long-for-all-that-is-made-of-it\n",
        ),
        at: "a-model-with-a-name",
        says: "up to 63 letters",
        advises: "",
    }
    .is_found();
    // A legal model name, too long for what is named after it.
    let world = World::new();
    let model = "a-model-with-a-name-that-is-legal-but-too-long-for-its-rules";
    world.edit(
        PROD_FILE,
        "model_name: mammography-severity-model",
        &format!("model_name: {model}"),
    );
    let told = world.agent(&["validate"]).exits(2);
    told.says("the derived role name").says("prod.yaml:10:13").says("give 'events_role'");
}

#[test]
fn a_schedule_that_never_fires() {
    Break {
        file: PROD_FILE,
        edit: ("cron(0 23 * * ? *)", "cron(0 23 * * * *)"),
        at: "cron(0 23 * * * *)",
        says: "neither day-of-month nor day-of-week is '?'",
        advises: "cron(0 23 * * ? *)",
    }
    .is_found();
}

#[test]
fn every_finding_of_every_file_is_told_at_once() {
    let world = World::new();
    world.edit("pipeline.yaml", "timeout: 2h", "timeuot: 2h");
    world.edit(PROD_FILE, "cron(0 23 * * ? *)", "cron(0 23 * * * *)");
    world.edit("environments/dev.yaml", "aws_region", "aws_regoin");
    let told = world.agent(&["validate"]).exits(2);
    told.says("timeuot").says("prod.yaml:22:18").says("aws_regoin");
}

/// The reference's own file, unchanged, in place of `prod.yaml`.
#[test]
fn the_older_terraform_variables_do_as_an_environment_file() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden/prod.tfvars.json");
    let Ok(variables) = fs::read_to_string(&golden) else {
        eprintln!("skipped: there is no {}", golden.display());
        return;
    };
    let world = World::new();
    fs::remove_file(world.path(PROD_FILE)).unwrap();
    world.write("environments/prod.tfvars.json", &variables);
    world.agent(&["validate"]).done().says("all in order").says("2 warnings");
    world.commit("Take the old variables");
    world.agent(&["run", "--branch", "main"]).done().says("is promoted to prod");
    world.agent(&["plan", "--env", "prod"]).done().says("No changes");
    let plan: Value = world.agent(&["plan", "--env", "prod", "--json"]).done().json();
    assert_eq!(plan["plan"]["account"], PROD);
}
