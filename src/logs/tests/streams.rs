//! Whatever is written, whatever fails and whenever the agent dies: every line arrives once, or is counted.

use super::*;

fn moods() -> impl Strategy<Value = Vec<Option<Mood>>> {
    let faults =
        prop_oneof![Just(SinkFault::Busy), Just(SinkFault::Denied), Just(SinkFault::Missing)];
    let mood = prop_oneof![
        Just(None),
        faults.prop_map(|fault| Some(Mood::FailBefore(fault))),
        Just(Some(Mood::FailBefore(SinkFault::Unknown))),
        Just(Some(Mood::FailAfter(SinkFault::Unknown))),
        Just(Some(Mood::LoseTheNewest)),
    ];
    proptest::collection::vec(mood, 0..8)
}

/// What happens between two looks at a world.
#[derive(Debug, Clone)]
enum Turn {
    /// A stage (by number) writes lines.
    Write(usize, u64),
    /// The shipper passes over all logs.
    Ship,
    /// The agent dies in the middle of a pass, after it was polled so often, and another one goes on.
    Die(usize),
    /// Time passes: lines get older, perhaps too old.
    Wait(Duration),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => (0..3_usize, 1..5_u64).prop_map(|(stage, lines)| Turn::Write(stage, lines)),
        3 => Just(Turn::Ship),
        2 => (0..40_usize).prop_map(Turn::Die),
        1 => (1..400_u32).prop_map(|hours| Turn::Wait(hours * HOUR)),
    ];
    proptest::collection::vec(turn, 1..16)
}

/// Polls `future` so often and drops it, as a death does.
async fn cut_short<F: Future>(future: F, polls: usize) {
    let (mut future, mut left) = (Box::pin(future), polls);
    std::future::poll_fn(|context| {
        let is_over = left == 0 || future.as_mut().poll(context).is_ready();
        left = left.saturating_sub(1);
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_line_of_any_stream_is_lost_or_doubled_whatever_fails_and_whoever_dies(
        turns in turns(), moods in moods(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let stages: Vec<StageName> =
                ["gate", "plan", "train"].map(|name| name.parse().unwrap()).to_vec();
            let mut written: BTreeMap<StageName, u64> = BTreeMap::new();
            world.service.is_told(moods.into_iter().flatten());
            let mut shipper = world.shipper().await;
            for turn in turns {
                match turn {
                    Turn::Write(stage, lines) => {
                        let log = world.log_of(&stages[stage]);
                        for number in 0..lines {
                            log.line(Level::Info, &format!("line {number}")).unwrap();
                        }
                        *written.entry(stages[stage].clone()).or_default() += lines;
                    }
                    // A pass may fail: that is the point.
                    Turn::Ship => drop(shipper.ship_once().await),
                    Turn::Die(polls) => {
                        cut_short(shipper.ship_once(), polls).await;
                        shipper = world.shipper().await;
                    }
                    Turn::Wait(time) => world.clock.advance(time),
                }
            }
            while shipper.ship_once().await.is_err() {}
            world.is_accounted_for(&written).await;
        });
    }
}

impl World {
    /// Lines written are lines in the group and lines counted as rejected; in order, none twice.
    async fn is_accounted_for(&self, written: &BTreeMap<StageName, u64>) {
        let cursors = self.store.log_cursors(&self.run.id).await.unwrap();
        let arrived = self.service.lines();
        for (stage, written) in written {
            let seqs: Vec<u64> =
                arrived.iter().filter(|line| line.stage == *stage).map(|line| line.seq).collect();
            assert!(seqs.is_sorted_by(|one, next| one < next), "{stage}: {seqs:?}");
            let cursor = cursors.iter().find(|cursor| cursor.stage == *stage).unwrap();
            let rejected: u64 = cursor.rejected.values().sum();
            assert_eq!(seqs.len() as u64 + rejected, *written, "{stage}: {seqs:?} {cursor:?}");
            assert_eq!((cursor.sent, cursor.next_seq), (seqs.len() as u64, written + 1));
        }
    }
}

fn small_line() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z€ ]{0,40}", Just(String::new()), "[€\u{1}\"]{100,300}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_reader_gets_every_line_back_however_it_was_cut(
        lines in proptest::collection::vec((small_line(), 0..3_usize, any::<bool>()), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let log = world.log();
            let mut streams = [log.stream(Level::Info), log.stream(Level::Warning)];
            let mut expected = Vec::new();
            for (text, long, is_error) in lines {
                let pieces: Vec<String> = (0..long).map(|_| text.repeat(900)).collect();
                let stream = &mut streams[usize::from(is_error)];
                for piece in &pieces {
                    stream.piece(piece, Ending::Continued).unwrap();
                    // Somebody else writes in between.
                    log.line(Level::Debug, "between").unwrap();
                }
                stream.piece(&text, Ending::Complete).unwrap();
                let whole = pieces.concat() + &text;
                expected.push(if whole.is_empty() { " ".to_owned() } else { whole });
            }
            let kept = world.kept();
            assert!(kept.iter().all(|line| !line.message.is_empty()));
            let whole = joined(kept).into_iter().filter(|line| line.level != Level::Debug);
            assert_eq!(whole.map(|line| line.message).collect::<Vec<_>>(), expected);
            assert_eq!(world.drained().await.lines, 0);
        });
    }
}

