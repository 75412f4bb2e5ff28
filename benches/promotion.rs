//! Times what a person waits for: a whole promotion in the rehearsal, a chain of stages that do nothing, the
//! help text; and the memory a promotion takes. Prints each beside a stated reference; asserts nothing.
//!
//! `cargo bench --profile dev --bench promotion` measures the binary that `cargo run` has built already;
//! without `--profile dev` everything is compiled again, optimised. Needs git and Python 3.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures time and starts programs"
)]

use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsStr,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const AGENT: &str = env!("CARGO_BIN_EXE_agent");
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

/// Stages of the chain, each `true`, each needing the one before.
const CHAIN: usize = 20;
/// nektos/act 0.2.89 on such a chain of twenty jobs: fastest and slowest of several runs, on two cores.
const ACT: [Duration; 2] = [Duration::from_millis(1650), Duration::from_millis(1960)];
/// What this project wants to stay under, on two cores.
const PROMOTION_GOAL: Duration = Duration::from_secs(1);
const CHAIN_GOAL: Duration = Duration::from_millis(200);
const HELP_GOAL: Duration = Duration::from_millis(20);
const MEMORY_GOAL_MIB: f64 = 80.0;
/// Runs per figure; the median is printed.
const RUNS: usize = 7;

/// Runs the child and prints its peak resident memory in KiB, as the kernel counted it.
const PEAK: &str = "\
import resource, subprocess, sys
child = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(child.returncode)";

fn main() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    promotion(scratch.path())?;
    chain(scratch.path())?;
    help(scratch.path())?;
    memory(scratch.path())
}

/// Promotes the example, each time from a clone that has never run.
fn promotion(scratch: &Path) -> Result<()> {
    let mut number = 0;
    let fresh = || -> Result<PathBuf> {
        number += 1;
        clone(&scratch.join(format!("promotion-{number}")))
    };
    let first = median(fresh, |checkout| run_main(checkout))?;
    report("promotion, first of a clone", first, &[("goal", PROMOTION_GOAL)]);

    let checkout = clone(&scratch.join("promotion-again"))?;
    run_main(&checkout)?;
    let again = median(|| Ok(checkout.clone()), |checkout| run_main(checkout))?;
    report("promotion of the same commit again", again, &[("goal", PROMOTION_GOAL)]);
    Ok(())
}

/// Runs a chain of stages that do nothing, beside what the shell and act need for as many.
fn chain(scratch: &Path) -> Result<()> {
    let folder = clone(&scratch.join("chain"))?;
    fs::write(folder.join("pipeline.yaml"), chain_of(CHAIN)?)?;
    call("git", ["commit", "--quiet", "--all", "--message", "Chain"], &folder)?;

    let mut number = 0;
    let fresh = || -> Result<PathBuf> {
        number += 1;
        let copy = scratch.join(format!("chain-{number}"));
        call(
            "git",
            [OsStr::new("clone"), "--quiet".as_ref(), folder.as_ref(), copy.as_ref()],
            scratch,
        )?;
        Ok(copy)
    };
    let agent = median(fresh, |checkout| run_main(checkout))?;
    let shell =
        median(|| Ok(()), |()| (0..CHAIN).try_for_each(|_| call("sh", ["-c", "true"], scratch)))?;
    report(
        &format!("chain of {CHAIN} stages, durable"),
        agent,
        &[
            (&format!("sh -c true, {CHAIN} times"), shell),
            ("act, fastest", ACT[0]),
            ("act, slowest", ACT[1]),
            ("goal", CHAIN_GOAL),
        ],
    );
    Ok(())
}

fn help(scratch: &Path) -> Result<()> {
    let time = median(|| Ok(()), |()| call(AGENT, ["--help"], scratch))?;
    report("agent --help", time, &[("goal", HELP_GOAL)]);
    Ok(())
}

fn memory(scratch: &Path) -> Result<()> {
    let checkout = clone(&scratch.join("memory"))?;
    let output = Command::new("python3")
        .args(["-c", PEAK, AGENT, "run", "--branch", "main"])
        .current_dir(checkout)
        .output()
        .context("measure memory with python3")?;
    ensure!(
        output.status.success(),
        "agent run failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let kibibytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let mebibytes = kibibytes / 1024.0;
    let ratio = mebibytes / MEMORY_GOAL_MIB;
    println!("{:<38} {mebibytes:>8.1} MiB", "peak memory of a promotion");
    println!("  {:<36} {MEMORY_GOAL_MIB:>8.1} MiB   {ratio:>6.2}", "goal");
    Ok(())
}

/// A pipeline.yaml whose stages form one chain.
fn chain_of(length: usize) -> Result<String> {
    let mut text =
        "version: 1\nname: chain\nenvironments:\n  prod: { branch: main }\nstages:\n".to_owned();
    for number in 1..=length {
        let needs = if number == 1 { String::new() } else { format!(", needs: [s{}]", number - 1) };
        writeln!(text, "  s{number}: {{ run: [\"true\"]{needs} }}")?;
    }
    Ok(text)
}

/// Clones the checkout's current commit into `folder`, as its branch `main`.
fn clone(folder: &Path) -> Result<PathBuf> {
    let checkout = Path::new(CHECKOUT);
    call("git", ["clone".as_ref(), "--quiet".as_ref(), checkout, folder], checkout)?;
    call("git", ["checkout", "--quiet", "-B", "main"], folder)?;
    call("git", ["config", "user.name", "Benchmark"], folder)?;
    call("git", ["config", "user.email", "benchmark@relevo.dev"], folder)?;
    Ok(folder.to_owned())
}

fn run_main(checkout: &Path) -> Result<()> {
    call(AGENT, ["run", "--branch", "main"], checkout)
}

/// Runs a program to its end with its output dropped.
fn call(
    program: &str,
    arguments: impl IntoIterator<Item: AsRef<OsStr>>,
    folder: &Path,
) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} ended with {}:\n{errors}", output.status);
    Ok(())
}

/// Median time of `act`, each run on what `prepare` made for it untimed.
fn median<T>(
    mut prepare: impl FnMut() -> Result<T>,
    act: impl Fn(&T) -> Result<()>,
) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let prepared = prepare()?;
        let started = Instant::now();
        act(&prepared)?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}

/// Prints a figure, and under it each reference with the ratio of the figure to it.
fn report(what: &str, time: Duration, references: &[(&str, Duration)]) {
    println!("{what:<38} {:>8.1} ms", time.as_secs_f64() * 1e3);
    for (name, reference) in references {
        let ratio = time.as_secs_f64() / reference.as_secs_f64();
        println!("  {name:<36} {:>8.1} ms    {ratio:>6.2}", reference.as_secs_f64() * 1e3);
    }
}
