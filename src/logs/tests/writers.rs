//! Two that write one file: who was frozen, and who goes on with the run.

use super::*;

#[tokio::test]
async fn two_that_write_one_file_number_no_line_twice() {
    let world = World::new().await;
    let logs = [world.log(), world.log()];
    std::thread::scope(|scope| {
        for log in &logs {
            let write = move || {
                (0..200).for_each(|n| log.line(Level::Info, &format!("line {n}")).unwrap());
            };
            scope.spawn(write);
        }
    });
    let kept = world.kept();
    let numbers: Vec<u64> = kept.iter().map(|line| line.seq).collect();
    assert_eq!(numbers, (1..=400).collect::<Vec<_>>());
    // One that has died in the middle of a line leaves none of it to the other.
    let path = world.folder.of_stage(&world.run.id, &train());
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"run\": \"half").unwrap();
    logs[0].line(Level::Info, "whole").unwrap();
    let last = world.kept().pop().unwrap();
    assert_eq!((last.seq, last.message.as_str()), (401, "whole"));
}

#[tokio::test]
async fn nobody_waits_for_one_that_is_frozen_in_the_middle_of_a_line() {
    let world = World::new().await;
    let log = world.log();
    log.line(Level::Info, "before").unwrap();
    let frozen = std::fs::File::open(world.folder.of_stage(&world.run.id, &train())).unwrap();
    frozen.lock().unwrap();
    for line in ["meanwhile", "and again"] {
        log.line(Level::Info, line).unwrap();
    }
    frozen.unlock().unwrap();
    log.line(Level::Info, "afterwards").unwrap();
    let said: Vec<_> = world.kept().into_iter().map(|line| line.message).collect();
    assert_eq!(said, ["before", "meanwhile", "and again", "afterwards"]);
}
