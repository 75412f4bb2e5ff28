//! The process itself: memory, files, threads, under the names that dashboards know.

use std::{fmt::Write as _, fs};

/// Adds what `/proc` says; what it does not say is left out.
pub(super) fn append(text: &mut String) {
    let figures = [
        ("process_resident_memory_bytes", "Resident memory size in bytes.", resident()),
        ("process_open_fds", "Number of open file descriptors.", descriptors()),
        ("process_threads", "Number of threads.", threads()),
    ];
    for (name, help, figure) in figures {
        if let Some(figure) = figure {
            // Writing to a text does not fail.
            let _written =
                writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {figure}");
        }
    }
}

fn resident() -> Option<u64> {
    status("VmRSS:").map(|kilobytes| kilobytes * 1024)
}

fn threads() -> Option<u64> {
    status("Threads:")
}

fn status(key: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn descriptors() -> Option<u64> {
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_files_and_threads() {
        for figure in [resident(), threads(), descriptors()] {
            assert!(figure.unwrap() > 0);
        }
    }
}
