//! What others are told about a run, made from its events: commit statuses, check runs with annotations, the plan as a
//! comment, deployments, alerts.
