//! Rules about the graph of stages: no circles, nothing that can never run, built-ins behind what
//! they work on.

use super::{promotion::drawn, stages::Draft};
use crate::spec::{
    graph,
    notes::{listed, quoted},
    pipeline::On,
    raw_pipeline::RawBuiltIn,
    reading::Reading,
};

/// Checks the graph and returns an order in which each stage stands behind all it needs.
pub(super) fn check(reading: &mut Reading<'_>, drafts: &[Draft]) -> Vec<usize> {
    let place = |name: &String| drafts.iter().position(|draft| draft.name == *name);
    let needs: Vec<Vec<usize>> =
        drafts.iter().map(|draft| draft.needs().iter().filter_map(place).collect()).collect();
    let sorted = graph::sort(&needs);
    for circle in &sorted.circles {
        let names = circle.iter().map(|index| drafts[*index].name.as_str());
        let message = format!("stages need each other in a circle: {}", drawn(names));
        let first = drafts[circle[0]].name.as_str();
        reading
            .error(&["stages", first, "needs"], "stage-cycle", message)
            .help("remove one of these needs");
    }
    if sorted.circles.is_empty() {
        let graph = Graph { drafts, needs: &needs, order: &sorted.order };
        refuse_unreachable(reading, &graph);
        refuse_unfounded(reading, &graph);
    }
    sorted.order
}

struct Graph<'g> {
    drafts: &'g [Draft],
    needs: &'g [Vec<usize>],
    order: &'g [usize],
}

impl Graph<'_> {
    fn on(&self, stage: usize) -> On {
        self.drafts[stage].raw.on.unwrap_or_default()
    }

    /// For every stage, those that must have succeeded for it to run, directly or not.
    fn successes(&self) -> Vec<Vec<bool>> {
        let mut all = vec![vec![false; self.needs.len()]; self.needs.len()];
        for &stage in self.order {
            if self.on(stage) == On::Success {
                let mut own = vec![false; self.needs.len()];
                for &need in &self.needs[stage] {
                    own[need] = true;
                    for (seen, inherited) in own.iter_mut().zip(&all[need]) {
                        *seen |= inherited;
                    }
                }
                all[stage] = own;
            }
        }
        all
    }
}

/// A stage that waits for a failure which its other needs exclude, or for the failure of nothing.
fn refuse_unreachable(reading: &mut Reading<'_>, graph: &Graph<'_>) {
    let successes = graph.successes();
    for (stage, draft) in graph.drafts.iter().enumerate() {
        let on = graph.on(stage);
        let waits = match on {
            On::Failure | On::Error | On::Abort => true,
            On::Success | On::Always => false,
        };
        let needs = reading.root.entry(&["stages", &draft.name, "needs"]);
        if waits && needs.is_none_or(|entry| entry.node.items().is_empty()) {
            let message = format!(
                "stage {} never runs: it needs nothing that could fail or be stopped",
                quoted(&draft.name)
            );
            reading
                .error(&["stages", &draft.name, "on"], "unreachable-stage", message)
                .help("name under 'needs' what it waits for");
        }
        let must_succeed = &successes[stage];
        let excluded = (0..graph.needs.len()).find(|&other| {
            let needs = &graph.needs[other];
            must_succeed[other]
                && !needs.is_empty()
                && match graph.on(other) {
                    On::Failure | On::Error => needs.iter().all(|need| must_succeed[*need]),
                    // After an abort no stage starts that waits for a success.
                    On::Abort => true,
                    On::Success | On::Always => false,
                }
        });
        if let Some(other) = excluded {
            let other = &graph.drafts[other];
            let failing = listed(other.needs());
            let message = format!(
                "stage {} never runs: it needs the success of {failing} and of {}, which runs only \
                 if that does not happen",
                quoted(&draft.name),
                quoted(&other.name),
            );
            reading
                .error(&["stages", &draft.name, "needs"], "unreachable-stage", message)
                .help("remove one of the two needs, or write 'on: always'");
        }
    }
}

/// What a built-in works on: the result of which other built-in.
fn works_on(built_in: RawBuiltIn) -> Option<(RawBuiltIn, &'static str)> {
    match built_in {
        RawBuiltIn::Gate => Some((RawBuiltIn::TrainTest, "it judges what that trained")),
        RawBuiltIn::Approve => Some((RawBuiltIn::Plan, "it asks about what that planned")),
        RawBuiltIn::DeployPipelines => Some((RawBuiltIn::Plan, "it applies what that planned")),
        RawBuiltIn::ScheduleRules => {
            Some((RawBuiltIn::DeployPipelines, "it schedules what that deployed"))
        }
        RawBuiltIn::Validate
        | RawBuiltIn::TrainTest
        | RawBuiltIn::AssumeRole
        | RawBuiltIn::Plan => None,
    }
}

fn refuse_unfounded(reading: &mut Reading<'_>, graph: &Graph<'_>) {
    let before = graph::ancestors(graph.needs, graph.order);
    for (stage, draft) in graph.drafts.iter().enumerate() {
        let Some(built_in) = draft.built_in() else { continue };
        let Some((wanted, reason)) = works_on(built_in) else { continue };
        let above = || {
            (0..graph.drafts.len())
                .filter(|other| before[stage][*other])
                .map(|other| &graph.drafts[other])
        };
        // A stage whose `uses` or `needs` is wrong may be meant to be the wanted one.
        let unclear = |draft: &Draft| {
            draft.needs().iter().any(|need| !reading.has(&["stages", need]))
                || draft.built_in().is_none() && reading.has(&["stages", &draft.name, "uses"])
        };
        let founded = above().any(|other| other.built_in() == Some(wanted));
        if !founded && !unclear(draft) && !above().any(unclear) {
            let message = format!(
                "'{}' comes behind no stage that uses '{}', but {reason}",
                built_in.name(),
                wanted.name()
            );
            reading.error(&["stages", &draft.name, "uses"], "missing-stage", message).help(
                format!("let it need, directly or not, a stage with 'uses: {}'", wanted.name()),
            );
        }
    }
}
