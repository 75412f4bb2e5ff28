//! What is said about a pull request: whether what it holds is in order, what it declares otherwise than the branch does,
//! and what a push of it would do. Nothing of it was run, and no account was looked at.

use super::{
    Annotation, CheckRun, Comment, CommitStatus, Conclusion, Declared, Level, MOST_ANNOTATIONS,
    Progress, StatusState, comment::LONGEST_COMMENT, promotion::LONGEST_DESCRIPTION, text,
};
use crate::ids::{EnvName, Sha, StageName};
use jiff::Timestamp;

/// Findings that the comment lists; the check has more, beside their lines.
const MOST_LISTED: usize = 20;
/// Characters of the list.
const LONGEST_LIST: usize = 20_000;

/// A pull request that was looked at.
#[derive(Debug, Clone)]
pub struct Proposal<'a> {
    /// Its number.
    pub number: u64,
    /// Its newest commit.
    pub commit: &'a Sha,
    /// Where it is to be merged.
    pub branch: &'a str,
    /// Where that branch deploys to.
    pub environment: &'a EnvName,
    /// The stages that a push would run, in their order; none if its pipeline cannot be read.
    pub stages: Vec<&'a StageName>,
    /// Do people have to let it go on?
    pub asks: Asks,
    /// What was found in its files.
    pub findings: &'a [Annotation],
    /// What it declares otherwise than the branch does; nothing if its files cannot be read.
    pub declared: Option<&'a Declared>,
    /// When.
    pub at: Timestamp,
}

/// Whether people are asked before anything is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// They are.
    People,
    /// They are not.
    Nobody,
}

impl Proposal<'_> {
    /// The check, with every finding beside its line.
    #[must_use]
    pub fn check(&self) -> CheckRun {
        let conclusion = if self.errors() > 0 { Conclusion::Failure } else { Conclusion::Success };
        let found = self.findings.len();
        let shown = if found > MOST_ANNOTATIONS {
            format!("{MOST_ANNOTATIONS} of {found} findings are shown.\n")
        } else {
            String::new()
        };
        CheckRun {
            commit: self.commit.clone(),
            name: self.name(),
            external_id: format!("{}/{}", self.number, self.commit),
            progress: Progress::Completed { conclusion, at: self.at },
            started: Some(self.at),
            page: None,
            title: self.title(),
            summary: format!("{shown}Files, definitions and data were checked; nothing was run."),
            text: None,
            annotations: self.findings.iter().take(MOST_ANNOTATIONS).cloned().collect(),
            actions: Vec::new(),
        }
    }

    /// The same as a status, where check runs cannot be had.
    #[must_use]
    pub fn status(&self) -> CommitStatus {
        let failed = self.errors() > 0;
        CommitStatus {
            commit: self.commit.clone(),
            context: self.name(),
            state: if failed { StatusState::Failure } else { StatusState::Success },
            description: text::line(&self.title(), LONGEST_DESCRIPTION),
            page: None,
        }
    }

    /// The comment that is edited in place with each push.
    #[must_use]
    pub fn comment(&self) -> Comment {
        let Self { environment, branch, commit, .. } = self;
        let marker = format!("<!-- relevo proposal {environment} -->");
        let mut body = format!(
            "{marker}\n### {} into `{branch}` would deploy to `{environment}`\n\n{}.\n\n",
            commit.short(),
            self.title()
        );
        let listed: Vec<String> = self.findings.iter().take(MOST_LISTED).map(line).collect();
        if !listed.is_empty() {
            let listed = text::visible(&listed.join("\n"));
            body.push_str(&text::block(&listed, LONGEST_LIST, "The check has more."));
        }
        if let Some(declared) = self.declared {
            body.push_str(&declared.section(branch, commit));
        }
        body.push_str(&self.order());
        let body = text::cut(&body, LONGEST_COMMENT);
        Comment { commit: (*commit).clone(), branch: (*branch).to_owned(), marker, body }
    }

    /// In a few words.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.errors(), self.findings.len()) {
            (0, 0) => "Files, definitions and data are in order".to_owned(),
            (0, warnings) => format!("In order, with {}", counted(warnings, "warning")),
            (errors, all) => format!("{} in {}", counted(errors, "error"), counted(all, "finding")),
        }
    }

    fn order(&self) -> String {
        if self.stages.is_empty() {
            return "\nA push of it would run nothing.\n".to_owned();
        }
        let stages: Vec<String> = self.stages.iter().map(|stage| format!("`{stage}`")).collect();
        let asks = match self.asks {
            Asks::People => ", and people would be asked before anything is changed",
            Asks::Nobody => "",
        };
        format!(
            "\nOnce it is merged, a run goes through {}{asks}. The plan is made then, from what is in the account; \
             nothing was run for this pull request.\n",
            stages.join(", ")
        )
    }

    fn name(&self) -> String {
        format!("relevo/{}/proposal", self.environment)
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|found| found.annotation_level == Level::Failure).count()
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn line(finding: &Annotation) -> String {
    let level = match finding.annotation_level {
        Level::Warning => "warning",
        Level::Failure => "error",
    };
    format!("{}:{}: {level}: {}", finding.path, finding.start_line, finding.message)
}
