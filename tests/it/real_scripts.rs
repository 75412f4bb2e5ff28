//! The repository's own Python in the rehearsal's containers, beside the stand-ins that must agree with it.
//!
//! Skipped, with a message, where there is no Python with the packages.

mod aside;
mod choice;
mod function;
mod inference;
mod jobs;
mod pipelines;
mod train;

use crate::python::equipped_python;
use relevo::{
    app::RealScripts,
    rehearsal::{Containers as _, Files, JobFailure, Processing},
};
use std::{collections::BTreeMap, time::Duration};
use tempfile::TempDir;

const SCRIPT: &str = "/opt/ml/processing/input/code/script.py";
const OUTPUT: &str = "/opt/ml/processing/out";

/// Real scripts in a folder of their own.
struct Bench {
    jobs: TempDir,
    scripts: RealScripts,
}

impl Bench {
    /// None where there is no Python for it.
    async fn new() -> Option<Self> {
        let python = equipped_python()?;
        let jobs = tempfile::tempdir().unwrap();
        let scripts = RealScripts::open(&python, jobs.path()).await.unwrap();
        Some(Self { jobs, scripts })
    }

    /// Runs a script whose body finds `base`, the folder it is given.
    async fn run(&self, body: &str) -> Result<Files, JobFailure> {
        self.scripts.process(job(body)).await
    }
}

/// A processing job whose script finds `base`, the folder it is given.
fn job(body: &str) -> Processing {
    let head = "import pathlib, sys\nassert sys.argv[1] == '--base-dir'\nbase = pathlib.Path(sys.argv[2])\n";
    Processing {
        command: ["python3", SCRIPT].map(str::to_owned).to_vec(),
        variables: BTreeMap::new(),
        files: Files::from([(SCRIPT.to_owned(), format!("{head}{body}").into_bytes())]),
        outputs: vec![OUTPUT.to_owned()],
        longest: Duration::from_secs(60),
    }
}
