//! `agent rehearse`: the whole loop in one command, on the example and on what people bring.

use crate::world::{Told, World};
use serde_json::Value;

const REHEARSE: [&str; 2] = ["rehearse", "--json"];

fn told(world: &World, more: &[&str]) -> Value {
    let arguments: Vec<&str> = REHEARSE.iter().chain(more).copied().collect();
    world.agent(&arguments).done().json()
}

/// The story on rows that somebody brings for the night in question.
fn brought(rows: &str) -> Value {
    let world = World::new();
    world.write("tonight.csv", rows);
    told(&world, &["--data", "tonight.csv"])
}

fn night(story: &Value, day: usize) -> &Value {
    &story["days"][day]["night"]
}

fn turns(story: &Value, day: usize) -> Vec<&str> {
    let turns = story["days"][day]["turns"].as_array().unwrap();
    turns.iter().map(|turn| turn["turn"].as_str().unwrap()).collect()
}

/// The data set's features, `change`d, under a header.
fn rows(count: usize, change: impl Fn(&mut Vec<&str>)) -> String {
    let lines = include_str!("../../../data/mammographic.csv").lines().skip(1).take(count);
    let line = |line: &str| {
        let mut cells: Vec<&str> = line.split(',').skip(1).take(4).collect();
        change(&mut cells);
        cells.join(",") + "\n"
    };
    "Age,Shape,Margin,Density\n".to_owned() + &lines.map(line).collect::<String>()
}

/// What every story holds in which no training was started.
fn nothing_was_trained(story: &Value) {
    assert_eq!(story["kept"], true);
    for day in 1..8 {
        assert!(!turns(story, day).contains(&"retrained"), "{story:#}");
        assert_eq!(night(story, day)["version"], 1);
    }
    assert_eq!(story["left_out"].as_array().unwrap().len(), 3, "{story:#}");
}

#[test]
fn the_loop_closes_drift_leads_to_a_new_model_and_back_again() {
    let world = World::new();
    let story = told(&world, &[]);
    assert_eq!(story["kept"], true);
    assert_eq!(story["left_out"], serde_json::json!([]));
    assert_eq!(*night(&story, 0), Value::Null);
    let versions: Vec<i64> =
        (1..8).map(|day| night(&story, day)["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [1, 1, 1, 1, 1, 2, 1]);
    let verdicts: Vec<&str> =
        (1..8).map(|day| night(&story, day)["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["clean", "clean", "clean", "drift", "clean", "clean", "clean"]);
    assert_eq!(night(&story, 4)["measure"]["feature"], "Age");
    assert!(night(&story, 4)["measure"]["figure"].as_f64().unwrap() > 1.0);
    assert_eq!(turns(&story, 4), ["alerted", "retrained"]);
    assert_eq!(turns(&story, 7), ["rolled-back"]);
    let alerts = story["alerts"].as_array().unwrap();
    assert!(alerts.iter().any(|alert| alert.as_str().unwrap().contains("drift of Age")));
    assert!(world.read(".agent/rehearse.svg").ends_with("</svg>\n"));
}

#[test]
fn the_same_story_told_again_is_the_same_to_the_byte() {
    let world = World::new();
    let tell = || -> Told { world.agent(&REHEARSE).done() };
    let (first, plot) = (tell(), world.read(".agent/rehearse.svg"));
    assert_eq!((tell().stdout, world.read(".agent/rehearse.svg")), (first.stdout, plot));
}

#[test]
fn people_hear_the_story_and_see_a_timeline() {
    let world = World::new();
    let told = world.agent(&["rehearse", "--keep", "kept", "--plot", "loop.svg"]).done();
    told.says("approves version 1")
        .says("starts one training")
        .says("goes back to version 1")
        .says("promises kept");
    let timeline: Vec<&str> = told.stdout.lines().take(9).collect();
    assert!(timeline[0].starts_with("DAY  DATE"), "{}", told.stdout);
    assert!(timeline[5].contains("drift"), "{}", told.stdout);
    assert!(!told.stderr.contains('\u{1b}'), "no colour on a pipe");
    assert!(world.read("loop.svg").contains("version 2"));
    world.agent(&["runs", "--state", "kept"]).done().says("succeeded");
    world.agent(&["rehearse", "--keep", "kept"]).exits(2).says("is not empty");
}

#[test]
fn other_columns_are_a_data_defect_and_train_nothing() {
    let story = brought("weight,height\n80,1.8\n70,1.7\n");
    assert_eq!(night(&story, 4)["verdict"], "data-defect");
    assert_eq!(turns(&story, 4), ["alerted"]);
    nothing_was_trained(&story);
}

#[test]
fn a_new_category_is_a_data_defect_and_trains_nothing() {
    let story = brought(&rows(60, |cells| cells[1] = "9"));
    assert_eq!(night(&story, 4)["verdict"], "data-defect");
    nothing_was_trained(&story);
}

#[test]
fn a_blank_column_is_a_data_defect_and_trains_nothing() {
    let story = brought(&rows(60, |cells| cells[0] = ""));
    assert_eq!(night(&story, 4)["verdict"], "data-defect");
    nothing_was_trained(&story);
}

#[test]
fn ten_rows_are_too_few_to_say_anything() {
    let story = brought(&rows(10, |_| {}));
    assert_eq!(night(&story, 4)["verdict"], "too-few-rows");
    nothing_was_trained(&story);
}

#[test]
fn other_drift_closes_the_loop_as_well() {
    let story = brought(&rows(96, |cells| cells[2] = "1"));
    assert_eq!(night(&story, 4)["verdict"], "drift");
    assert_eq!(night(&story, 4)["measure"]["feature"], "Margin");
    assert_eq!(night(&story, 6)["version"], 2);
    assert_eq!(story["left_out"], serde_json::json!([]));
}

#[test]
fn a_data_set_with_its_contract_takes_the_place_of_the_examples() {
    let world = World::new();
    let contract = world.read("data/mammographic.yaml").replace("Age", "Years");
    let data = world.read("data/mammographic.csv").replacen("Age", "Years", 1);
    world.write("mine.yaml", &contract);
    world.write("mine.csv", &data);
    let story = told(&world, &["--data", "mine.csv"]);
    assert_eq!(story["data"], "mine.csv");
    assert_eq!(night(&story, 4)["measure"]["feature"], "Years");
    assert_eq!(night(&story, 6)["version"], 2);
}

#[test]
fn what_cannot_be_told_is_refused_with_a_hint() {
    let world = World::new();
    world.write("empty.csv", "Age,Shape,Margin,Density\n");
    world.agent(&["rehearse", "--data", "empty.csv"]).exits(2).says("no rows");
    world.agent(&["rehearse", "--data", "absent.csv"]).exits(2).says("cannot read");
    world.agent(&["rehearse", "--days", "7"]).exits(2).says("8..=370");
    world.agent(&["rehearse", "--speed", "0"]).exits(2).says("above 0");
}
