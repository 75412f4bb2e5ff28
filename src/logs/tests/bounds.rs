//! One stream holds up no other, and the folder of logs has an end.

use super::*;

#[tokio::test]
async fn trouble_with_one_stream_holds_up_no_other_and_no_stage() {
    let world = World::new().await;
    for stage in ["gate", "plan", "train", "validate", "z"] {
        let stage = stage.parse().unwrap();
        world.log_of(&stage).line(Level::Info, "a line").unwrap();
        let stream = format!("prod/a-b/{}/{stage}", world.run.id);
        world.service.ensure(&stream).await.unwrap();
    }
    world.service.is_told([Mood::Hang]);
    let mut shipper = world.shipper().await;
    let others_arrived = async {
        while world.service.lines().len() < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = shipper.ship_once() => panic!("one hangs, yet {ended:?}"),
        () = others_arrived => {}
    }
    assert_eq!(world.service.lines().len(), 4, "one hangs");
    // The stage whose stream hangs goes on writing, and so do the others.
    world.write(2);
    shipper.ship_once().await.unwrap();
    assert_eq!(world.service.lines().len(), 7);
}

fn limits(stage: u64, folder: u64) -> Limits {
    Limits { stage, folder, reserve: 500 }
}

#[tokio::test]
async fn a_stage_that_writes_without_end_is_told_and_the_agent_can_still_say_why() {
    let mut world = World::new().await;
    world.folder = world.folder.clone().within(limits(5_000, 1_000_000));
    let log = world.log();
    let mut stream = log.stream(Level::Info);
    let refused = (0..1_000).find_map(|_| stream.piece("again", Ending::Complete).err()).unwrap();
    assert!(refused.to_string().contains("has reached its limit of 5000 bytes"), "{refused}");
    log.line(Level::Error, "the stage ends").unwrap();
    assert_eq!(world.messages().last().unwrap(), "the stage ends");
    assert_eq!(world.drained().await.lines, 0);
    assert_eq!(world.service.seqs().len(), world.kept().len(), "what was taken is not lost");
}

#[tokio::test]
async fn a_full_folder_loses_the_oldest_runs_that_are_in_the_cloud_and_no_other() {
    let mut world = World::new().await;
    world.folder = world.folder.clone().within(limits(1_000_000, 30_000));
    let earlier: Vec<RunId> = (1..4)
        .map(|number| format!("0000000{number}-89ab-7def-8123-456789abcdef").parse().unwrap())
        .collect();
    for run in &earlier {
        let clock = Arc::new(world.clock.clone());
        let ids = (run, &train());
        let log = StageLog::open(&world.folder, ids, Masker::default(), clock, Arc::new(|_| {}));
        log.unwrap().line(Level::Info, &"x".repeat(8_000)).unwrap();
    }
    // The first run's lines are on this machine only.
    let file: StagePart = train().as_str().parse().unwrap();
    let mark = |run, behind: u64| {
        let end = std::fs::metadata(world.folder.of(run, &file)).unwrap().len() - behind;
        world.folder.mark_shipped(run, &[(file.clone(), end)].into()).unwrap();
    };
    mark(&earlier[1], 0);
    mark(&earlier[2], 0);
    let is_there = |run: &RunId| world.folder.of_stage(run, &train()).exists();
    let log = world.log();
    log.line(Level::Info, &"x".repeat(8_000)).unwrap();
    assert_eq!(earlier.iter().map(is_there).collect::<Vec<_>>(), [true, false, true]);
    assert!(world.folder.was_removed(&earlier[1]) && !world.folder.was_removed(&earlier[2]));
    log.line(Level::Info, &"x".repeat(8_000)).unwrap();
    assert_eq!(earlier.iter().map(is_there).collect::<Vec<_>>(), [true, false, false]);
    let refused = log.line(Level::Info, &"x".repeat(8_000)).unwrap_err();
    assert!(refused.to_string().contains("the folder of all logs has reached"), "{refused}");
    assert!(is_there(&earlier[0]) && world.kept().len() == 2);
    let mut shipper = world.shipper().await;
    assert_eq!(shipper.drain(HOUR).await.unwrap().lines, 0);
    shipper.mark().unwrap();
    assert!(world.folder.is_shipped(&world.run.id).unwrap());
    drop(log);
    world.log();
    assert!(!world.folder.is_shipped(&world.run.id).unwrap(), "new lines may come");
}

#[tokio::test]
async fn a_line_behind_the_mark_keeps_its_file_and_one_in_a_removed_file_is_no_line() {
    let mut world = World::new().await;
    world.folder = world.folder.clone().within(limits(1_000_000, 20_000));
    let earlier: RunId = "00000001-89ab-7def-8123-456789abcdef".parse().unwrap();
    let clock = Arc::new(world.clock.clone());
    let (ids, masker) = ((&earlier, &train()), Masker::default());
    let frozen = StageLog::open(&world.folder, ids, masker, clock, Arc::new(|_| {})).unwrap();
    let long = "x".repeat(7_000);
    frozen.line(Level::Info, &long).unwrap();
    let file: StagePart = train().as_str().parse().unwrap();
    let mark = || {
        let end = std::fs::metadata(world.folder.of(&earlier, &file)).unwrap().len();
        world.folder.mark_shipped(&earlier, &[(file.clone(), end)].into()).unwrap();
    };
    mark();
    frozen.line(Level::Info, "written by who was frozen").unwrap();
    let log = world.log();
    log.line(Level::Info, &long).unwrap();
    let refused = log.line(Level::Info, &long).unwrap_err();
    assert!(refused.to_string().contains("has reached its limit"), "{refused}");
    mark();
    log.line(Level::Info, &long).unwrap();
    assert!(world.folder.was_removed(&earlier));
    let refused = frozen.line(Level::Info, "nobody would ever read this").unwrap_err();
    assert!(refused.to_string().contains("was removed"), "{refused}");
}
