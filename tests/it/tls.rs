//! Keys for tests, made by `openssl`.

use std::process::{Command, Stdio};

/// Runs it; does it say yes? A word, and nothing, where there is none.
pub(crate) fn openssl(arguments: &[&str]) -> Option<bool> {
    let mut command = Command::new("openssl");
    let ran = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if ran.is_err() {
        println!("skipped: there is no openssl");
    }
    Some(ran.ok()?.success())
}
