//! What a pull request declares otherwise than the branch it is for: the part of its comment that says what a merge would
//! change.
//!
//! It is the difference of two declarations and says so; the plan against the account is made when it runs. Texts of the
//! pull request stand in blocks that nothing in them can close, and nobody who is named there is told.

use super::{StageChanges, text};
use crate::{
    ids::Sha,
    plan::{Plan, render},
};

/// Characters of the listing.
const LONGEST_DIFFERENCE: usize = 30_000;
/// Characters of one line of it.
const LONGEST_LINE: usize = 500;
/// Characters of the reason why there is none.
const LONGEST_REASON: usize = 4_000;
/// Files that are named; the rest is counted.
const MOST_NAMED: usize = 10;

/// A commit held against the tip of the branch that it is to be merged into.
///
/// The tip and not the commit where the two parted: what the branch was given since is there too, and whoever merges must
/// know. [`Lead`] says when that shows in the difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The branch's tip.
    pub base: Sha,
    /// Whether the commit has all that the branch has.
    pub lead: Lead,
    /// What differs.
    pub difference: Difference,
    /// What differs between the stages that a run goes through.
    pub stages: StageChanges,
    /// What it changes of the files by which the default branch rules.
    pub rules: Changed,
}

/// Whether a commit has all that the branch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// It has, and more.
    Ahead,
    /// The branch has moved on.
    Parted,
}

/// What differs between two declarations.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// These changes, if any.
    Plan(Box<Plan>),
    /// Neither declares anything that is deployed.
    Nothing,
    /// The branch's tip cannot be compared with, for this reason.
    NoBase(String),
    /// The commit cannot be compared, for this reason.
    NoHead(String),
}

/// Files of the rules that are not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Their paths.
    pub files: Vec<String>,
    /// From when on they count.
    pub counts: Counts,
}

/// From when on a file of the rules counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counts {
    /// From the merge on, as it is into the default branch: they are part of the difference.
    Merged,
    /// Once they are on the default branch, which has this name; until then its own count.
    Later(String),
}

impl Declared {
    /// The part of a comment about it.
    pub(super) fn section(&self, branch: &str, commit: &Sha) -> String {
        let (base, head) = (self.base.short(), commit.short());
        let said = match &self.difference {
            Difference::Plan(plan) if plan.is_empty() => format!(
                "\nNothing that is deployed differs from the tip of `{branch}`, `{base}`.\n{}",
                reason(&render::difference(plan))
            ),
            Difference::Plan(plan) => self.listing(plan, branch, head),
            Difference::Nothing => String::new(),
            Difference::NoBase(why) => format!(
                "\nWhat a merge changes cannot be told: the tip of `{branch}`, `{base}`, cannot be compared with.\n\n{}",
                reason(why)
            ),
            Difference::NoHead(why) => format!(
                "\nWhat a merge changes cannot be told: `{head}` cannot be compared with `{branch}`.\n\n{}",
                reason(why)
            ),
        };
        let stages = if self.stages.is_empty() {
            String::new()
        } else {
            format!("\nThe stages of a run change: {}.\n", self.stages.list())
        };
        said + &stages + &self.rules.sentence()
    }

    fn listing(&self, plan: &Plan, branch: &str, head: &str) -> String {
        let base = self.base.short();
        let lines: Vec<String> = text::visible(&render::difference(plan))
            .lines()
            .map(|line| text::cut(line, LONGEST_LINE))
            .collect();
        let pointer = format!("There is more: `agent plan --against {branch} --commit {head}`");
        let parted = match self.lead {
            Lead::Ahead => String::new(),
            Lead::Parted => format!(
                " `{branch}` has commits that this one has not; what they changed is listed here as if it were taken back."
            ),
        };
        format!(
            "\n**{} in what is declared.**\n\n<details>\n<summary>From {base} to {head}</summary>\n\n{}\n</details>\n\n\
             This is the difference between what `{branch}` declares at `{base}` and what this commit does, but for the \
             number of the commit itself; no account was looked at.{parted}\n",
            render::tally(plan),
            text::block(&lines.join("\n"), LONGEST_DIFFERENCE, &pointer),
        )
    }
}

impl Changed {
    fn sentence(&self) -> String {
        if self.files.is_empty() {
            return String::new();
        }
        let mut files: Vec<String> =
            self.files.iter().take(MOST_NAMED).map(|file| format!("`{file}`")).collect();
        if self.files.len() > MOST_NAMED {
            files.push(format!("{} more", self.files.len() - MOST_NAMED));
        }
        let files = files.join(", ");
        match &self.counts {
            Counts::Merged => format!(
                "\nIt changes {files}. From the merge on that counts for every branch, also where it says who may approve \
                 and when it may be deployed, which is not listed.\n"
            ),
            Counts::Later(default) => format!(
                "\nIt changes {files}. That counts only once it is on `{default}`, the default branch; until then what \
                 stands there does, and it is what was compared.\n"
            ),
        }
    }
}

