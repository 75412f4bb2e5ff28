//! The built-in stages: one file each, all of the same shape: read what earlier stages left, act through an assumed
//! session, leave an output and evidence. Each may run again after a crash and then finds its own traces.

mod approve;
mod arrival;
mod assume_role;
mod failure;
mod deploy;
mod gate;
mod job;
mod leave;
mod lend;
mod memory;
pub mod outputs;
mod plan;
mod train_test;
mod validate;
mod work;

pub use approve::{expired, rejected};
pub use work::{Clouds, Door};

use super::{Done, Loan, Perform, StageContext};
use crate::{
    flow::Failure,
    plan::Part,
    project::Project,
    spec::{Action, BuiltIn, Command, JobMachine, Lent},
};
use futures_util::future::BoxFuture;
use memory::Memory;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use work::Work;

/// Performs the built-in stages of one project.
#[derive(Clone)]
pub struct BuiltIns {
    project: Arc<Project>,
    clouds: Arc<dyn Clouds>,
    memory: Arc<Memory>,
}

impl BuiltIns {
    /// The built-in stages for runs of `project`, acting through `clouds`.
    pub fn new(project: Arc<Project>, clouds: Arc<dyn Clouds>) -> Self {
        Self { project, clouds, memory: Arc::default() }
    }

    fn work<'a>(&'a self, context: &'a StageContext) -> Work<'a> {
        let Self { project, clouds, memory } = self;
        Work { project, clouds: clouds.as_ref(), memory, context }
    }

    async fn dispatch(&self, built_in: &BuiltIn, context: &StageContext) -> Result<Done, Failure> {
        let work = self.work(context);
        match built_in {
            BuiltIn::Validate => kept(validate::validate(&work).await?),
            BuiltIn::TrainTest(_) => kept(train_test::train_test(&work).await?),
            BuiltIn::Gate(policy) => kept(gate::gate(&work, policy).await?),
            BuiltIn::AssumeRole => kept(assume_role::assume_role(&work).await?),
            BuiltIn::Plan => kept(plan::plan(&work).await?),
            BuiltIn::Approve => approve::approve(&work).await,
            BuiltIn::DeployPipelines => kept(deploy::deploy(&work, Part::Pipelines).await?),
            BuiltIn::ScheduleRules => kept(deploy::deploy(&work, Part::Schedule).await?),
        }
    }
}

impl Perform for BuiltIns {
    fn perform<'a>(
        &'a self,
        built_in: &'a BuiltIn,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Done, Failure>> {
        Box::pin(self.dispatch(built_in, context))
    }

    fn run_job<'a>(
        &'a self,
        work: (&'a JobMachine, &'a Command),
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(async move { job::run(&self.work(context), work).await })
    }

    fn call_off<'a>(
        &'a self,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        Box::pin(async move {
            let work = self.work(context);
            match &context.stage.action {
                Action::Run(_) => job::call_off(&work).await,
                Action::Uses(_) => train_test::call_off(&work).await,
            }
        })
    }

    fn lend<'a>(
        &'a self,
        lent: Lent,
        context: &'a StageContext,
    ) -> BoxFuture<'a, Result<Loan, Failure>> {
        Box::pin(async move { lend::lend(&self.work(context), lent).await })
    }
}

fn kept(output: impl Serialize) -> Result<Done, Failure> {
    let value = serde_json::to_value(output).map_err(failure::agent("keep the stage's output"));
    value.map(Done::Left)
}
