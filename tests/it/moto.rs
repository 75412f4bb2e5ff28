//! The agent itself, in three accounts of a server that others wrote: what it does, what boto3 and the AWS CLI say of
//! it, and that nobody else's things are touched.
//!
//! The server is moto as it comes. It executes no pipelines: whatever is started has succeeded at once, nothing is left
//! behind, and it lists no steps. So a promotion without more is refused at the gate, for there is nothing to judge,
//! and this is checked. For one that comes to its end, the test plays SageMaker's part ([`training`]) in a proxy before
//! the server: it is the one place where something can happen after an execution is started and before anybody looks
//! at it, without a wait and without a change to the server. The steps are answered there too, for what a version is
//! called is told by them alone.
//!
//! moto knows model packages of the asking account only: people approve in the registry's account, and prod's schedule
//! stays disabled, for prod cannot see the version.

mod accounts;
mod approval;
mod promotion;
mod training;