#[test]
fn what_was_never_continued_is_not_joined() {
    let line = |seq, message: &str| LogLine {
        run: "01234567-89ab-7def-8123-456789abcdef".parse().unwrap(),
        stage: train(),
        seq,
        level: Level::Info,
        time: jiff::Timestamp::UNIX_EPOCH,
        message: message.to_owned(),
    };
    let lines = [line(1, "half …[continues]"), line(2, "other"), line(3, "[continued]… alone")];
    let messages: Vec<String> =
        joined(lines.clone()).into_iter().map(|line| line.message).collect();
    assert_eq!(messages, lines.map(|line| line.message));
}

fn raw_lines() -> impl Strategy<Value = Vec<RawLine>> {
    let step = prop_oneof![6 => 0..5_000_i64, 1 => 3_600_000..200_000_000_i64];
    let size =
        prop_oneof![8 => 1..300_usize, 1 => 100_000..600_000_usize, 1 => 999_990..1_000_010_usize];
    proptest::collection::vec((step, size), 1..60).prop_map(|lines| {
        let mut time = 1_767_225_600_000;
        let mut end = 0;
        let of = |(at, (step, size)): (usize, (i64, usize))| {
            time += step;
            end += size as u64 + 1;
            let time = jiff::Timestamp::from_millisecond(time).unwrap();
            RawLine { seq: at as u64 + 1, time, text: "x".repeat(size), end }
        };
        lines.into_iter().enumerate().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_batch_keeps_every_rule_and_none_could_be_longer(
        lines in raw_lines(), most in 1..80_usize, now in 0..30_i64,
    ) {
        let last = lines.last().unwrap().time;
        let now = last + jiff::SignedDuration::from_hours(24 * now);
        let (mut done, mut rejected) = (0, 0);
        while done < lines.len() {
            let mut rest = lines[done..].iter().cloned();
            let taken = batch::take(|| Ok(rest.next()), batch::Extent::Fresh(most, now)).unwrap();
            let too_old = |line: &RawLine| now.duration_since(line.time).as_hours() >= 14 * 24
                && now.duration_since(line.time) > jiff::SignedDuration::from_hours(14 * 24);
            match taken {
                batch::Batch::Empty => unreachable!("there are lines"),
                batch::Batch::Reject { lines: count, reason, last_seq, end } => {
                    let gone = &lines[done..done + count as usize];
                    for line in gone {
                        let fits = if reason == "too long" { line.text.len() <= LONGEST_EVENT } else { !too_old(line) };
                        prop_assert!(!fits, "{}", reason);
                    }
                    done += gone.len();
                    rejected += gone.len();
                    prop_assert_eq!((last_seq, end), (done as u64, lines[done - 1].end));
                }
                batch::Batch::Put { events, last_seq, end } => {
                    let size = |events: &[LogEvent]| events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum::<usize>();
                    let span = events[events.len() - 1].timestamp_ms - events[0].timestamp_ms;
                    prop_assert!(events.len() <= most.min(MOST_EVENTS) && size(&events) <= MOST_BYTES);
                    prop_assert!(events.is_sorted_by_key(|event| event.timestamp_ms) && span <= 24 * 3_600_000);
                    for (event, line) in events.iter().zip(&lines[done..]) {
                        prop_assert_eq!((&event.message, event.timestamp_ms), (&line.text, line.time.as_millisecond()));
                        prop_assert!(event.message.len() <= LONGEST_EVENT && !too_old(line));
                    }
                    done += events.len();
                    prop_assert_eq!((last_seq, end), (done as u64, lines[done - 1].end));
                    if let Some(next) = lines.get(done) {
                        let span = next.time.as_millisecond() - events[0].timestamp_ms;
                        let is_full = events.len() == most
                            || size(&events) + next.text.len() + EVENT_OVERHEAD > MOST_BYTES
                            || span > 23 * 3_600_000
                            || next.text.len() > LONGEST_EVENT;
                        prop_assert!(is_full, "{} lines, then {:?}", events.len(), next.time);
                    }
                }
            }
        }
        prop_assert_eq!(done, lines.len());
        prop_assert!(rejected <= done);
    }
}
