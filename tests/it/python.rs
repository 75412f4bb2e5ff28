//! The Python that tests compare with.

use std::path::{Path, PathBuf};

/// The Python with numpy, scikit-learn, XGBoost, boto3 and the AWS CLI.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment which Python to use"
)]
pub fn equipped_python() -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .map(|target| target.join("venv/bin/python"));
    let python = std::env::var_os("RELEVO_PYTHON")
        .map(PathBuf::from)
        .or(built)
        .filter(|python| python.exists());
    if python.is_none() {
        println!(
            "skipped: no Python with the packages of tests/python/requirements.txt; scripts/test makes one, or set RELEVO_PYTHON"
        );
    }
    python
}
