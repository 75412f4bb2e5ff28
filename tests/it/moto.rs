//! The agent itself, in three accounts of a server that others wrote: what it does, what boto3 and the AWS CLI say of
//! it, and that nobody else's things are touched.
//!
//! moto executes no pipelines and tells no steps of them, so a promotion ends in `train-test` there; what follows it is
//! deployed by a saved plan. It knows model packages of the asking account only.

mod accounts;
mod approval;
mod promotion;
