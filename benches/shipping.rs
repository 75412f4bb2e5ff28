//! Times the way of a log: from a command's output to batches that a service has accepted, with masking on. In this
//! process, and over HTTP to a server on the loopback that takes everything; one after the other, and both at the same
//! time, each in a task of its own, as a run does it. Beside `cat` and, where `RELEVO_WATCHTOWER` names a Python that has it, watchtower on the same
//! server. Prints, with the rate by the clock also that by the processor's time, which says more where others work too;
//! asserts nothing but that every line arrived.
//!
//! `cargo bench --profile dev --config profile.dev.opt-level=3 --bench shipping [-- MEBIBYTES [TIMES]]`: so much text, so
//! many times over; `256 40` are ten gigabytes.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures time and starts programs"
)]

#[path = "shipping/spent.rs"]
mod spent;

use anyhow::{Context, Result, ensure};
use futures_util::future::BoxFuture;
use relevo::{
    clock::SystemClock,
    exec::{self, Cancel, CommandSpec, Exit, Inherited, Line},
    ids::{RunId, StageName},
    logs::{
        Level, LogEvent, LogFolder, LogReader, LogSink, Masker, PutOutcome, Shipment, Shipper,
        SinkError, StageLog,
    },
    spec::Pipeline,
    store::{Ask, Facts, NewRun, Reused, Store},
};
use spent::{Moment, Spent, peak};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{BufWriter, Write},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncReadExt as _, io::AsyncWriteExt as _, net::TcpListener, net::TcpStream};

/// Mebibytes of text if none are asked for.
const MEBIBYTES: u64 = 256;
const SECRETS: usize = 20;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// What this project wants to reach, and to stay under.
const GOAL_MB_S: f64 = 100.0;
const MEMORY_GOAL_MIB: f64 = 64.0;

fn main() -> Result<()> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mebibytes = arguments.first().map_or(Ok(MEBIBYTES), |text| text.parse())?;
    let times: u64 = arguments.get(1).map_or(Ok(1), |text| text.parse())?;
    let scratch = tempfile::tempdir()?;
    let text = scratch.path().join("text");
    let lines = write_text(&text, mebibytes)? * times;
    let bytes = fs::metadata(&text)?.len() * times;
    println!("{lines} lines, {} MB of text, {SECRETS} secrets", bytes / 1_000_000);
    let spoken = Spoken { text: text.clone(), times, lines, bytes };

    let started = Moment::now()?;
    let (program, files) = spoken.cat();
    let cat = Command::new(program).args(files).stdout(Stdio::null()).status()?;
    ensure!(cat.success(), "cat failed");
    report("cat FILE > /dev/null", bytes, Spent { cpu: None, ..started.spent()? });

    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let keep = scratch.path().join("kept");
    for wire in [Wire::None, Wire::Http] {
        for order in [Order::Apart, Order::Together] {
            runtime.block_on(measure(&keep, &spoken, wire, order))?;
            fs::remove_dir_all(&keep)?;
        }
    }
    println!("{:<44} {:>8.1} MiB  (goal {MEMORY_GOAL_MIB})", "peak memory", peak()?);
    runtime.block_on(watchtower(&text))
}

/// Lines as programs write them, a secret in every hundredth.
fn write_text(path: &Path, mebibytes: u64) -> Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    let (mut bytes, mut number) = (0, 0_u64);
    while bytes < mebibytes * 1024 * 1024 {
        let word = if number.is_multiple_of(100) {
            secret(number as usize % SECRETS)
        } else {
            "none".into()
        };
        let line = format!(
            "2026-11-22 17:00:00,{:03} INFO [trainer.{}] epoch {} batch {number}: loss=0.{:06} auc=0.86{} rows=124 \
             path=/opt/ml/processing/input/part-{number:08}.csv note=\"wrote checkpoint, moving on\" token={word}\n",
            number % 1000,
            number % 7,
            number / 1000,
            number * 7919 % 1_000_000,
            number % 10,
        );
        file.write_all(line.as_bytes())?;
        (bytes, number) = (bytes + line.len() as u64, number + 1);
    }
    file.flush()?;
    Ok(number)
}

fn secret(number: usize) -> String {
    format!("s3cr3t/{number:02}+Zm9vYmFy-value")
}

/// What a command says.
#[derive(Debug, Clone)]
struct Spoken {
    text: PathBuf,
    times: u64,
    lines: u64,
    bytes: u64,
}

