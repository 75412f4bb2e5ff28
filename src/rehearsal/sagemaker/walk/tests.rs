use super::*;
use crate::definition::Definition;
use proptest::prelude::*;
use serde_json::{Value, json};

fn definition(steps: Value) -> Definition {
    Definition::try_from(json!({"Version": "2020-12-01", "Steps": steps})).unwrap()
}

fn step(name: &str, needs: &[&str]) -> Value {
    json!({"Name": name, "Type": "Processing", "Arguments": {}, "DependsOn": needs})
}

fn check(name: &str, then: Value, otherwise: Value) -> Value {
    json!({"Name": name, "Type": "Condition",
        "Arguments": {"Conditions": [], "IfSteps": then, "ElseSteps": otherwise}})
}

/// The names in the order in which they ran, and how it ended.
fn run(
    definition: &Definition,
    result: impl Fn(&str) -> (StepStatus, bool),
) -> (Vec<String>, &'static str) {
    let graph = Graph::of(definition).unwrap();
    let mut records: Vec<StepRecord> = Vec::new();
    loop {
        let end = match next(&graph, &records) {
            Next::Run(node) => {
                let (status, outcome) = result(node.step.name);
                let mut record = StepRecord::example(node.step.name, node.kind);
                record.status = status;
                record.outcome = (node.step.kind == "Condition").then_some(outcome);
                records.push(record);
                continue;
            }
            Next::Succeeded => "succeeded",
            Next::Failed => "failed",
        };
        return (records.into_iter().map(|record| record.name).collect(), end);
    }
}

fn good(outcome: bool) -> impl Fn(&str) -> (StepStatus, bool) {
    move |_| (StepStatus::Succeeded, outcome)
}

#[test]
fn a_condition_runs_one_branch_and_what_needs_the_other_is_skipped() {
    let definition = definition(json!([
        step("After", &["Register"]),
        check("Check", json!([step("Register", &[])]), json!([step("Refuse", &[])])),
    ]));
    assert_eq!(run(&definition, good(true)).0, ["Check", "Register", "After"]);
    assert_eq!(run(&definition, good(false)), (vec!["Check".into(), "Refuse".into()], "succeeded"));
}

#[test]
fn a_condition_inside_the_branch_not_taken_is_skipped_whole() {
    let inner = check("Inner", json!([step("Deep", &[])]), json!([]));
    let definition = definition(json!([check("Outer", json!([]), json!([inner]))]));
    assert_eq!(run(&definition, good(true)).0, ["Outer"]);
}

#[test]
fn what_began_beside_a_failing_step_ends_and_nothing_else_starts() {
    let definition = definition(json!([
        step("A", &[]),
        step("B", &[]),
        step("C", &["B"]),
        check("D", json!([]), json!([step("E", &[])])),
    ]));
    let (ran, end) = run(&definition, |name| {
        (if name == "A" { StepStatus::Failed } else { StepStatus::Succeeded }, false)
    });
    assert_eq!((ran, end), (vec!["A".into(), "B".into(), "D".into()], "failed"));
}

/// A graph whose step `i` needs only steps before `i`, listed in any order.
fn graphs() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>)> {
    (1_usize..9).prop_flat_map(|size| {
        let needs = (0..size)
            .map(|index| proptest::collection::vec(0..index.max(1), 0..=index.min(3)))
            .collect::<Vec<_>>();
        (needs, Just((0..size).collect::<Vec<_>>()).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn every_step_runs_once_and_after_its_needs((needs, order) in graphs(), fails in 0_usize..12) {
        let name = |index: usize| format!("S{index}");
        let steps: Vec<Value> = order
            .iter()
            .map(|index| {
                let needs: Vec<String> = needs[*index].iter().map(|need| name(*need)).collect();
                step(&name(*index), &needs.iter().map(String::as_str).collect::<Vec<_>>())
            })
            .collect();
        let failing = name(fails);
        let (ran, end) = run(&definition(json!(steps)), |step| {
            (if step == failing { StepStatus::Failed } else { StepStatus::Succeeded }, true)
        });
        for (position, step) in ran.iter().enumerate() {
            prop_assert!(!ran[..position].contains(step), "{step} ran twice");
            let index: usize = step[1..].parse().unwrap();
            for need in &needs[index] {
                prop_assert!(ran[..position].contains(&name(*need)), "{step} ran before S{need}");
            }
        }
        if fails < needs.len() {
            prop_assert_eq!(end, "failed");
            let failed = ran.iter().position(|step| *step == failing).unwrap();
            for step in &ran[failed + 1..] {
                let index: usize = step[1..].parse().unwrap();
                for need in &needs[index] {
                    prop_assert!(ran[..failed].contains(&name(*need)), "{step} began after {failing}");
                }
            }
        } else {
            prop_assert_eq!(ran.len(), needs.len());
        }
    }
}
