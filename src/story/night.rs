//! One night: rows lie in the bucket, the schedule fires at its time, the deployed pipeline does its work.

use super::{
    audience::Voice,
    batches::{ARRIVED_ROWS, BATCH_ROWS, Draw, Kind},
    judgement::Execution,
    performance::{Performance, Stop},
    promises::{Holds, Outcome},
    record::{Measure, Night},
    script::{Day, Incoming, Morning},
};
use crate::monitor::Verdict;
use jiff::{SignedDuration, Timestamp};

/// How long after its time the schedule is looked at: EventBridge fires within the minute.
const WITHIN_THE_MINUTE: SignedDuration = SignedDuration::from_secs(30);
/// Reasons of a verdict that are told.
const MOST_REASONS: usize = 3;
/// Shows what the agent makes of them.
const WATCH: &str = "agent watch --once --env ENV";
/// Shows executions.
const LOOK: &str = "agent watch --once --env ENV";

impl Performance<'_> {
    /// Lets the schedule fire and tells what came of it.
    pub(super) async fn night(&mut self, day: Day, at: Timestamp) -> Result<(), Stop> {
        let rows = self.bring(day).await?;
        self.turn_to(at).await;
        self.stage.turn_to(at + WITHIN_THE_MINUTE);
        self.stage.cloud.settle().await?;
        let executions = self.stage.executions(at).await?;
        let Some(rows) = rows else {
            let none = Outcome::equal(&executions.len(), &0, LOOK);
            self.hold("without an approved model the schedule fires nothing", none)?;
            self.tell(Voice::Cloud, "the schedule is disabled: no inference");
            return Ok(());
        };
        let one = Outcome::equal(&executions.len(), &1, LOOK);
        self.hold("the schedule fires once, at its time", one)?;
        let Some(execution) = executions.first() else { return Ok(()) };
        let arn = execution.arn.clone();
        if day.batch == Incoming::Drifted {
            self.labels_arrive(day).await?;
        }
        let pass = self.stage.watch().await?;
        let answered = pass.answered.into_iter().find(|answered| answered.case.execution == arn);
        let troubles: Vec<String> = pass.troubles.into_iter().map(|one| one.problem).collect();
        let outcome = Outcome::when(Holds::from(answered.is_some()), troubles.join("; "), WATCH);
        self.hold("the agent judges every execution that ended", outcome)?;
        let Some(answered) = answered else { return Ok(()) };
        let execution = self.stage.read(answered).await?;
        self.keep(night(&execution, rows));
        self.tell(Voice::Cloud, told(&execution, rows));
        self.promised(&execution, rows, day)?;
        Box::pin(self.respond(&execution.answered, at)).await
    }

    /// Labelled rows of earlier patients come in: what a training can learn from that the first could not.
    async fn labels_arrive(&mut self, day: Day) -> Result<(), Stop> {
        let kind = if self.play.brought.is_some() { Kind::Clean } else { Kind::Shifted };
        let draw = Draw { seed: self.play.seed, day: day.number, rows: ARRIVED_ROWS, kind };
        let text = self.play.population.labelled(draw);
        let rows = text.lines().count() - 1;
        let name = format!("data/arrived/day-{}.csv", day.number);
        self.stage.supply(&name, text).await?;
        self.tell(
            Voice::Person,
            format!("{rows} labelled rows have arrived since the first training"),
        );
        Ok(())
    }

    /// Puts the first batch in its place before the schedule is enabled; the night brings its own.
    pub(super) async fn bring_first(&mut self) -> Result<(), Stop> {
        let day = self.number();
        self.bring(Day { number: day, morning: Morning::ApproveFirst, batch: Incoming::Clean })
            .await?;
        Ok(())
    }

    /// Puts the night's rows into the bucket and answers how many there are.
    async fn bring(&mut self, day: Day) -> Result<Option<u64>, Stop> {
        let draw = |kind| Draw { seed: self.play.seed, day: day.number, rows: BATCH_ROWS, kind };
        let population = &self.play.population;
        let text = match (day.batch, &self.play.brought) {
            (Incoming::Nothing, _) => return Ok(None),
            (Incoming::Clean, _) => population.batch(draw(Kind::Clean)),
            (Incoming::Drifted, None) => population.batch(draw(Kind::Shifted)),
            (Incoming::Drifted, Some((_, brought))) => brought.text.clone(),
        };
        if day.batch == Incoming::Drifted {
            let text = format!("tonight's rows: {}", self.play.drift());
            self.tell(Voice::Person, text);
        }
        let rows = match (day.batch, &self.play.brought) {
            (Incoming::Drifted, Some((_, brought))) => brought.rows,
            _ => text.lines().count(),
        };
        let name = self.stage.environment.batch_dataset.clone();
        self.stage.supply(&format!("data/batch-dataset/{name}.csv"), text).await?;
        Ok(Some(u64::try_from(rows).unwrap_or(u64::MAX)))
    }

    /// What every night promises, whatever came in.
    fn promised(&mut self, execution: &Execution, rows: u64, day: Day) -> Result<(), Stop> {
        let verdict = execution.verdict();
        let found = Outcome::equal(&execution.version, &Some(self.champion), LOOK);
        self.hold("inference takes the version in use", found)?;
        let default = self.play.brought.is_none() && self.play.population.shift().is_some();
        if day.batch == Incoming::Drifted && default {
            let caught = Outcome::equal(&verdict, &Verdict::Drift, LOOK);
            self.hold("a shift of one standard deviation is called drift", caught)?;
        }
        if verdict == Verdict::Clean {
            let all = Outcome::equal(&execution.predictions, &rows, LOOK);
            self.hold("every row of a clean night is predicted", all)?;
        }
        if day.batch == Incoming::Clean {
            let sound = Holds::from(matches!(
                verdict,
                Verdict::Clean | Verdict::Drift | Verdict::TooFewRows
            ));
            let outcome = Outcome::when(sound, verdict.to_string(), LOOK);
            self.hold("rows of the data set itself are no defect", outcome)?;
        }
        Ok(())
    }
}

fn night(execution: &Execution, rows: u64) -> Night {
    Night {
        version: execution.version,
        rows,
        predictions: execution.predictions,
        verdict: execution.verdict(),
        measure: execution.answered.case.grounds.assessment.as_ref().and_then(Measure::largest),
    }
}

fn told(execution: &Execution, rows: u64) -> String {
    let model =
        execution.version.map_or("no model".to_owned(), |version| format!("version {version}"));
    let predictions = match execution.predictions {
        0 => "nothing predicted".to_owned(),
        count => format!("{count} rows predicted"),
    };
    let grounds = &execution.answered.case.grounds;
    let mut reasons = grounds.assessment.as_ref().map(|a| a.reasons()).unwrap_or_default();
    let more = reasons.len().saturating_sub(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    if let Some(failed) = grounds.failed.as_ref().filter(|_| reasons.is_empty()) {
        let why = failed.reason.as_deref().unwrap_or("its own words may repeat data");
        reasons.push(format!("step {} failed: {why}", failed.step));
    }
    let reasons = reasons.join("; ");
    let verdict = execution.verdict();
    let colon = if reasons.is_empty() { "" } else { ": " };
    format!("the schedule fires: {rows} rows, {model}, {predictions}; {verdict}{colon}{reasons}")
}
