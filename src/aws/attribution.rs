//! What a session is marked with, so that CloudTrail and policies can tell whose it is.
//!
//! Tags go along where the environment says so, because the role's trust policy must allow them. A chained role
//! inherits all but the purpose.

use super::Purpose;
use crate::{
    ids::{RunId, Sha},
    spec::{Environment, SessionTags},
};
use aws_sdk_sts::types::Tag;

/// Longest value of a session tag, in characters (AssumeRole, `Tags`).
const LONGEST_VALUE: usize = 256;
/// What is no letter, digit or blank and yet may stand in a value (the same).
const SIGNS: &str = "_.:/=+-@";
/// Stands for a character that may not.
const REPLACEMENT: char = '_';

/// What of a commit's sessions is known beside their run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Path or URL of the repository.
    pub repository: String,
    /// The commit.
    pub commit: Sha,
}

/// A tag of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionTag {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) reach: Reach,
}

/// How far a tag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// This session alone has it.
    Session,
    /// So have those of the roles that are taken with it.
    Chain,
}

/// The tags of a session of `run` in `environment`; none unless the environment has them sent.
pub(super) fn tags(
    environment: &Environment,
    (run, cause): (&RunId, Option<&Cause>),
    purpose: Purpose,
) -> Vec<SessionTag> {
    match environment.sessions.tags {
        SessionTags::None => Vec::new(),
        SessionTags::Sent => {
            let of_cause = cause.into_iter().flat_map(|cause| {
                let repository = without_user(&cause.repository);
                [("repository", repository), ("commit", cause.commit.as_str().to_owned())]
            });
            let all = of_cause.chain([
                ("environment", environment.name.as_str().to_owned()),
                ("run", run.as_str().to_owned()),
                ("purpose", purpose.word().to_owned()),
            ]);
            all.map(|(key, value)| SessionTag {
                key,
                value: legal(&value),
                reach: if key == "purpose" { Reach::Session } else { Reach::Chain },
            })
            .collect()
        }
    }
}

/// The tags as STS takes them, and the keys of those that go down a chain.
pub(super) fn as_sent(tags: &[SessionTag]) -> (Option<Vec<Tag>>, Option<Vec<String>>) {
    if tags.is_empty() {
        return (None, None);
    }
    let sent =
        tags.iter().filter_map(|tag| Tag::builder().key(tag.key).value(&tag.value).build().ok());
    let far = tags.iter().filter(|tag| tag.reach == Reach::Chain).map(|tag| tag.key.to_owned());
    (Some(sent.collect()), Some(far.collect()))
}

/// Whoever a repository is fetched as, with whatever password, is nobody else's business.
fn without_user(repository: &str) -> String {
    let Ok(mut url) = url::Url::parse(repository) else { return repository.to_owned() };
    if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
        return repository.to_owned();
    }
    url.to_string()
}

/// The end of `text` that fits, every character of it a legal one.
fn legal(text: &str) -> String {
    let is_legal = |c: char| c.is_alphanumeric() || c == ' ' || SIGNS.contains(c);
    let excess = text.chars().count().saturating_sub(LONGEST_VALUE);
    text.chars().skip(excess).map(|c| if is_legal(c) { c } else { REPLACEMENT }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::fixture, spec::Sessions};
    use proptest::prelude::*;

    fn tagged(repository: &str) -> Vec<SessionTag> {
        let sessions = Sessions { tags: SessionTags::Sent, ..Sessions::default() };
        let environment = Environment { sessions, ..fixture::environment() };
        let run = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
        let commit = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let cause = Cause { repository: repository.to_owned(), commit };
        tags(&environment, (&run, Some(&cause)), Purpose::Deploy)
    }

    #[test]
    fn a_session_tells_what_it_is_for_and_hands_it_on_but_for_its_purpose() {
        let tags = tagged("https://ada:hunter2@git.example.com/clinic/mammography.git");
        let told: Vec<(&str, &str)> =
            tags.iter().map(|tag| (tag.key, tag.value.as_str())).collect();
        assert_eq!(
            told,
            [
                ("repository", "https://git.example.com/clinic/mammography.git"),
                ("commit", "0123456789abcdef0123456789abcdef01234567"),
                ("environment", "prod"),
                ("run", "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e"),
                ("purpose", "deploy"),
            ]
        );
        let near: Vec<&str> =
            tags.iter().filter(|tag| tag.reach == Reach::Session).map(|tag| tag.key).collect();
        assert_eq!(near, ["purpose"]);
        assert_eq!(tagged("/home/ada/it's (mine)")[0].value, "/home/ada/it_s _mine_");
        assert_eq!(tagged("git@example.com:clinic/x")[0].value, "git@example.com:clinic/x");
    }

    #[test]
    fn nothing_is_sent_unless_it_is_asked_for() {
        let run = "0199f0c2-5c3e-7a6b-8d1e-1f2a3b4c5d6e".parse().unwrap();
        let none = tags(&fixture::environment(), (&run, None), Purpose::Read);
        assert_eq!(as_sent(&none), (None, None));
    }

    proptest! {
        #[test]
        fn any_repository_makes_a_legal_value(repository in ".{0,400}") {
            let value = tagged(&repository)[0].value.clone();
            prop_assert!(value.chars().count() <= LONGEST_VALUE);
            prop_assert!(value.chars().all(|c| c.is_alphanumeric() || c == ' ' || SIGNS.contains(c)));
        }
    }
}
