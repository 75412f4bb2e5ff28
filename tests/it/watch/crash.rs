//! A watcher that dies between any two of its effects: one drift is one training all the same, and people hear of it.

use super::ward::{Fate, Ward, only, usual};
use relevo::{
    spec::{Environment, Retrain},
    watch::{Action, Finding},
};

/// More points than one pass about one drift has.
const MOST_POINTS: usize = 40;

async fn ward() -> Ward {
    let retrain = Retrain { max_unapproved: 100, ..Retrain::default() };
    let ward = Ward::new(Environment { retrain, ..usual() }).await;
    ward.put("arrived/rows.csv", "BI-RADS,Age,Shape,Margin,Density,Severity\n4,70,1,1,3,0\n").await;
    ward
}

/// What there has to be after one drift more, whatever died on the way. Gives the number of messages about it.
async fn is_one_more(ward: &Ward, trainings: usize, mails: usize) -> usize {
    let found = ward.trainings().await;
    assert_eq!(found.len(), trainings + 1);
    let last = found.last().unwrap().pipeline_execution_arn().unwrap().to_owned();
    let told = ward.mails().await;
    let new = &told[mails..];
    assert!((1..=2).contains(&new.len()), "{} messages about one drift", new.len());
    assert!(new.iter().all(|mail| mail.body.contains(&last)), "{new:#?}");
    assert!(ward.look().await.answered.is_empty());
    ward.stop(&last).await;
    new.len()
}

#[tokio::test]
async fn a_watcher_that_dies_at_any_point_is_finished_by_the_next() {
    let ward = ward().await;
    let mut repeats = 0;
    for points in 1..MOST_POINTS {
        let (trainings, mails) = (ward.trainings().await.len(), ward.mails().await.len());
        ward.night(25, &ward.drifted()).await;
        let died = ward.dies(Fate::after(points)).await;
        let pass = ward.look().await;
        assert_eq!(pass.troubles, []);
        repeats += is_one_more(&ward, trainings, mails).await - 1;
        if !died {
            assert!(points > 6, "{points}");
            assert!(pass.answered.is_empty());
            assert_eq!(repeats, 1, "told twice only where it died after telling");
            return;
        }
    }
    panic!("a pass never ends");
}

#[tokio::test]
async fn an_answer_of_the_cloud_that_is_lost_is_asked_for_again() {
    let ward = ward().await;
    for writes in 0..MOST_POINTS {
        let (trainings, mails) = (ward.trainings().await.len(), ward.mails().await.len());
        ward.night(25, &ward.drifted()).await;
        let cut_off = ward.is_cut_off(writes).await;
        if cut_off {
            let pass = ward.look().await;
            assert_eq!(only(&pass).case.finding, Finding::Drift);
            assert!(matches!(only(&pass).action, Action::StartTraining(_)));
        }
        is_one_more(&ward, trainings, mails).await;
        if !cut_off {
            assert!(writes > 3, "{writes}");
            return;
        }
    }
    panic!("a pass never ends");
}
