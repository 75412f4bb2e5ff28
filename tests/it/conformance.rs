//! The adapters and whole deployments, held against the rehearsal and against servers that others wrote.
//!
//! Every check is written once and runs on each server. Where a server is known to do something else, `known.rs` names
//! what, and that is what it must do: a server that has been mended is noticed.

mod deployments;
mod functions;
mod images;
mod jobs;
mod ground;
mod known;
mod logs;
mod objects;
mod pipelines;
mod roles;
mod rules;
mod topics;

use ground::{Ground, Server};
use relevo::aws::CloudError;
use std::fmt::Debug;

/// How a check ended.
type Found = Result<(), Otherwise>;

/// What a server does otherwise than AWS, in words that are the same each time.
#[derive(Debug)]
struct Otherwise(String);

impl From<CloudError> for Otherwise {
    fn from(error: CloudError) -> Self {
        Self(format!("{}: {}", error.operation, error.code))
    }
}

fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> Found {
    if found == wanted { Ok(()) } else { Err(Otherwise(format!("{what}: {found:?}"))) }
}

/// The operation and code of a call that AWS refuses.
fn refused<T>(what: &str, answer: Result<T, CloudError>) -> Result<CloudError, Otherwise> {
    answer.err().ok_or_else(|| Otherwise(format!("{what}: accepted")))
}

async fn judge<F: Future<Output = Found>>(
    server: Server,
    check: &str,
    run: impl FnOnce(Ground) -> F,
) {
    let Some(ground) = Ground::on(server).await else { return };
    let found = Box::pin(run(ground)).await;
    known::compare(server, check, found);
}

macro_rules! checks {
    ($($subject:ident: $($check:ident),+;)+) => { $($(
        mod $check {
            use super::{ground::Server, judge, $subject::$check};

            #[tokio::test]
            async fn rehearsal() {
                judge(Server::Rehearsal, stringify!($check), $check).await;
            }

            #[tokio::test]
            async fn moto() {
                judge(Server::Moto, stringify!($check), $check).await;
            }

            #[tokio::test]
            async fn ministack() {
                judge(Server::Ministack, stringify!($check), $check).await;
            }
        }
    )+)+

        const CHECKS: &[&str] = &[$($(stringify!($check)),+),+];
    };
}

checks! {
    roles: a_role_leads_to_its_account, a_wrong_external_id_is_refused, a_role_of_another_account_gives_no_session,
        a_reading_session_cannot_write;
    objects: an_object_is_stored_once, an_object_too_large_is_not_read, a_bucket_of_another_owner_is_refused;
    functions: a_function_is_made_changed_and_removed, a_version_has_the_code_it_was_asked_for,
        a_function_is_made_once;
    topics: a_topic_keeps_its_key_and_policy, an_address_must_be_confirmed, a_topic_with_other_tags_is_refused;
    rules: a_rule_comes_back_as_it_was_put, a_rule_with_targets_stays, a_sixth_target_fails,
        an_impossible_minute_is_refused;
    pipelines: a_pipeline_is_made_changed_and_removed, one_token_is_one_execution, an_execution_has_steps,
        a_parameter_that_is_not_there_is_refused, a_group_that_is_not_there_has_no_packages;
    jobs: a_job_is_made_once, a_job_that_is_not_there_is_none, a_job_keeps_its_tags,
        a_job_may_be_stopped_at_any_time, a_job_of_too_long_a_time_is_refused;
    images: an_image_is_found_by_its_tag, an_image_is_of_its_own_registry, a_first_party_image_is_found_in_its_own_account,
        a_missing_tag_is_told_from_a_missing_repository, an_image_is_not_for_everybody_to_look_at;
    logs: lines_come_back_in_order, a_group_keeps_its_retention, a_retention_of_thirteen_days_is_refused,
        a_line_too_old_is_counted, a_batch_out_of_order_is_refused;
    deployments: a_plan_is_the_apply, what_was_changed_by_hand_is_seen, environments_are_apart,
        lost_answers_are_made_good;
}

#[test]
fn what_is_known_is_about_a_check() {
    for known in known::KNOWN {
        assert!(CHECKS.contains(&known.check), "{} is no check", known.check);
    }
}
