//! Where servers are known not to do as AWS does. The one place to change when one of them is mended.

use super::{
    Found,
    ground::Server::{self, Ministack, Moto},
};

/// What `server` does instead, in the words of the check.
#[derive(Debug)]
pub(super) struct Known {
    server: Server,
    pub(super) check: &'static str,
    does: &'static str,
}

const fn known(server: Server, check: &'static str, does: &'static str) -> Known {
    Known { server, check, does }
}

pub(super) const KNOWN: &[Known] = &[
    known(Moto, "a_bucket_of_another_owner_is_refused", "HeadObject: accepted"),
    // it knows nobody's images but those of the account that asks, whichever registry is named
    known(Moto, "a_first_party_image_is_found_in_its_own_account", "image: NoRepository"),
    known(Moto, "a_group_keeps_its_retention", "AssociateKmsKey: NoCode"),
    known(Moto, "a_job_is_made_once", "made at the same time: false"),
    known(Moto, "a_job_of_too_long_a_time_is_refused", "CreateProcessingJob: accepted"),
    known(
        Moto,
        "a_line_too_old_is_counted",
        "too old: (1, Rejected { too_old: 1, expired: 0, too_new: 0 })",
    ),
    known(Moto, "a_parameter_that_is_not_there_is_refused", "StartPipelineExecution: accepted"),
    known(Moto, "a_pipeline_is_made_changed_and_removed", "DeletePipeline: ValidationException"),
    known(Moto, "a_reading_session_cannot_write", "DeleteTopic: accepted"),
    known(Moto, "a_retention_of_thirteen_days_is_refused", "PutRetentionPolicy: accepted"),
    known(Moto, "a_sixth_target_fails", "PutTargets: accepted"),
    known(Moto, "a_topic_with_other_tags_is_refused", "CreateTopic: accepted"),
    known(Moto, "a_version_has_the_code_it_was_asked_for", "PublishVersion: accepted"),
    known(Moto, "a_wrong_external_id_is_refused", "AssumeRole: accepted"),
    known(
        Moto,
        "an_address_must_be_confirmed",
        "subscriptions: [(\"mlops@clinic.example.net\", Confirmed)]",
    ),
    known(Moto, "an_execution_has_steps", "ListPipelineExecutionSteps: NoCode"),
    known(Moto, "an_image_is_not_for_everybody_to_look_at", "BatchGetImage: accepted"),
    known(Moto, "an_image_is_of_its_own_registry", "image: There"),
    known(Moto, "an_impossible_minute_is_refused", "PutRule: accepted"),
    known(Moto, "one_token_is_one_execution", "the same execution: false"),
    known(Ministack, "a_batch_out_of_order_is_refused", "PutLogEvents: accepted"),
    known(Ministack, "a_bucket_of_another_owner_is_refused", "HeadObject: accepted"),
    known(Ministack, "a_first_party_image_is_found_in_its_own_account", "image: NoRepository"),
    known(
        Ministack,
        "a_function_is_made_changed_and_removed",
        "CreateFunction: AccessDeniedException",
    ),
    known(Ministack, "a_function_is_made_once", "CreateFunction: AccessDeniedException"),
    known(Ministack, "a_group_keeps_its_retention", "AssociateKmsKey: InvalidOperationException"),
    known(Ministack, "a_group_that_is_not_there_has_no_packages", "ListModelPackages: NoCode"),
    known(Ministack, "a_job_is_made_once", "CreateProcessingJob: NoCode"),
    known(Ministack, "a_job_keeps_its_tags", "CreateProcessingJob: NoCode"),
    known(Ministack, "a_job_may_be_stopped_at_any_time", "CreateProcessingJob: NoCode"),
    known(Ministack, "a_job_of_too_long_a_time_is_refused", "class: Unavailable"),
    known(Ministack, "a_job_that_is_not_there_is_none", "DescribeProcessingJob: NoCode"),
    known(
        Ministack,
        "a_line_too_old_is_counted",
        "too old: (2, Rejected { too_old: 0, expired: 0, too_new: 0 })",
    ),
    known(Ministack, "a_parameter_that_is_not_there_is_refused", "DescribePipeline: NoCode"),
    known(Ministack, "a_pipeline_is_made_changed_and_removed", "DescribePipeline: NoCode"),
    known(Ministack, "a_plan_is_the_apply", "DescribePipeline: NoCode"),
    known(Ministack, "a_rule_comes_back_as_it_was_put", "PutTargets: AccessDeniedException"),
    known(Ministack, "a_rule_with_targets_stays", "PutTargets: AccessDeniedException"),
    known(Ministack, "a_sixth_target_fails", "PutTargets: Denied"),
    known(Ministack, "a_topic_with_other_tags_is_refused", "CreateTopic: accepted"),
    known(
        Ministack,
        "a_version_has_the_code_it_was_asked_for",
        "CreateFunction: AccessDeniedException",
    ),
    known(
        Ministack,
        "an_address_must_be_confirmed",
        "subscriptions: [(\"mlops@clinic.example.net\", Confirmed)]",
    ),
    known(Ministack, "an_execution_has_steps", "DescribePipeline: NoCode"),
    known(Ministack, "an_image_is_of_its_own_registry", "image: There"),
    known(Ministack, "an_impossible_minute_is_refused", "PutRule: accepted"),
    known(Ministack, "environments_are_apart", "DescribePipeline: NoCode"),
    known(Ministack, "lost_answers_are_made_good", "DescribePipeline: NoCode"),
    known(Ministack, "one_token_is_one_execution", "DescribePipeline: NoCode"),
    known(Ministack, "what_was_changed_by_hand_is_seen", "DescribePipeline: NoCode"),
];

/// The server does as AWS does, or what it is known to do instead.
pub(super) fn compare(server: Server, check: &str, found: Found) {
    let known = KNOWN.iter().find(|known| known.server == server && known.check == check);
    match (found, known) {
        (Ok(()), None) => {}
        (Err(other), Some(known)) => assert_eq!(other.0, known.does, "{server:?}, {check}"),
        (Ok(()), Some(known)) => panic!("{server:?} is mended: take {known:?} out of KNOWN"),
        (Err(other), None) => panic!("{server:?}, {check}: {}", other.0),
    }
}