impl Spoken {
    fn cat(&self) -> (&'static str, impl Iterator<Item = &PathBuf>) {
        ("cat", (0..self.times).map(|_| &self.text))
    }
}

/// Whether lines are shipped when all are kept, or while they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Apart,
    Together,
}

/// How batches leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// They do not.
    None,
    /// As the JSON of PutLogEvents to a server on the loopback.
    Http,
}

/// Takes every batch.
#[derive(Debug)]
struct Null {
    lines: AtomicU64,
    wire: Option<tokio::sync::Mutex<TcpStream>>,
}

impl Null {
    async fn take(&self, stream: &str, batch: &[LogEvent]) -> std::io::Result<()> {
        if let Some(wire) = &self.wire {
            let mut body = Vec::with_capacity(2 * 1024 * 1024);
            write!(
                body,
                "{{\"logGroupName\":\"null\",\"logStreamName\":\"{stream}\",\"logEvents\":["
            )?;
            for (at, event) in batch.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                write!(body, "{comma}{{\"timestamp\":{},\"message\":", event.timestamp_ms)?;
                serde_json::to_writer(&mut body, &event.message)?;
                body.push(b'}');
            }
            body.extend_from_slice(b"]}");
            let head = format!(
                "POST / HTTP/1.1\r\nHost: null\r\nX-Amz-Target: Logs_20140328.PutLogEvents\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let mut wire = wire.lock().await;
            wire.write_all(head.as_bytes()).await?;
            wire.write_all(&body).await?;
            let mut answer = [0; 4096];
            if wire.read(&mut answer).await? == 0 {
                return Err(std::io::Error::other("no answer"));
            }
        }
        self.lines.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}

impl LogSink for Null {
    fn ensure<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), SinkError>> {
        Box::pin(async { Ok(()) })
    }

    fn put<'a>(
        &'a self,
        stream: &'a str,
        batch: &'a [LogEvent],
    ) -> BoxFuture<'a, Result<PutOutcome, SinkError>> {
        Box::pin(async move {
            self.take(stream, batch).await.map_err(|error| SinkError {
                fault: relevo::logs::SinkFault::Unknown,
                message: error.to_string(),
            })?;
            Ok(PutOutcome::default())
        })
    }

    fn arrived<'a>(
        &'a self,
        _: &'a str,
        _: RangeInclusive<u64>,
        _: i64,
    ) -> BoxFuture<'a, Result<BTreeSet<u64>, SinkError>> {
        Box::pin(async { Ok(BTreeSet::new()) })
    }

    fn settling(&self) -> Duration {
        Duration::ZERO
    }
}

/// Masks and keeps what is spoken, and ships what was kept.
async fn measure(keep: &Path, spoken: &Spoken, wire: Wire, order: Order) -> Result<()> {
    fs::create_dir_all(keep)?;
    let clock = Arc::new(SystemClock);
    let store = Store::open(&keep.join("db"), clock.clone()).await?;
    let new = NewRun {
        repository: "/repo".into(),
        reference: "main".into(),
        commit: "0123456789012345678901234567890123456789".parse()?,
        environment: "prod".parse()?,
        facts: Facts::default(),
        pipeline: Pipeline { name: "bench".into(), environments: vec![], stages: vec![] },
        reused: Reused::default(),
    };
    let run = store.create_or_find(new, Ask::Once).await?.into_run();
    let lease = store.acquire(&run.id).await?;
    let folder = LogFolder::at(keep.join("logs"));
    let wire_to = match wire {
        Wire::None => None,
        Wire::Http => Some(tokio::sync::Mutex::new(TcpStream::connect(server().await?).await?)),
    };
    let sink = Arc::new(Null { lines: AtomicU64::new(0), wire: wire_to });
    let shipment = Shipment { store, clock, folder: folder.clone(), sink: sink.clone() };
    let mut shipper = Shipper::new(shipment, &run, lease).await?;

    let started = Moment::now()?;
    let writing = write_log(folder.clone(), run.id.clone(), spoken.clone());
    if order == Order::Together {
        tokio::select! {
            ended = tokio::spawn(writing) => ended??,
            never = shipper.keep_shipping() => match never {},
        }
    } else {
        writing.await?;
    }
    let (written, all_written) = (started.spent()?, Moment::now()?);
    shipper.ship_once().await?;
    let (shipped, whole) = (all_written.spent()?, started.spent()?);
    ensure!(sink.lines.load(Ordering::Relaxed) == spoken.lines, "lines are missing");
    ensure!(shipper.drain(HOUR).await?.lines == 0, "lines are unsent");

    let file = folder.of_stage(&run.id, &stage()?);
    let first = LogReader::open(&file, 0)?.next()?.context("there is no line")?.line.message;
    ensure!(first.ends_with("token=***"), "a secret was kept: {first}");
    let kept = fs::metadata(file)?.len();
    match (order, wire) {
        (Order::Apart, Wire::None) => {
            report("output to file: masked, kept", spoken.bytes, written);
            report("file to accepted batches, in process, kept", kept, shipped);
        }
        (Order::Apart, Wire::Http) => {
            report("file to accepted batches, over HTTP, kept", kept, shipped);
        }
        (Order::Together, _) => {
            report(&format!("output to accepted batches ({wire:?})"), spoken.bytes, whole);
        }
    }
    Ok(())
}

