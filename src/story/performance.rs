//! Playing the story: each day its morning, then its night; every beat tells what happens and holds itself to it.

use super::{
    audience::{Audience, Sentence, Voice},
    batches::Population,
    brought::Brought,
    promises::{Broken, Outcome, Promises},
    record::{DayRecord, Night, Turn},
    report::Report,
    script::{self, Day, Incoming, Moments, Morning},
    stage::{Promoted, Stage},
};
use crate::{
    clock::{Clock, until},
    schedule::Schedule,
};
use anyhow::Context as _;
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};

/// What is played.
pub struct Play {
    /// How many days.
    pub days: u32,
    /// What decides every draw.
    pub seed: u64,
    /// Name of the data set.
    pub data: String,
    /// Its rows.
    pub population: Population,
    /// Rows that a person brought for the night in question, with their file's name.
    pub brought: Option<(String, Brought)>,
}

/// How fast it is played: simulated seconds per real second, by a real clock.
#[derive(Debug, Clone)]
pub struct Pace {
    /// The clock that people live by.
    pub clock: Arc<dyn Clock>,
    /// Nothing: as fast as it goes.
    pub speed: Option<f64>,
}

/// A story that was told, to its end or to a broken promise.
#[derive(Debug)]
pub struct Told {
    /// The story in full.
    pub report: Report,
    /// What ended it early.
    pub broken: Option<Broken>,
}

/// Why a beat ends the story.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// Something that was promised is not so.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It cannot be looked at.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// A story under way.
pub(super) struct Performance<'a> {
    pub(super) stage: &'a Stage,
    pub(super) play: &'a Play,
    audience: &'a mut dyn Audience,
    pace: Pace,
    /// The moment that is told of.
    pub(super) now: Timestamp,
    pub(super) days: Vec<DayRecord>,
    promises: Promises,
    pub(super) alerts: Vec<String>,
    left_out: Vec<String>,
    /// A drift has had its training in this story.
    pub(super) trained_before: bool,
    /// What the promotion left.
    pub(super) promoted: Option<Promoted>,
    /// The version that is to be in use.
    pub(super) champion: i32,
    /// The version that a training has left for people to decide about.
    pub(super) challenger: Option<i32>,
}

/// Plays the story from its first day to its last.
///
/// # Errors
/// Something fails that is no promise of the story, such as its folder.
pub async fn perform(
    stage: &Stage,
    play: &Play,
    (audience, pace): (&mut dyn Audience, Pace),
) -> anyhow::Result<Told> {
    let schedule = Schedule::parse(&stage.environment.schedule).context("read the schedule")?;
    let days = script::days(play.days);
    let start = stage.clock.now();
    let moments = script::moments(&schedule, start, days.len())
        .with_context(|| format!("{schedule} does not fire for {} days", days.len()))?;
    let mut performance = Performance {
        stage,
        play,
        audience,
        pace,
        now: start,
        days: Vec::new(),
        promises: Promises::default(),
        alerts: Vec::new(),
        left_out: Vec::new(),
        trained_before: false,
        promoted: None,
        champion: 1,
        challenger: None,
    };
    let mut broken = None;
    for (day, moments) in days.into_iter().zip(moments) {
        match Box::pin(performance.day(day, moments)).await {
            Ok(()) => {}
            Err(Stop::Failed(error)) => return Err(error),
            Err(Stop::Broken(promise)) => {
                performance.tell(Voice::Broken, promise.to_string());
                broken = Some(promise);
                break;
            }
        }
    }
    let report = performance.report(broken.as_ref());
    Ok(Told { report, broken })
}

impl Performance<'_> {
    async fn day(&mut self, day: Day, moments: Moments) -> Result<(), Stop> {
        self.days.push(DayRecord::new(day.number, moments.night));
        self.turn_to(moments.morning).await;
        match day.morning {
            Morning::Promote => Box::pin(self.promote()).await?,
            Morning::ApproveFirst => Box::pin(self.approve_first()).await?,
            Morning::Compare => Box::pin(self.compare()).await?,
            Morning::ApproveChallenger => Box::pin(self.approve_challenger()).await?,
            Morning::RollBack => Box::pin(self.roll_back()).await?,
            Morning::Quiet => {}
        }
        Box::pin(self.night(day, moments.night)).await
    }

    /// Lets time pass until `moment`, at the pace that is asked for.
    pub(super) async fn turn_to(&mut self, moment: Timestamp) {
        let passes = until(self.now, moment);
        if let Some(speed) = self.pace.speed {
            let pause = Duration::try_from_secs_f64(passes.as_secs_f64() / speed);
            self.pace.clock.sleep(pause.unwrap_or(Duration::MAX)).await;
        }
        self.stage.turn_to(moment);
        self.now = moment;
    }

    /// Tells a sentence of this moment.
    pub(super) fn tell(&mut self, voice: Voice, text: impl Into<String>) {
        let sentence = Sentence { at: self.now, day: self.number(), voice, text: text.into() };
        self.audience.hear(&sentence);
    }

    /// Tells what does not come to pass, and keeps it for the end.
    pub(super) fn leave_out(&mut self, text: &str) {
        self.tell(Voice::Absent, text);
        self.left_out.push(text.to_owned());
    }

    /// Holds the story to a promise.
    pub(super) fn hold(&mut self, promise: &str, outcome: Outcome) -> Result<(), Stop> {
        Ok(self.promises.hold(self.number(), promise, outcome)?)
    }

    /// Notes what stands out in this day.
    pub(super) fn note(&mut self, turn: Turn) {
        if let Some(day) = self.days.last_mut() {
            day.turns.push(turn);
        }
    }

    /// The same, told once a day.
    pub(super) fn note_once(&mut self, turn: Turn) {
        if self.days.last().is_some_and(|day| !day.turns.contains(&turn)) {
            self.note(turn);
        }
    }

    /// Is it the day of the night in question?
    pub(super) fn is_question(&self, day: u32) -> bool {
        let mut days = script::days(self.play.days).into_iter();
        days.any(|known| known.number == day && known.batch == Incoming::Drifted)
    }

    /// Keeps what the schedule did in this day.
    pub(super) fn keep(&mut self, night: Night) {
        if let Some(day) = self.days.last_mut() {
            day.night = Some(night);
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.days.last().map_or(0, |day| day.day)
    }

    fn report(self, broken: Option<&Broken>) -> Report {
        let Self { stage, play, days, promises, alerts, left_out, .. } = self;
        Report {
            project: stage.project.pipeline.name.clone(),
            environment: stage.environment.name.to_string(),
            commit: stage.project.commit.to_string(),
            data: play.data.clone(),
            drift: play.drift(),
            seed: play.seed,
            kept: broken.is_none(),
            days,
            alerts,
            left_out,
            promises,
            look: broken.map(|broken| broken.look.clone()),
        }
    }
}

impl Play {
    /// What comes in on the night in question, in words.
    #[must_use]
    pub fn drift(&self) -> String {
        match (&self.brought, self.population.shift()) {
            (Some((name, brought)), _) => {
                format!("{} rows of {name} ({})", brought.rows, brought.columns.in_words())
            }
            (None, Some(shift)) => {
                format!("{} larger by {:.1}, one standard deviation", shift.column, shift.by)
            }
            (None, None) => "nothing: no numeric feature can be shifted".to_owned(),
        }
    }
}
