//! A branch, by a name that means nothing else anywhere.

use super::text_id;

/// Bytes of a name: file systems take 255 for one part of it, and no branch has more as a whole.
const LONGEST: usize = 255;

text_id!(
    /// A branch without `refs/heads/`, by git's own rules (`git check-ref-format --branch`): it never looks like an option,
    /// a path that goes up, or an expression that git computes.
    BranchName,
    "a branch name as git allows it",
    is_legal
);

fn is_legal(text: &str) -> bool {
    let is_forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    text.len() <= LONGEST
        && text != "@"
        && text != "HEAD"
        && !text.starts_with('-')
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(is_forbidden)
        && text.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_name_is_what_git_takes_for_one() {
        for name in
            ["main", "feature/a-b", "dev_1", "v1.2", "a@b", "année", "refs/heads/x", "#1", "$(id)"]
        {
            assert!(name.parse::<BranchName>().is_ok(), "{name}");
        }
        for name in [
            "",
            "-x",
            "--upload-pack=id",
            "a..b",
            "../x",
            "a/../b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a.lock",
            "a.lock/b",
            "a b",
            "a\nb",
            "a\0b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "@",
            "a@{1}",
            "HEAD",
            "a\u{7f}",
        ] {
            assert!(name.parse::<BranchName>().is_err(), "{name:?}");
        }
        assert!("a".repeat(LONGEST + 1).parse::<BranchName>().is_err());
    }
}