fn stage() -> Result<StageName> {
    Ok("train".parse()?)
}

/// Runs a command that speaks, as a stage does.
async fn write_log(folder: LogFolder, run: RunId, spoken: Spoken) -> Result<()> {
    let masker = Masker::of((0..SECRETS).map(secret));
    let clock = Arc::new(SystemClock);
    let log = StageLog::open(&folder, (&run, &stage()?), masker, clock, Arc::new(|_| {}))?;
    let mut stream = log.stream(Level::Info);
    let (program, files) = spoken.cat();
    let command = [program.to_owned()].into_iter();
    let spec = CommandSpec {
        command: command.chain(files.map(|file| file.display().to_string())).collect(),
        directory: "/".into(),
        inherited: Inherited::from([]),
        variables: BTreeMap::new(),
        timeout: HOUR,
        no_output_timeout: None,
        grace: Duration::ZERO,
    };
    let mut keep = |lines: Vec<Line>| stream.pieces(&lines);
    let exit = exec::run(&spec, &SystemClock, &Cancel::never(), &mut keep).await?;
    ensure!(exit == Exit::Exited(0), "cat ended with {exit:?}");
    Ok(())
}

/// A server that reads requests and answers `{}`.
async fn server() -> Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(answer(connection));
        }
    });
    Ok(address)
}

async fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    loop {
        let end = buffer[..filled].windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            let read = connection.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Ok(());
            }
            filled += read;
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let mut rest = length.saturating_sub(filled - end - 4);
        while rest > 0 {
            let read = connection.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            rest = rest.saturating_sub(read);
        }
        filled = 0;
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}";
        connection.write_all(answer.as_bytes()).await?;
    }
}

/// Python's way, which masks nothing and keeps nothing.
const WATCHTOWER: &str = "\
import boto3, logging, sys, time, watchtower
client = boto3.client('logs', endpoint_url=sys.argv[2], region_name='us-east-1',
                      aws_access_key_id='x', aws_secret_access_key='x')
handler = watchtower.CloudWatchLogHandler(boto3_client=client, log_group_name='null', create_log_group=False,
                                          create_log_stream=False, max_batch_count=10000)
log = logging.getLogger('bench'); log.setLevel(logging.INFO); log.propagate = False; log.addHandler(handler)
started = time.monotonic(); size = 0
for line in open(sys.argv[1]):
    size += len(line); log.info(line[:-1])
    if size >= 32_000_000: break
handler.flush(); handler.close()
print(size, time.monotonic() - started)";

async fn watchtower(text: &Path) -> Result<()> {
    let Ok(python) = std::env::var("RELEVO_WATCHTOWER") else {
        println!("watchtower: not measured; RELEVO_WATCHTOWER names a Python that has it");
        return Ok(());
    };
    let url = format!("http://{}", server().await?);
    let mut python = tokio::process::Command::new(python);
    let told = python.args(["-c", WATCHTOWER]).arg(text).arg(url).output().await?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told = String::from_utf8(told.stdout)?;
    let (bytes, seconds) = told.trim().split_once(' ').context("watchtower told nothing")?;
    let time = Duration::from_secs_f64(seconds.parse()?);
    report("watchtower, first 32 MB", bytes.parse()?, Spent { time, cpu: None });
    Ok(())
}

fn report(what: &str, bytes: u64, Spent { time, cpu }: Spent) {
    let megabytes = bytes as f64 / 1e6;
    let rate = megabytes / time.as_secs_f64();
    let of_cpu = cpu.map_or(String::new(), |cpu| {
        format!("  {:>8.1} MB in a second of processor time", megabytes / cpu.as_secs_f64())
    });
    println!("{what:<46} {rate:>8.1} MB/s  {:>6.2} of the goal{of_cpu}", rate / GOAL_MB_S);
}
