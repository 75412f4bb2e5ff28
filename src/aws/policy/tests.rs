//! What a session may do agrees with what is asked of IAM before it is used.

use super::*;
use crate::{plan::fixture, preflight::permissions};

/// Who is told that all is well must not be refused in the middle of a deployment.
#[test]
fn every_action_of_a_deployment_is_among_the_permissions_that_are_looked_at() {
    let looked_at: BTreeSet<String> = permissions(&fixture::environment())
        .into_iter()
        .flat_map(|permission| permission.actions)
        .collect();
    let deploying = [
        SHIP_LOGS,
        SET_UP_LOGS,
        STORE_OBJECTS,
        WRITE_PIPELINES,
        EXECUTE_PIPELINES,
        PASS_ROLES,
        WRITE_FUNCTIONS,
        WRITE_RULES,
        WRITE_TOPICS,
        RUN_JOBS,
        READ_JOB_LOGS,
        EXCHANGE_OBJECTS,
    ];
    for action in deploying.concat() {
        assert!(looked_at.contains(action), "{action}");
    }
}
