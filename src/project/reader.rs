//! Reading one file after another, keeping what was found and where.

use super::files::{FileError, Files};
use crate::spec::{Finding, Findings, Severity, SourceFile, Span};

/// Collects findings and sources while files are read one after another.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) findings: Findings,
    pub(super) sources: Vec<SourceFile>,
}

impl Reader {
    pub(super) fn checked<T>(
        &mut self,
        files: Files<'_>,
        path: &str,
        check: impl FnOnce(&SourceFile) -> Result<(T, Findings), Findings>,
    ) -> Result<Option<T>, FileError> {
        let Some(source) = self.required(files, path)? else { return Ok(None) };
        Ok(self.check(&source, check))
    }

    pub(super) fn check<T>(
        &mut self,
        source: &SourceFile,
        check: impl FnOnce(&SourceFile) -> Result<(T, Findings), Findings>,
    ) -> Option<T> {
        self.sources.push(source.clone());
        match check(source) {
            Ok((value, warnings)) => {
                self.findings.0.extend(warnings.0);
                Some(value)
            }
            Err(findings) => {
                self.findings.0.extend(findings.0);
                None
            }
        }
    }

    pub(super) fn required(
        &mut self,
        files: Files<'_>,
        path: &str,
    ) -> Result<Option<SourceFile>, FileError> {
        let source = Self::text(files, path)?;
        if source.is_none() {
            let (message, help) = match files {
                Files::Commit(_, commit) => (
                    format!("there is no {path} in commit {}", commit.short()),
                    format!("commit {path}"),
                ),
                Files::Folder(folder) => (
                    format!("there is no {path} in {}", folder.display()),
                    format!("write {path}, or name the project's folder"),
                ),
            };
            self.missing(path, message, help);
        }
        Ok(source)
    }

    pub(super) fn text(files: Files<'_>, path: &str) -> Result<Option<SourceFile>, FileError> {
        Ok(files.read(path)?.map(|content| SourceFile {
            name: path.to_owned(),
            text: String::from_utf8_lossy(&content).into_owned(),
        }))
    }

    pub(super) fn missing(&mut self, path: &str, message: String, help: String) {
        self.findings.0.push(Finding {
            severity: Severity::Error,
            code: "missing-file",
            file: path.to_owned(),
            line: 1,
            column: 1,
            span: Span { offset: 0, length: 0 },
            text: String::new(),
            message,
            help: Some(help),
        });
    }
}