/// A text in a block of its own, if there is any.
fn reason(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    text::block(&text::visible(text), LONGEST_REASON, "There is more.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        declared,
        fixture::{Commit, environment},
    };

    fn sha(digit: &str) -> Sha {
        digit.repeat(40).parse().unwrap()
    }

    fn plan(edit: impl FnOnce(&mut Commit)) -> Difference {
        let mut commit = Commit::first();
        edit(&mut commit);
        let (before, environment) = (Commit::first(), environment());
        let (before, after) = (before.blueprint(&environment), commit.blueprint(&environment));
        Difference::Plan(Box::new(declared(&before, &after).unwrap()))
    }

    fn of(difference: Difference) -> Declared {
        let rules = Changed { files: Vec::new(), counts: Counts::Merged };
        let stages = StageChanges::default();
        Declared { base: sha("a"), lead: Lead::Ahead, difference, stages, rules }
    }

    fn said(declared: &Declared) -> String {
        declared.section("main", &sha("b"))
    }

    /// What of a comment is Markdown, and not text in a block.
    fn outside(body: &str) -> String {
        let (mut outside, mut fence) = (String::new(), None::<String>);
        for line in body.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => outside.push_str(&format!("{line}\n")),
                Some(open) if ticks.len() >= open.len() && line.trim() == ticks => fence = None,
                Some(_) => {}
            }
        }
        assert_eq!(fence, None, "a block is left open");
        outside
    }

    #[test]
    fn what_differs_is_listed_with_before_and_after_and_what_it_is() {
        let difference = plan(|commit| {
            let (from, to) = (r#""DefaultValue": "all""#, r#""DefaultValue": "week""#);
            commit.train = commit.train.replace(from, to);
        });
        let text = said(&of(difference));
        let expected = "
**0 to create, 1 to change, 0 to remove in what is declared.**

<details>
<summary>From aaaaaaa to bbbbbbb</summary>

```text
  ~ change   pipeline      Mammo-Severity-Train
      ~ parameter DataWindow: DefaultValue: \"all\" -> \"week\"
```

</details>

This is the difference between what `main` declares at `aaaaaaa` and what this commit does, but for the number of the \
commit itself; no account was looked at.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_a_branch_was_given_since_is_not_taken_for_the_commits_doing() {
        let difference = plan(|commit| commit.train = commit.train.replace("ml.m5.xlarge", "m"));
        let text = said(&Declared { lead: Lead::Parted, ..of(difference) });
        let parted = "looked at. `main` has commits that this one has not; what they changed is listed here as if it were taken back.\n";
        assert!(text.ends_with(parted), "{text}");
    }

    #[test]
    fn where_nothing_differs_or_cannot_be_told_it_is_said_in_a_sentence() {
        let same = "\nNothing that is deployed differs from the tip of `main`, `aaaaaaa`.\n";
        assert_eq!(said(&of(plan(|_| {}))), same);
        assert_eq!(said(&of(Difference::Nothing)), "");
        let no_base = said(&of(Difference::NoBase("@octocat: pipeline.yaml".to_owned())));
        assert_eq!(
            no_base,
            "\nWhat a merge changes cannot be told: the tip of `main`, `aaaaaaa`, cannot be compared with.\n\n\
             ```text\n@octocat: pipeline.yaml\n```\n"
        );
        let no_head = said(&of(Difference::NoHead("why".to_owned())));
        let mut declared = of(Difference::Nothing);
        declared.stages.removed = vec!["approve".parse().unwrap()];
        assert_eq!(said(&declared), "\nThe stages of a run change: removed: `approve`.\n");
        assert!(no_head.contains("`bbbbbbb` cannot be compared with `main`.\n\n```text\nwhy"));
    }

    #[test]
    fn files_of_the_rules_count_from_the_merge_on_or_once_they_are_where_rules_are() {
        let files = (0..12).map(|n| format!("environments/e{n}.yaml")).collect();
        let mut declared = of(Difference::Nothing);
        declared.rules.files = files;
        let text = said(&declared);
        assert!(text.starts_with("\nIt changes `environments/e0.yaml`, "), "{text}");
        assert!(text.contains("e9.yaml`, 2 more. From the merge on that counts"), "{text}");
        declared.rules.counts = Counts::Later("main".to_owned());
        assert!(said(&declared).contains("only once it is on `main`, the default branch"));
    }

    #[test]
    fn no_value_leaves_its_block_or_tells_anybody() {
        let evil = "x\\n```\\n</details> @octocat <img src=x> \u{202e} ``````";
        let text = said(&of(plan(|commit| {
            commit.train = commit.train.replace("ml.m5.xlarge", evil);
        })));
        assert!(
            text.contains(r#"x\n```\n</details> @octocat <img src=x> \u{202e} ``````""#),
            "{text}"
        );
        let outside = outside(&text);
        assert_eq!(outside.matches("details>").count(), 2, "{outside}");
        assert!(!outside.contains('@') && !outside.contains("<img"), "{outside}");
    }

    #[test]
    fn a_long_listing_and_a_long_line_are_cut_and_say_where_the_rest_is() {
        let many = |commit: &mut Commit| {
            commit.train = commit.train.replace("\"all\"", &format!("\"{}\"", "l".repeat(90_000)));
            for n in 0..300 {
                commit.scripts.insert(format!("@octocat`````{n}.py"), "pass".to_owned());
            }
        };
        let text = said(&of(plan(many)));
        assert!(text.chars().count() < LONGEST_DIFFERENCE + 1_000, "{}", text.len());
        assert!(text.contains("There is more: `agent plan --against main --commit bbbbbbb`"));
        assert!(!outside(&text).contains('@'));
        let few = |commit: &mut Commit| {
            commit.train = commit.train.replace("\"all\"", &format!("\"{}\"", "l".repeat(90_000)));
        };
        let text = said(&of(plan(few)));
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest == Some(LONGEST_LINE) && text.contains("lll…\n"), "{longest:?}");
    }
}
