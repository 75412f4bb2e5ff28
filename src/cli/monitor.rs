//! `agent monitor`: a batch held against a baseline, on this machine.

use super::{
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
};
use crate::monitor::{
    self, Assessment, DriftTest, Evidence, FeatureDrift, Header, Limits, Table, Verdict,
    violations_file,
};
use anyhow::Context as _;
use comfy_table::presets::NOTHING;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Hold a batch of rows against a baseline: Model Monitor's three files, and a verdict that knows how many rows there are
///
/// The same checks and the same test as in a nightly inference, on two CSV files and without a cloud.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The rows to be judged, as CSV
    #[arg(value_name = "BATCH")]
    batch: PathBuf,
    /// The rows that the model was trained on, with the same columns
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// The first line of both files names the columns
    #[arg(long)]
    header: bool,
    /// Write statistics.json, constraints.json and constraint_violations.json into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Batches with fewer rows are not judged
    #[arg(long, value_name = "N", default_value_t = Limits::default().minimum_rows)]
    minimum_rows: u64,
    /// Share of clean batches that may be called drifted
    #[arg(long, value_name = "P", default_value_t = Limits::default().significance, value_parser = share)]
    significance: f64,
}

const EXAMPLES: &str = "\
Examples:
  agent monitor tonight.csv --baseline train.csv --header
  agent monitor tonight.csv --baseline baseline.csv --out report/
  agent monitor tonight.csv --baseline baseline.csv --json

Exit codes: 0 clean or too few rows to say, 5 drift or a data defect, 1 a file cannot be read, 2 wrong usage";

pub(crate) fn monitor(args: &Args, output: &Output) -> CliResult {
    let header = if args.header { Header::Present } else { Header::Absent };
    let (baseline, batch) = (table(&args.baseline, header)?, table(&args.batch, header)?);
    let report = Report::of(&baseline, &batch, args)?;
    if let Some(folder) = &args.out {
        report.write(folder)?;
    }
    match output.format {
        Format::Json => output.json(&report.assessment)?,
        Format::Text => output.data(&told(&report.assessment))?,
    }
    Ok(match report.assessment.verdict {
        Verdict::Clean | Verdict::TooFewRows => Exit::Done,
        Verdict::Drift | Verdict::DataDefect => Exit::Differs,
        Verdict::InfrastructureFailure => Exit::Failed,
    })
}

fn table(file: &Path, header: Header) -> Result<Table, CliError> {
    let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Table::read([text.as_str()], header).map_err(|flaw| {
        CliError::usage(format!("{}: {flaw}", file.display()))
            .hint("both are CSV with the same columns; --header if their first line names them")
    })
}

/// The three files and what they come to.
struct Report {
    files: [(&'static str, Value); 3],
    assessment: Assessment,
}

impl Report {
    fn of(baseline: &Table, batch: &Table, args: &Args) -> Result<Self, CliError> {
        let (known, constraints) = (monitor::statistics(baseline), monitor::constraints(baseline));
        let seen = monitor::statistics(batch);
        let violations =
            monitor::violations(batch, &known, &constraints).map_err(CliError::usage)?;
        let limits = Limits { minimum_rows: args.minimum_rows, significance: args.significance };
        let evidence = Evidence {
            baseline_statistics: &known,
            batch_statistics: &seen,
            violations: &violations,
            constraints: Some(&constraints),
            names: &[],
            limits,
        };
        let assessment = monitor::assess(&evidence).map_err(CliError::usage)?;
        let files = [
            ("statistics.json", seen),
            ("constraints.json", constraints),
            ("constraint_violations.json", violations_file(&violations)),
        ];
        Ok(Self { files, assessment })
    }

    fn write(&self, folder: &Path) -> Result<(), CliError> {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        for (name, content) in &self.files {
            let file = folder.join(name);
            let text = serde_json::to_vec_pretty(content).context("write JSON")?;
            fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
        }
        Ok(())
    }
}

fn told(assessment: &Assessment) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(NOTHING).set_header(["COLUMN", "TEST", "STATISTIC", "P", "DISTANCE", ""]);
    for feature in &assessment.features {
        table.add_row(row(feature));
    }
    let found = assessment.violations.iter();
    let found = found.map(|one| format!("\n  {}: {}", one.feature_name, one.description));
    let violations = match assessment.violations.len() {
        0 => String::new(),
        some => format!("\n\nviolations of the baseline's constraints: {some}"),
    };
    format!("{assessment}\n\n{table}{violations}{}", found.collect::<String>())
}

fn row(feature: &FeatureDrift) -> [String; 6] {
    [
        feature.name.clone(),
        test(feature.test).to_owned(),
        format!("{:.3}", feature.statistic),
        probability(feature.adjusted_p_value),
        format!("{:.3}", feature.distance),
        if feature.drifted { "drifted".to_owned() } else { String::new() },
    ]
}

fn test(test: DriftTest) -> &'static str {
    match test {
        DriftTest::KolmogorovSmirnov => "Kolmogorov-Smirnov",
        DriftTest::ChiSquare => "chi-square",
        DriftTest::FisherExact => "Fisher's exact",
    }
}

fn probability(p: f64) -> String {
    if p < SMALLEST_PLAIN { format!("{p:.0e}") } else { format!("{p:.3}") }
}

/// Below this a probability is told by its power of ten.
const SMALLEST_PLAIN: f64 = 0.001;

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a number between 0 and 1, such as 0.01".to_owned()),
    }
}
