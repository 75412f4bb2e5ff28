//! What surrounds a job: its folder, its environment, its limits, its last word.

use super::{Bench, OUTPUT, SCRIPT, job};
use relevo::{
    app::Limits,
    rehearsal::{Containers as _, Files, JobFailure},
};
use std::time::Duration;

fn output(files: &Files) -> &str {
    std::str::from_utf8(&files[&format!("{OUTPUT}/told")]).unwrap()
}

fn reason<T: std::fmt::Debug>(result: Result<T, JobFailure>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_script_sees_four_variables_and_those_of_its_definition() {
    let Some(bench) = Bench::new().await else { return };
    let mut job =
        job("import os\n(base/'out/told').write_text(repr(dict(sorted(os.environ.items()))))");
    job.variables.insert("dataset".to_owned(), "/opt/ml/processing/input".to_owned());
    let told = bench.scripts.process(job).await.unwrap();
    let variables: Vec<&str> = output(&told).split('\'').skip(1).step_by(2).collect();
    let names: Vec<&str> = variables.iter().copied().step_by(2).collect();
    assert_eq!(names, ["HOME", "LANG", "PATH", "PYTHONHASHSEED", "dataset"]);
    let jobs = bench.jobs.path().to_str().unwrap();
    assert!(variables[1].starts_with(jobs) && variables[9].starts_with(jobs), "{variables:?}");
}

#[tokio::test]
async fn chance_is_the_same_each_time() {
    let Some(bench) = Bench::new().await else { return };
    let script = "(base/'out/told').write_text(str([hash('a'), list({'b', 'c', 'd'})]))";
    let (one, other) = tokio::join!(bench.run(script), bench.run(script));
    assert_eq!(one.unwrap(), other.unwrap());
}

#[tokio::test]
async fn jobs_see_their_own_files_only_and_leave_none() {
    let Some(bench) = Bench::new().await else { return };
    let list = |mark: &str| {
        format!(
            "(base/'{mark}').write_text('')\n\
             seen = sorted(str(path.relative_to(base)) for path in base.rglob('*') if path.is_file())\n\
             (base/'out/told').write_text(' '.join(seen))"
        )
    };
    let (one, other) = (list("one"), list("other"));
    let (one, other) = tokio::join!(bench.run(&one), bench.run(&other));
    assert_eq!(output(&one.unwrap()), "input/code/script.py one");
    assert_eq!(output(&other.unwrap()), "input/code/script.py other");
    assert_eq!(std::fs::read_dir(bench.jobs.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn only_the_output_folders_are_taken_back() {
    let Some(bench) = Bench::new().await else { return };
    let files = bench.run(
        "(base/'out/a').mkdir()\n(base/'out/a/b').write_text('c')\n(base/'d').write_text('e')",
    );
    assert_eq!(files.await.unwrap(), Files::from([(format!("{OUTPUT}/a/b"), b"c".to_vec())]));
    let link = bench.run("(base/'out/told').symlink_to('/etc/hostname')").await;
    assert_eq!(
        reason(link),
        format!("ClientError: '{OUTPUT}/told' among the outputs is neither a file nor a folder")
    );
}

#[tokio::test]
async fn a_script_that_sleeps_for_ever_is_ended_with_its_children() {
    let Some(bench) = Bench::new().await else { return };
    let mut job = job("import signal, subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_DFL)\n\
         subprocess.Popen(['sleep', '1000'], start_new_session=False).wait()");
    job.longest = Duration::from_millis(300);
    let failure = reason(bench.scripts.process(job).await);
    assert_eq!(failure, "ClientError: MaxRuntimeExceeded: the job ran longer than 300ms");
    assert_eq!(std::fs::read_dir(bench.jobs.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_script_that_takes_too_much_memory_fails() {
    let Some(bench) = Bench::new().await else { return };
    let memory = 512 << 20;
    let limits = Limits { memory, ..Limits::default() };
    let scripts = bench.scripts.clone().with_limits(limits);
    let fits = scripts.process(job("bytearray(1 << 28)")).await;
    assert!(fits.is_ok(), "{fits:?}");
    let failure = reason(scripts.process(job("bytearray(1 << 30)")).await);
    assert_eq!(failure, "AlgorithmError: MemoryError, exit code: 1");
}

#[tokio::test]
async fn the_last_word_of_a_job_is_its_own_and_repeats_no_row() {
    let Some(bench) = Bench::new().await else { return };
    for (script, expected) in [
        ("sys.exit('45 rows have no label')", "45 rows have no label, exit code: 1"),
        (
            "class DataError(Exception): pass\nraise DataError('row 7 is short')",
            "DataError: row 7 is short, exit code: 1",
        ),
        (
            "float('57,3,5,1')",
            "ValueError in script.py, line 4 (its text may repeat data and is not kept), exit code: 1",
        ),
        ("print('57,3,5,1')\nsys.exit(9)", "it did not say why, exit code: 9"),
        (
            "open(base/'no.csv')",
            "FileNotFoundError: [Errno 2] No such file or directory: '/opt/ml/processing/no.csv', exit code: 1",
        ),
        ("import no_such", "ModuleNotFoundError: No module named 'no_such', exit code: 1"),
        ("import os\nos.kill(os.getpid(), 9)", "ended by signal 9, exit code: 137"),
        (
            "sys.exit('AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX')",
            "AWS_SECRET_ACCESS_KEY=***, exit code: 1",
        ),
    ] {
        assert_eq!(reason(bench.run(script).await), format!("AlgorithmError: {expected}"));
    }
    let long = reason(bench.run("sys.exit('x' * 100_000)").await);
    assert!(long.len() < 1_000 && long.ends_with("x, exit code: 1"), "{}", long.len());
}

#[tokio::test]
async fn a_script_that_would_touch_this_machine_is_refused_by_name() {
    let Some(bench) = Bench::new().await else { return };
    let mut job = job("");
    job.files.insert(SCRIPT.to_owned(), b"open('/opt/ml/processing/x')".to_vec());
    let failure = reason(bench.scripts.process(job).await);
    assert!(
        failure.starts_with(&format!("ClientError: '{SCRIPT}' takes no --base-dir")),
        "{failure}"
    );
    let mut job = super::job("");
    job.files.insert("/opt/ml/processing/../../../x".to_owned(), Vec::new());
    assert!(reason(bench.scripts.process(job).await).ends_with("is not a path under /opt/ml"));
    let mut job = super::job("");
    job.command = vec!["/bin/sh".to_owned()];
    assert_eq!(
        reason(bench.scripts.process(job).await),
        "ClientError: the entry point of the job is no Python script"
    );
}
