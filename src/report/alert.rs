//! Alerts: a promotion came to nothing, and not because somebody stopped it.

use super::{Alarm, Alert, Content, Saying, View, text};
use crate::flow::{Outcome, Phase};
use std::fmt::Write as _;

/// A subject has fewer than 100 characters (SNS, Publish).
const LONGEST_SUBJECT: usize = 99;
/// Characters of a text; SNS takes 256 KB.
const LONGEST_TEXT: usize = 16_000;

impl View<'_> {
    /// One for each alarm, once the run is over.
    pub(super) fn alerts(&self) -> Vec<Saying> {
        let outcome = match self.state.phase() {
            Phase::Finished(
                outcome @ (Outcome::Failed { .. }
                | Outcome::GateRefused
                | Outcome::Expired
                | Outcome::Unfit { .. }),
            ) => outcome,
            Phase::Finished(
                Outcome::Succeeded
                | Outcome::Cancelled
                | Outcome::Rejected
                | Outcome::Superseded { .. },
            )
            | Phase::Unborn
            | Phase::Open => return Vec::new(),
        };
        let alarms = self.manner.alarms.iter();
        alarms.filter_map(|alarm| self.alert(*alarm, outcome)).collect()
    }

    fn alert(&self, alarm: Alarm, outcome: &Outcome) -> Option<Saying> {
        let record = self.record;
        let (at, _) = record.events.last()?;
        let subject =
            format!("{}: promotion to {} {outcome}", record.pipeline.name, record.environment);
        let subject = subject.chars().filter(|c| matches!(c, ' '..='~')).take(LONGEST_SUBJECT);
        Some(Saying {
            key: match alarm {
                Alarm::Topic => "alert/topic".to_owned(),
                Alarm::Webhook => "alert/webhook".to_owned(),
            },
            content: Content::Alert(Alert {
                alarm,
                run: record.run.clone(),
                environment: record.environment.clone(),
                branch: record.reference.to_owned(),
                commit: record.commit.clone(),
                outcome: outcome.to_string(),
                at: *at,
                subject: subject.collect(),
                text: text::cut(&self.alert_text(outcome), LONGEST_TEXT),
                page: self.run_page(),
            }),
        })
    }

    fn alert_text(&self, outcome: &Outcome) -> String {
        let record = self.record;
        let (name, environment) = (&record.pipeline.name, record.environment);
        let mut told = format!(
            "{name}: {} at {} to {environment}: {outcome}.\n",
            record.reference,
            record.commit.short()
        );
        match (&record.evidence.verdict, outcome) {
            (Some(verdict), Outcome::GateRefused) => {
                let _ = write!(told, "\n{environment} is untouched.\n\n{verdict}\n");
            }
            (_, _) => {
                if let Some(failure) = self.last_failure() {
                    let _ = writeln!(told, "\nReason: {}.", failure.message);
                    let hint = failure.hint.iter().map(|hint| format!("Hint: {hint}\n"));
                    told.extend(hint);
                }
            }
        }
        let _ = writeln!(told, "\nIts log: agent logs {}", record.run.short());
        told.extend(self.run_page().map(|page| format!("Its page: {page}\n")));
        told
    }
}
