//! Real children under real signals; limits by a clock that is turned by hand.

use super::*;
use crate::clock::{Clock, SimulatedClock, SystemClock};
use crate::flow::Stop;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);

fn shell(script: &str) -> CommandSpec {
    CommandSpec {
        command: ["/bin/sh", "-eu", "-c", script].map(str::to_owned).to_vec(),
        directory: PathBuf::from("/"),
        inherited: Inherited::from([]),
        variables: Default::default(),
        timeout: MINUTE,
        no_output_timeout: None,
        grace: Duration::from_millis(100),
    }
}

async fn lines_of(
    spec: &CommandSpec,
    clock: &dyn Clock,
    cancel: &Cancel,
) -> (Result<Exit, ExecError>, Vec<String>) {
    let mut lines = Vec::new();
    let mut keep = each(|line| {
        lines.push(line.text);
        Ok(())
    });
    let exit = run(spec, clock, cancel, &mut keep).await;
    drop(keep);
    (exit, lines)
}

async fn simply(script: &str) -> (Exit, Vec<String>) {
    let (exit, lines) = lines_of(&shell(script), &SystemClock, &Cancel::never()).await;
    (exit.unwrap(), lines)
}

/// Runs until the script has written `ready`, then lets `act` happen to the clock or the cancel.
async fn once_ready(
    spec: &CommandSpec,
    cancel: &Cancel,
    clock: &dyn Clock,
    act: &mut (dyn FnMut() + Send),
) -> Exit {
    let mut sink = each(|line| {
        if line.text == "ready" {
            act();
        }
        Ok(())
    });
    run(spec, clock, cancel, &mut sink).await.unwrap()
}

/// Lets time pass, slower than it really does, from the moment at which `begun` is true: the killed need some to die.
async fn ticking<T>(
    clock: &SimulatedClock,
    begun: &AtomicBool,
    work: impl Future<Output = T>,
) -> T {
    let tick = async {
        loop {
            tokio::task::yield_now().await;
            if begun.load(Ordering::Relaxed) {
                clock.advance(Duration::from_micros(10));
            }
        }
    };
    tokio::select! {
        done = work => done,
        () = tick => unreachable!("time passes for ever"),
    }
}

#[tokio::test]
async fn exit_codes_signals_and_both_streams_come_through() {
    let (exit, lines) = simply("echo out; echo err >&2; exit 3").await;
    assert_eq!((exit, lines.len()), (Exit::Exited(3), 2));
    assert_eq!(simply("kill -9 $$").await.0, Exit::Signalled(9));
    assert_eq!(simply("printf tail").await, (Exit::Exited(0), vec!["tail".to_owned()]));
}

#[tokio::test]
async fn a_command_sees_only_the_variables_it_was_given_and_no_input() {
    let mut spec = shell("env | sort; cat");
    spec.variables.insert("BRANCH".into(), "a; $(exit 9)".into());
    let (exit, lines) = lines_of(&spec, &SystemClock, &Cancel::never()).await;
    assert_eq!(exit.unwrap(), Exit::Exited(0));
    assert_eq!(lines, ["BRANCH=a; $(exit 9)", "PATH=/usr/local/bin:/usr/bin:/bin", "PWD=/"]);
}

#[tokio::test]
async fn what_a_command_leaves_behind_in_its_group_dies_with_it() {
    let (exit, lines) = simply("sleep 1000 & echo $!").await;
    assert_eq!(exit, Exit::Exited(0));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", lines[0])).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "alive: {stat}");
}

#[tokio::test]
async fn time_runs_out() {
    let clock = SimulatedClock::at(jiff::Timestamp::UNIX_EPOCH);
    let spec = shell("echo ready; sleep 1000");
    let over = AtomicBool::new(false);
    let mut pass = || {
        clock.advance(MINUTE);
        over.store(true, Ordering::Relaxed);
    };
    let never = Cancel::never();
    let exit = ticking(&clock, &over, once_ready(&spec, &never, &clock, &mut pass)).await;
    assert_eq!(exit, Exit::TimedOut);
}

