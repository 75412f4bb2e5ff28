//! `agent monitor`: two files, three reports and a verdict.

use crate::world::World;
use serde_json::Value;

/// Rows of two columns; the first one `shift` higher than the baseline's.
fn rows(count: u32, shift: u32) -> String {
    (0..count).map(|row| format!("{},{}\n", 30 + row * 37 % 50 + shift, 1 + row % 4)).collect()
}

fn world() -> World {
    let world = World::empty();
    world.write("baseline.csv", &rows(400, 0));
    world
}

#[test]
fn rows_like_the_baselines_are_clean_and_shifted_ones_have_drifted() {
    let world = world();
    world.write("batch.csv", &rows(60, 0));
    let judge = ["monitor", "batch.csv", "--baseline", "baseline.csv"];
    world.agent(&judge).done().says("clean (60 rows against 400)");
    world.write("batch.csv", &rows(60, 25));
    let told = world.agent(&judge).exits(5);
    told.says("drift (60 rows").says("_c0: mean").says("Kolmogorov-Smirnov");
    let json = world.agent(&[&judge[..], &["--json"]].concat()).exits(5).json();
    assert_eq!(json["verdict"], "drift");
    assert_eq!(json["features"][1]["drifted"], Value::Bool(false));
}

#[test]
fn the_three_files_are_written_as_the_analyser_names_them() {
    let world = world();
    world.write("batch.csv", &(rows(60, 0) + "x,1\n"));
    let told =
        world.agent(&["monitor", "batch.csv", "--baseline", "baseline.csv", "--out", "report"]);
    told.exits(5).says("data-defect").says("violations of the baseline's constraints: 1");
    let file =
        |name: &str| serde_json::from_str::<Value>(&world.read(&format!("report/{name}"))).unwrap();
    let violation = &file("constraint_violations.json")["violations"][0];
    assert_eq!(violation["constraint_check_type"], "data_type_check");
    assert_eq!(violation["feature_name"], "_c0");
    assert_eq!(file("statistics.json")["dataset"]["item_count"], 61);
    assert_eq!(file("constraints.json")["features"].as_array().unwrap().len(), 2);
}

#[test]
fn few_rows_say_nothing_and_wrong_use_is_told() {
    let world = world();
    world.write("batch.csv", &rows(5, 25));
    let judge = ["monitor", "batch.csv", "--baseline", "baseline.csv"];
    world.agent(&judge).done().says("too-few-rows").says("at least 20 are needed");
    world.agent(&["monitor", "none.csv", "--baseline", "baseline.csv"]).exits(1).says("none.csv");
    let odd = [&judge[..], &["--significance", "2"]].concat();
    world.agent(&odd).exits(2).says("between 0 and 1");
}
