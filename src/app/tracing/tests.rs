//! Collectors that do not do their part.

use super::*;
use crate::clock::SimulatedClock;
use std::net::TcpListener;

fn traces(listener: &TcpListener, clock: &SimulatedClock) -> Traces {
    let address = format!("http://{}", listener.local_addr().unwrap());
    let variable = |name: &str| (name == ENDPOINT).then(|| address.clone());
    let traces = Traces::from_environment(&variable, Arc::new(clock.clone())).unwrap().unwrap();
    traces.waiting.lock().unwrap().push_back(Vec::new());
    traces
}

#[tokio::test]
async fn one_that_is_silent_costs_a_pass_its_patience_and_loses_nothing() {
    let begun = "2026-01-01T00:00:00Z".parse().unwrap();
    let clock = SimulatedClock::at(begun);
    // The system takes the connection; nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let traces = traces(&listener, &clock);
    let turning = async {
        loop {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let gathered = Gathered::default();
    tokio::select! {
        biased;
        () = traces.send(&gathered) => {}
        never = turning => never,
    }
    assert_eq!(clock.now(), clock::later(begun, PATIENCE));
    assert_eq!(traces.waiting.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_is_not_there_is_no_trouble() {
    let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let traces = traces(&listener, &clock);
    drop(listener);
    traces.send(&Gathered::default()).await;
    assert_eq!(traces.waiting.lock().unwrap().len(), 1);
}
