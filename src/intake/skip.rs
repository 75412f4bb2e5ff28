//! Commits that ask not to be run.

/// What a commit message says so with; those that GitHub's own workflows know.
const TOKENS: [&str; 5] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"];
/// The same as a trailer: GitHub takes it at the end of the message, behind an empty line.
const TRAILERS: [&str; 2] = ["skip-checks:true", "skip-checks: true"];

/// The words with which a commit message asks for no run, if it does.
#[must_use]
pub fn skip_token(message: &str) -> Option<&'static str> {
    let lower = message.to_ascii_lowercase();
    let trailer = || {
        let mut lines = lower.trim_end().lines().rev();
        let last = lines.next()?.trim();
        let is_trailer = lines.any(|line| line.trim().is_empty());
        TRAILERS.into_iter().find(|token| is_trailer && last == *token)
    };
    TOKENS.into_iter().find(|token| lower.contains(token)).or_else(trailer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_can_ask_for_no_run() {
        for (message, token) in [
            ("Fix a word [skip ci]", Some("[skip ci]")),
            ("Fix\\n\\nbody [CI SKIP] more", Some("[ci skip]")),
            ("[no ci] x", Some("[no ci]")),
            ("x\n\nskip-checks: true\n", Some("skip-checks: true")),
            ("x\n\nskip-checks:true", Some("skip-checks:true")),
            ("skip-checks: true", None),
            ("talks of skip ci without brackets", None),
            ("", None),
        ] {
            assert_eq!(skip_token(message), token, "{message:?}");
        }
    }
}