#[tokio::test]
async fn silence_runs_out_but_not_while_there_is_output() {
    let clock = SimulatedClock::at(jiff::Timestamp::UNIX_EPOCH);
    let silent = Some(Duration::from_secs(5));
    let talking = shell("for i in 1 2 3 4; do echo ready; sleep 0.05; done");
    let talking = CommandSpec { no_output_timeout: silent, ..talking };
    let mut pass = || clock.advance(Duration::from_secs(4));
    assert_eq!(once_ready(&talking, &Cancel::never(), &clock, &mut pass).await, Exit::Exited(0));
    let silent = Some(Duration::from_millis(100));
    let mute = CommandSpec { no_output_timeout: silent, ..shell("echo ready; sleep 1000") };
    let (never, begun) = (Cancel::never(), AtomicBool::new(true));
    // The silence is shorter than the time there is, so that it ends first.
    let (exit, _) = ticking(&clock, &begun, lines_of(&mute, &clock, &never)).await;
    assert_eq!(exit.unwrap(), Exit::Silent);
}

#[tokio::test]
async fn a_stubborn_command_is_killed_when_its_grace_is_over() {
    let clock = SimulatedClock::at(jiff::Timestamp::UNIX_EPOCH);
    let (canceller, cancel) = Canceller::new();
    let spec = shell("trap 'echo no' TERM; echo ready; while :; do sleep 0.01; done");
    let said_no = AtomicBool::new(false);
    let mut sink = each(|line| {
        match line.text.as_str() {
            "ready" => canceller.stop(Stop::Gentle),
            "no" => said_no.store(true, Ordering::Relaxed),
            _ => {}
        }
        Ok(())
    });
    // Without its "no" no time passes, and it would never be killed.
    let exit = ticking(&clock, &said_no, run(&spec, &clock, &cancel, &mut sink)).await;
    assert_eq!(exit.unwrap(), Exit::Cancelled);
}

#[tokio::test]
async fn a_forced_cancel_does_not_ask() {
    let (canceller, cancel) = Canceller::new();
    let spec = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    let mut twice = || {
        assert_eq!((canceller.press(), canceller.press()), (Stop::Gentle, Stop::Forced));
    };
    assert_eq!(once_ready(&spec, &cancel, &SystemClock, &mut twice).await, Exit::Cancelled);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let spec = CommandSpec { command: vec!["no-such-program".into()], ..shell("") };
    let (exit, _) = lines_of(&spec, &SystemClock, &Cancel::never()).await;
    let message = exit.unwrap_err().to_string();
    assert_eq!(message, "no program 'no-such-program' in PATH=/usr/local/bin:/usr/bin:/bin");
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_command() {
    let mut full = |_: Vec<Line>| Err(std::io::Error::other("disk full"));
    let spec = shell("while :; do echo x; done");
    let exit = run(&spec, &SystemClock, &Cancel::never(), &mut full).await;
    assert!(matches!(exit, Err(ExecError::Sink(_))), "{exit:?}");
}

#[tokio::test]
async fn a_command_that_is_spoken_with_reads_an_answer_to_each_question() {
    let (answer, answers) = tokio::sync::mpsc::channel(1);
    let mut heard = Vec::new();
    let mut sink = each(|line| {
        if let Some(question) = line.text.strip_prefix("what is ") {
            answer.try_send(format!("it is {question}")).map_err(std::io::Error::other)?;
        }
        heard.push(line.text);
        Ok(())
    });
    let spec = shell("for it in a b; do echo what is $it; read -r told; echo $told; done");
    let exit = converse(&spec, &SystemClock, &Cancel::never(), &mut sink, answers).await;
    drop(sink);
    assert_eq!(exit.unwrap(), Exit::Exited(0));
    assert_eq!(heard, ["what is a", "it is a", "what is b", "it is b"]);
}

#[tokio::test]
async fn a_command_that_hears_nothing_more_is_no_error() {
    let (answer, answers) = tokio::sync::mpsc::channel(2);
    for _ in 0..2 {
        answer.try_send("x".repeat(1 << 20)).unwrap();
    }
    drop(answer);
    let spec = shell("head -c 3; exec <&-; echo; sleep 0.05; exit 4");
    let mut ignored = |_: Vec<Line>| Ok(());
    let exit = converse(&spec, &SystemClock, &Cancel::never(), &mut ignored, answers).await;
    assert_eq!(exit.unwrap(), Exit::Exited(4));
}
