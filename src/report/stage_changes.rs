//! Which stages of a pipeline are not those of another: what a plan does not show, since no account knows of it.

use crate::{
    ids::StageName,
    spec::{Pipeline, Stage},
};

/// Stages that are named of each kind; the rest is counted.
const MOST_NAMED: usize = 20;

/// The stages that are not the same, each kind in the order of its pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct StageChanges {
    /// Only the second pipeline has them.
    pub added: Vec<StageName>,
    /// Both have them, and they do another thing, or in another way.
    pub changed: Vec<StageName>,
    /// Only the first has them.
    pub removed: Vec<StageName>,
}

impl StageChanges {
    /// What differs between the stages of two pipelines.
    #[must_use]
    pub fn between(before: &Pipeline, after: &Pipeline) -> Self {
        let names = |stages: &[Stage], is_meant: &dyn Fn(&Stage) -> bool| {
            let meant = stages.iter().filter(|stage| is_meant(stage));
            meant.map(|stage| stage.name.clone()).collect()
        };
        Self {
            added: names(&after.stages, &|stage| before.stage(&stage.name).is_none()),
            changed: names(&after.stages, &|stage| {
                before.stage(&stage.name).is_some_and(|old| old != stage)
            }),
            removed: names(&before.stages, &|stage| after.stage(&stage.name).is_none()),
        }
    }

    /// All stages are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { added, changed, removed } = self;
        added.is_empty() && changed.is_empty() && removed.is_empty()
    }

    /// As in ``added: `lint`; removed: `approve` ``; empty if all are the same.
    #[must_use]
    pub fn list(&self) -> String {
        let kinds =
            [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)];
        let told: Vec<String> = kinds
            .into_iter()
            .filter(|(_, stages)| !stages.is_empty())
            .map(|(kind, stages)| format!("{kind}: {}", named(stages)))
            .collect();
        told.join("; ")
    }
}

fn named(stages: &[StageName]) -> String {
    let mut names: Vec<String> =
        stages.iter().take(MOST_NAMED).map(|stage| format!("`{stage}`")).collect();
    if stages.len() > MOST_NAMED {
        names.push(format!("{} more", stages.len() - MOST_NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{SourceFile, check_pipeline};

    fn pipeline(stages: &str) -> Pipeline {
        let text = format!(
            "version: 1\nname: x\nenvironments:\n  prod: {{ branch: main }}\nstages:\n{stages}"
        );
        let source = SourceFile { name: "pipeline.yaml".to_owned(), text };
        check_pipeline(&source).unwrap().0
    }

    #[test]
    fn stages_are_held_against_those_of_the_same_name() {
        let before = pipeline("  a: { run: [one] }\n  b: { run: [two] }\n  c: { run: [three] }\n");
        let after =
            pipeline("  c: { run: [three] }\n  b: { run: [other] }\n  d: { run: [four] }\n");
        let changes = StageChanges::between(&before, &after);
        assert_eq!(changes.list(), "added: `d`; changed: `b`; removed: `a`");
        assert!(StageChanges::between(&before, &before).is_empty());
        assert_eq!(StageChanges::default().list(), "");
    }

    #[test]
    fn many_stages_are_counted() {
        let many: String = (0..23).map(|n| format!("  s{n}: {{ run: [x] }}\n")).collect();
        let (before, after) = (pipeline("  s0: { run: [x] }\n"), pipeline(&many));
        let list = StageChanges::between(&before, &after).list();
        assert!(list.starts_with("added: `s1`, `s") && list.ends_with(", 2 more"), "{list}");
    }
}
